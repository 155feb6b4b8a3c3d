"""Paths as people type them."""

from __future__ import annotations

import os
from pathlib import Path

from devtrail_tui.core.errors import UsageError


def typed_path(text: str | os.PathLike[str]) -> Path:
    """The path with its `~` replaced. Raises UsageError for a person without a home folder."""
    path = os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser raises an error without a sentence
    if path.startswith("~"):
        raise UsageError(f"{path.partition('/')[0]} has no home folder; write the whole path, or set HOME.")
    return Path(path)
