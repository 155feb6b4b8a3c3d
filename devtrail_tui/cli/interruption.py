"""Ctrl+C, SIGTERM and a closed terminal as a request to stop in good order."""

from __future__ import annotations

import os
import signal
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any

from devtrail_tui.cli.output import narrate

INTERRUPTED = 130
"""The exit code of a command that was interrupted (128 + SIGINT, whatever the signal was)."""

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
