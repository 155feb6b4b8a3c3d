"""What the app owes the terminal, where it can be tried without one; the rest is tried in a real one (acceptance)."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from devtrail_tui.tui.terminal import RESTORE, ClosableOutput, posix_driver, terminal_restored


class Dead(io.StringIO):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


def test_a_closed_terminal_is_told_once_and_swallows_the_rest() -> None:
    told: list[bool] = []
    file = ClosableOutput(Dead(), lambda: told.append(True))
    for _ in range(3):
        assert file.write("frame") == 5
        file.flush()
    assert told == [True]


def test_an_open_terminal_gets_everything() -> None:
    under = io.StringIO()
    told: list[bool] = []
    file = ClosableOutput(under, lambda: told.append(True))
    file.write("frame")
    file.flush()
    assert under.getvalue() == "frame"
    assert told == []


def test_the_driver_is_textuals_own() -> None:
    from textual.drivers.linux_driver import LinuxDriver

    assert issubclass(posix_driver(lambda: None), LinuxDriver)


def test_restoring_without_a_terminal_does_nothing() -> None:
    with terminal_restored() as restore:
        restore()


def test_what_is_restored_covers_what_textual_switches_on() -> None:
    from textual.drivers import linux_driver

    source = Path(linux_driver.__file__).read_text()
    for mode in ("1000", "1003", "1015", "1006", "2004", "2048", "1004", "1049"):
        assert f"\\x1b[?{mode}h" in source, f"Textual does not use mode {mode} any more"
        assert f"\x1b[?{mode}l" in RESTORE


@pytest.mark.usefixtures("processes")
def test_a_program_that_does_not_end_is_ended_by_force_with_its_code() -> None:
    code = (
        "import threading\n"
        "from devtrail_tui.tui.terminal import end_at_the_latest\n"
        "end_at_the_latest(0.05, lambda: print('restored', flush=True), 3)\n"
        "threading.Event().wait(30)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 3
    assert done.stdout == "restored\n"
