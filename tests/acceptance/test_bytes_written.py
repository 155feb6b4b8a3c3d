"""What the app writes to the terminal: nothing while nothing shown changes, and little when little does."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping

import pytest

from devtrail_tui.demo.world import World
from tests.acceptance.terminal import Terminal
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.program import PROGRAM

Open = Callable[..., Terminal]
SIZES = [(80, 24), *(pytest.param(*size, marks=pytest.mark.full) for size in ((120, 40), (200, 50)))]
CURSOR, PANE, SYNC_A_SECOND = 1_000, 8_000, 5_000
IDLE_S = 3.0
"""Seconds in which nothing may be written; the worker's heartbeat comes every ten."""
QUIET_S = 0.5
"""After so long without output the screen is taken to show everything."""


@pytest.fixture(scope="module")
def world() -> World:
    return small_world([Written(f"Retry with backoff, part {number}") for number in range(30)])


@pytest.fixture
def synced(environ: Mapping[str, str], server: FaultyServer) -> None:
    """Two finished jobs and thirty entries."""
    for flag in ("--no-analyse", "--dry-run"):
        done = subprocess.run(
            [PROGRAM, "sync", "acme/shop", flag, "--json"], env=environ, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


def written_in(terminal: Terminal, seconds: float) -> int:
    """Bytes that the program writes within so many seconds."""
    before, end = len(terminal.written), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        terminal.read(left)
    return len(terminal.written) - before


def settle(terminal: Terminal, quiet_s: float = QUIET_S) -> None:
    """Read until nothing was written for a while."""
    for _ in range(100):
        if not written_in(terminal, quiet_s):
            return
    raise AssertionError("the app never stops writing")


def assert_idle(terminal: Terminal) -> None:
    """Nothing is written while the screen says the same; the age of a job may change once."""
    for _ in range(3):
        before = terminal.text
        written = written_in(terminal, IDLE_S)
        if terminal.text == before:
            assert written == 0
            return
    raise AssertionError(f"the idle screen goes on changing:\n{terminal.text}")


def written_for(terminal: Terminal, keys: str) -> int:
    """Bytes that follow on a key."""
    before = len(terminal.written)
    terminal.type(keys)
    terminal.wait_until(lambda _: len(terminal.written) > before, "an answer to the key", look_every_s=0.01)
    settle(terminal)
    return len(terminal.written) - before


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_idle_cursor_and_another_item(columns: int, lines: int, open_terminal: Open) -> None:
    terminal = open_terminal(columns=columns, lines=lines)
    terminal.wait_for("worker ● idle")
    terminal.wait_for("▸  2")
    settle(terminal)
    assert_idle(terminal)
    assert written_for(terminal, "j") <= PANE
    assert written_for(terminal, "k") <= PANE
    terminal.type("2")
    terminal.wait_for("Evidence · all 30")
    settle(terminal)
    assert_idle(terminal)
    for key in "jjk":
        assert written_for(terminal, key) <= CURSOR


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_a_sync(columns: int, lines: int, open_terminal: Open, environ: Mapping[str, str]) -> None:
    subprocess.run([PROGRAM, "sync", "acme/shop", "--no-wait"], env=environ, capture_output=True, check=True)
    terminal = open_terminal(columns=columns, lines=lines)
    terminal.wait_for("running")
    began, before = time.monotonic(), len(terminal.written)
    terminal.wait_for("✓ done", seconds=60)
    assert len(terminal.written) - before <= SYNC_A_SECOND * max(time.monotonic() - began, 1)
