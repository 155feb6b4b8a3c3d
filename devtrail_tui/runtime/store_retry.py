"""Waits out a store that cannot write for now: a full disk, a disk in trouble, a lock that another program keeps."""

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
"""How long a write that found no room waits before it is tried again."""
PASSES = (DatabaseBusy, DatabaseFull)
"""What time, or a person who makes room, can mend; what was not written then is still in memory and is not given up."""


class StoreRetry:
    """Repeats writes until they are stored, and says what they wait for.

    A job that met a full disk stands still where it is: an answer that was paid for stays in memory until it is stored, and
    the job goes on when there is room. Cancelling ends the wait. Shared by the loops of all jobs of a worker.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[object, str] = {}

    @property
    def sentence(self) -> str:
        """What is waited for now; empty when nothing waits. From any thread."""
        with self._lock:
            return next(iter(self._waiting.values()), "")

    async def write(self, attempt: Callable[[], Future[T]]) -> T:
        """The result of `attempt`, made again until it is stored. Raises whatever time does not mend."""
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
