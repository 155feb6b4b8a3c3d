"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile(
    "shared-machine", deadline=None
)  # machines are shared: how long one example takes says nothing
settings.load_profile("shared-machine")
