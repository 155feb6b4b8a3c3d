"""The large world of `demo --scale`, made once for all tests of a process: 30,000 pull requests take seconds."""

from __future__ import annotations

import functools

import pytest

from devtrail_tui.demo import Scale, World, build_world
from tests.demo.conftest import TODAY

ONE_PROCESS = pytest.mark.xdist_group("large-world")
"""For every test that asks for it."""


@functools.cache
def large_world() -> World:
    """Not to be changed by who uses it."""
    return build_world(TODAY, scale=Scale.large())
