"""What holds for every test."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile(
    "shared-machine", deadline=None
)  # machines are shared: how long one example takes says nothing
settings.load_profile("shared-machine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: half as many again as there are cores, for a fault's short form mostly waits for other processes.

    The long forms keep those processes busy and measure times; they get a core each.
    """
    cores = os.cpu_count() or 1
    return cores + (cores + 1) // 2 if "not full" in str(config.getoption("markexpr")) else cores


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: that garbage is looked for in it again and again costs a sixth of the
    suite's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _claude_in_this_process() -> Iterator[None]:
    """Services that a test makes itself talk to Claude without a child process, whose start would cost every test a second or
    more. Installed programs have theirs, and tests/clients/claude/test_child.py is about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("devtrail_tui.services.clients.ClaudeProcess", lambda _clock: None)
        yield
