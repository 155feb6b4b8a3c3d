"""Restores the terminal on signals, on a closed terminal, and within two seconds.

Textual does not restore the terminal on SIGTERM and SIGHUP, and its output thread ends at the first failed write, after which
later writes block for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

from devtrail_tui.tui import textual_hooks

if TYPE_CHECKING:
    from textual.driver import Driver

_ENDING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))
RESTORE = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"  # mouse reports off
    "\x1b[?2004l\x1b[?2048l\x1b[?1004l\x1b[<u"  # bracketed paste, resize and focus reports, keyboard protocol off
    "\x1b[?7h\x1b[?1049l\x1b[?25h"  # line wrap on, main screen back, cursor shown
)


class EarlySignals:
    """Catches signals during start-up, when the app may own the terminal but its loop cannot take signals yet.

    `received`: a signal came. `caught` is called at once, in the main thread between two of its instructions.
    """

    def __init__(self, caught: Callable[[], None]) -> None:
        self._caught = caught
        self.received = False

    def catch(self) -> None:
        """Catch signals until `catch_signals` takes over. Does nothing where signals cannot be caught."""
        with contextlib.suppress(ValueError):  # not the main thread
            signal.set_wakeup_fd(-1)  # the command line's handler does not restore the terminal
            for number in _ENDING_SIGNALS:
                signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if not self.received:
            self.received = True
            self._caught()


def catch_signals(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` on the loop for each termination signal. Does nothing where signals cannot be caught."""
    for number in _ENDING_SIGNALS:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows; not the main thread
            loop.add_signal_handler(number, end)


def terminal_is_gone() -> bool:
    """Whether the terminal was closed without a signal."""
    if sys.platform == "win32" or sys.__stdin__ is None:
        return False
    try:
        poller = select.poll()
        poller.register(sys.__stdin__.fileno(), 0)
        return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poller.poll(0))
    except (OSError, ValueError):
        return True


class ClosableOutput:
    """A file that may be closed at any time: the first failed write is reported, later ones are ignored."""

    def __init__(self, file: IO[str], gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone
        self._closed = False

    def write(self, text: str) -> int:
        self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _try(self, action: Callable[[], object]) -> None:
        if self._closed:
            return
        try:
            action()
        except (OSError, ValueError):
            self._closed = True
            self._gone()


def posix_driver(gone: Callable[[], None]) -> type[Driver]:
    """Textual's driver; reports a closed terminal to `gone` (from any thread) instead of failing."""
    return textual_hooks.posix_driver(lambda file: ClosableOutput(file, gone), gone)


@contextlib.contextmanager
def terminal_restored() -> Iterator[Callable[[], None]]:
    """Save the terminal's modes; yields a function that restores them without the app."""
    attributes: Any = None
    descriptor = -1
    if sys.platform != "win32" and sys.__stdin__ is not None:
        import termios

        with contextlib.suppress(termios.error, OSError, ValueError):
            descriptor = sys.__stdin__.fileno()
            attributes = termios.tcgetattr(descriptor)

    def restore() -> None:
        if attributes is None:
            return
        import termios

        with contextlib.suppress(termios.error, OSError):
            os.write(2, RESTORE.encode())
            termios.tcsetattr(descriptor, termios.TCSANOW, attributes)

    yield restore


def end_at_the_latest(after_s: float, restore: Callable[[], None], exit_code: int) -> None:
    """End the program by force after `after_s` seconds, with the terminal restored; its jobs' leases then expire."""

    def force() -> None:
        restore()
        os._exit(exit_code)

    timer = threading.Timer(after_s, force)
    timer.daemon = True
    timer.start()
