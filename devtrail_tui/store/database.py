"""The database interface of the stores, independent of the engine. `sqlite` is the one implementation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Database(Protocol):
    """Reads from any thread, writes through one queue. All methods are thread-safe.

    All raise DatabaseUnusable if the database is not open, missing or damaged, and DatabaseBusy if another program holds its lock
    for too long, each with a sentence that says what to do.
    """

    def open(self) -> None:
        """Check the database, create it if missing, migrate its schema; idempotent."""
        ...

    def close(self) -> None:
        """Run the queued writes, then release everything; idempotent. Later reads and writes fail."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """A read transaction with a consistent view, ended with the block."""
        ...

    def write(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue `work` for the next write transaction; the future completes when it is committed or has failed.

        Work runs in call order, may share a transaction with other work, and must be repeatable and fast (no network, no
        waiting). The future raises the error of `work`, DatabaseUnusable, DatabaseFull or DatabaseBusy.
        """
        ...

    def version(self) -> int:
        """A number that changes with every commit of any process; cheap enough to poll."""
        ...

    def on_commit(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each commit of any process, in a thread of the store: it must not block. Returns the function
        that unsubscribes it."""
        ...

    def check_health(self) -> None:
        """Check that the database is the one opened, writable and intact; cheap enough to call every second."""
        ...


async def await_commit(future: Future[T]) -> T:
    """Await a write, shielded: a cancellation is raised only after the write has ended, so it never hides a commit."""
    if future.done():  # avoids a wake-up of the loop
        return future.result()
    write: asyncio.Future[T] = asyncio.wrap_future(future)
    cancellation: asyncio.CancelledError | None = None
    while not write.done():
        try:
            await asyncio.wait((write,))
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        if not write.cancelled():
            write.exception()  # mark it as retrieved: the task was cancelled anyway
        raise cancellation
    return write.result()
