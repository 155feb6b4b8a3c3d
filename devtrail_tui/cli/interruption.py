"""Ctrl+C, SIGTERM and a closed terminal as a request to stop, and a forced end where that takes too long."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any

from devtrail_tui.cli.output import narrate

INTERRUPTED = 130
"""The exit code of a command that was interrupted (128 + SIGINT, whatever the signal was)."""

FORCED_END_S = 1.95
"""After a signal, the time until a command that is still running is ended by force; with it a stop takes under two seconds."""
_FORCED = b"devtrail-tui: ended by force because it did not stop in time. Nothing that was saved is lost.\n"
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class WakeUp:
    """Wakes the main thread; may be set from any thread and from a signal handler (SimpleQueue.put is reentrant)."""

    def __init__(self) -> None:
        self._signals: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """End the wait of the main thread."""
        self._signals.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until `set` is called, at most `seconds`; calls that came together count as one."""
        try:
            self._signals.get(timeout=seconds)
            while True:
                self._signals.get_nowait()
        except Empty:
            return


class Interruption:
    """While its block runs, the first signal only sets `requested`; a second Ctrl+C ends the process at once.

    A signal that was ignored when the process started (`nohup`, a shell's background job) stays ignored.
    """

    def __init__(self, wake_up: WakeUp) -> None:
        self._wake_up = wake_up
        self._old_handlers: dict[signal.Signals, Any] = {}
        self.requested = False

    def __enter__(self) -> Interruption:
        for number in _SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._old_handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            # The lease gives the job back; every commit is whole, so ending here loses nothing that was saved.
            os._exit(INTERRUPTED)
        self.requested = True
        self._wake_up.set()

    def say_stopping(self) -> None:
        """Confirm the stop."""
        narrate("Stopping. Press Ctrl+C again to end at once.")


def watch_signals() -> None:
    """From here on, end the process by force where it still runs two seconds after a signal asked it to end.

    Python runs signal handlers between two instructions of the main thread, and a call into SQLite may wait for a lock for many
    seconds; the wake-up descriptor gets a signal at once. The app resets the descriptor, because it has a forced end of its
    own. Only for the owner of the process: not to be called in tests.
    """
    if sys.platform == "win32":
        return
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    threading.Thread(target=_end_by_force, args=(read_end,), name="forced-end", daemon=True).start()


def _end_by_force(read_end: int) -> None:
    while os.read(read_end, 1)[0] not in _SIGNALS:
        continue
    threading.Event().wait(FORCED_END_S)
    if select.select([], [2], [], 0)[1]:  # stderr may have no reader
        os.write(2, _FORCED)
    os._exit(INTERRUPTED)
