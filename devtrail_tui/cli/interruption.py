"""Ctrl+C, SIGTERM and a closed terminal as a request to stop in good order, and the last resort where that fails."""

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

LAST_RESORT_S = 1.95
"""When a command that still has not ended is ended by force (design: over in two seconds)."""
_FORCED = b"devtrail-tui: ended by force, for it did not end in time. Nothing that was saved is lost.\n"
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Bell:
    """Wakes the main thread; may be rung from any thread and from a signal handler (SimpleQueue.put is reentrant)."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._rings.put(None)

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most `seconds`; rings that came together count as one."""
        try:
            self._rings.get(timeout=seconds)
            while True:
                self._rings.get_nowait()
        except Empty:
            return


class Interruption:
    """While its block runs, a first signal only sets `requested`; a second Ctrl+C ends the process at once.

    A signal that was ignored when the process started (`nohup`, a shell's background job) stays ignored.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._before: dict[signal.Signals, Any] = {}
        self.requested = False

    def __enter__(self) -> Interruption:
        for each in _SIGNALS:
            if signal.getsignal(each) != signal.SIG_IGN:
                self._before[each] = signal.signal(each, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            # The lease gives the job back; every commit is whole, so ending here loses nothing that was saved.
            os._exit(INTERRUPTED)
        self.requested = True
        self._bell.ring()

    def say_stopping(self) -> None:
        """Tell the person that the stop was understood."""
        narrate("Stopping. Press Ctrl+C again to end at once.")


def watch_signals() -> None:
    """From here on a process that a signal asked to end is ended by force where it is still here two seconds later.

    Python runs signal handlers between two instructions of the main thread, and a call into SQLite may wait for a lock for many
    seconds; the wake-up descriptor hears of a signal at once. The app takes the descriptor away again, for it has a last resort
    of its own. For whoever owns the process: not to be called in tests.
    """
    if sys.platform == "win32":
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_end_by_force, args=(heard,), name="last-resort", daemon=True).start()


def _end_by_force(heard: int) -> None:
    while os.read(heard, 1)[0] not in _SIGNALS:
        continue
    threading.Event().wait(LAST_RESORT_S)
    if select.select([], [2], [], 0)[1]:  # nobody may be reading
        os.write(2, _FORCED)
    os._exit(INTERRUPTED)
