"""Retries writes while the store cannot write: a full disk, a disk error, a lock held by another program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull
from devtrail_tui.store.database import await_commit

T = TypeVar("T")

AGAIN_S = 2.0
"""The delay before a failed write is tried again."""
PASSES = (DatabaseBusy, DatabaseFull)
"""Errors worth retrying; the unwritten data is still in memory."""


class StoreRetry:
    """Repeats writes until they are stored, and says what they wait for.

    A job whose write fails waits: a paid answer stays in memory until it is stored, and the job continues when there is space.
    Cancelling ends the wait. Shared by the loops of all jobs of a worker.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[object, str] = {}

    @property
    def sentence(self) -> str:
        """What is waited for now; empty if nothing waits. Thread-safe."""
        with self._lock:
            return next(iter(self._waiting.values()), "")

    async def write(self, attempt: Callable[[], Future[T]]) -> T:
        """The result of `attempt`, repeated until it is stored. Raises all other errors."""
        token = object()
        try:
            while True:
                try:
                    return await await_commit(attempt())
                except PASSES as error:
                    with self._lock:
                        self._waiting[token] = str(error)
                await self._clock.sleep(AGAIN_S)
        finally:
            with self._lock:
                self._waiting.pop(token, None)
