"""The database as the stores see it, whichever engine is behind it. `sqlite` holds the one implementation there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Database(Protocol):
    """Reads from any thread, writes through one queue. Every method may be called from any thread.

    All raise DatabaseUnusable where the database is not open, gone or damaged, and DatabaseBusy where another program holds its
    lock for too long, each with a sentence that says what to do.
    """

    def open(self) -> None:
        """Check the database, creating it where there is none, and migrate its schema; idempotent."""
        ...

    def close(self) -> None:
        """Do the queued writes, then release everything; idempotent. Later reads and writes fail."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """One consistent view of the database; the transaction ends with the block."""
        ...

    def write(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue `work` for the next write transaction; the future ends once that is committed or has failed.

        Work runs in the order of the calls, may share a transaction with its neighbours, and must be repeatable and quick (no
        network, no waiting). The future raises what `work` raised, DatabaseUnusable, DatabaseFull or DatabaseBusy.
        """
        ...

    def version(self) -> int:
        """A number that changes with every commit, of this process or another; cheap enough to ask in a loop."""
        ...

    def on_commit(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each commit of this process or another, in a thread of the store: it must not block. Returns the
        function that unsubscribes it."""
        ...

    def check_health(self) -> None:
        """Check that the database is the one that was opened, can be written and is whole; cheap enough for once a second."""
        ...


async def await_commit(future: Future[T]) -> T:
    """Await a write, shielded: a cancellation is raised only once the write has ended, so that it follows the commit and never
    replaces it."""
    if future.done():  # no need to wake the loop for it
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
            write.exception()  # retrieved: the failed write of a cancelled task is not an unhandled error
        raise cancellation
    return write.result()
