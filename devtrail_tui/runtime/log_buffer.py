"""Log lines on their way from a job's thread into the store, in the order they were logged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from devtrail_tui.store.job_log import Line

T = TypeVar("T")


class LogBuffer:
    """Lines that wait to be stored. Any thread may add lines and write them; nothing here waits for an event loop, so that a loop
    that is blocked holds nobody up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._last: Future[Any] | None = None

    def __bool__(self) -> bool:
        """Whether a line waits."""
        return bool(self._lines)

    def add(self, line: Line) -> None:
        """One more line."""
        with self._lock:
            self._lines.append(line)

    def write(self, store: Callable[[Sequence[Line]], Future[T]]) -> Future[T]:
        """Hand all lines that wait to `store` once the write before this one is over; where it fails they come first in the next.
        The future is as that of `store`, and cannot be cancelled."""
        written: Future[T] = Future()
        written.set_running_or_notify_cancel()
        with self._lock:
            earlier_write, self._last = self._last, written
        if earlier_write is None:
            self._begin(store, written)
        else:
            earlier_write.add_done_callback(lambda _: self._begin(store, written))
        return written

    def _begin(self, store: Callable[[Sequence[Line]], Future[T]], result: Future[T]) -> None:
        with self._lock:
            lines, self._lines = self._lines, []

        def end(stored: Future[T]) -> None:
            error = stored.exception()
            if error is None:
                result.set_result(stored.result())
            else:
                with self._lock:
                    self._lines[:0] = lines
                result.set_exception(error)

        try:
            stored = store(lines)
        except Exception as error:  # noqa: BLE001 - handed to the one who asked, whatever it is
            stored = Future()
            stored.set_exception(error)
        stored.add_done_callback(end)
