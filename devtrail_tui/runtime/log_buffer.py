"""Buffers log lines between a job's thread and the store, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from devtrail_tui.store.job_log import Line

T = TypeVar("T")


class LogBuffer:
    """Pending lines. Any thread may add and write them; it needs no event loop, so a blocked loop delays nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._last: Future[Any] | None = None

    def __bool__(self) -> bool:
        """Whether a line is pending."""
        return bool(self._lines)

    def add(self, line: Line) -> None:
        """Add a line."""
        with self._lock:
            self._lines.append(line)

    def write(self, store: Callable[[Sequence[Line]], Future[T]]) -> Future[T]:
        """Pass all pending lines to `store` after the previous write; if it fails they come first in the next write. The future
        mirrors that of `store` and cannot be cancelled."""
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
        except Exception as error:  # noqa: BLE001 - passed to the caller
            stored = Future()
            stored.set_exception(error)
        stored.add_done_callback(end)
