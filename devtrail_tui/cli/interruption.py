"""Handles Ctrl+C, SIGTERM and a closed terminal as a stop request, with a forced end as time limit."""

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
"""The exit code of an interrupted command (128 + SIGINT, for any signal)."""

FORCED_END_S = 1.95
"""Seconds from a signal to the forced end of a command; a stop takes less than two seconds in total."""
_FORCED = b"devtrail-tui: ended by force because it did not stop in time. Nothing that was saved is lost.\n"
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class WakeUp:
    """Wakes the main thread, from any thread or a signal handler (SimpleQueue.put is reentrant)."""

    def __init__(self) -> None:
        self._signals: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Wake the main thread."""
        self._signals.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until `set` is called, at most `seconds`; pending calls count as one."""
        try:
            self._signals.get(timeout=seconds)
            while True:
                self._signals.get_nowait()
        except Empty:
            return


class Interruption:
    """A context in which the first signal sets `requested`; a second Ctrl+C ends the process at once.

    A signal that was ignored at process start (`nohup`, a background job of a shell) stays ignored.
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
            # The lease returns the job to the queue and commits are atomic, so ending here loses no saved data.
            os._exit(INTERRUPTED)
        self.requested = True
        self._wake_up.set()

    def say_stopping(self) -> None:
        """Confirm the stop."""
        narrate("Stopping. Press Ctrl+C again to end at once.")


def watch_signals() -> None:
    """Install the forced end: the process is killed if it still runs two seconds after a termination signal.

    Python runs signal handlers between two instructions of the main thread, and a call into SQLite may wait for a lock for many
    seconds; the wake-up descriptor receives a signal at once. The app resets the descriptor, because it has its own forced end.
    Only the process's entry point calls this, not tests.
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
    if select.select([], [2], [], 0)[1]:  # writing must not block
        os.write(2, _FORCED)
    os._exit(INTERRUPTED)
