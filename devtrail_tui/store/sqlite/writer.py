"""The thread with the write connection: writes queue in order, and queued writes share a transaction.

A shared transaction costs one fsync for all; a savepoint around each write isolates errors. Work must be repeatable: it runs
again, alone, if a shared transaction fails as a whole.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from devtrail_tui.core.errors import DatabaseUnusable

T = TypeVar("T")
Work = Callable[[Connection], Any]

_LARGEST_BATCH = 200
"""Maximum writes per transaction: enough to share an fsync, few enough to hold the lock briefly."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Write:
    work: Work
    future: Future[Any]


class _TransactionBroken(Exception):
    """SQLite rolled back the whole transaction (a full disk, for example); its savepoints are gone."""


class _NotBegun(Exception):
    """The lock was not available: the batch fails as a whole instead of waiting again for each write."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


class Writer:
    """The write side of a database.

    `check` runs before each transaction and raises if the file is missing; `translated` converts driver errors; `committed` is
    called after each transaction with changes, in this thread.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        check: Callable[[], None],
        translated: Callable[[BaseException], BaseException],
        committed: Callable[[], object],
    ) -> None:
        self._engine = engine
        self._check = check
        self._translated = translated
        self._committed = committed
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="devtrail-store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue a write; never blocks."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.set_exception(DatabaseUnusable("The database is already closed; restart the program."))
            else:
                self._waiting.put(_Write(work, future))
        return future

    def close(self) -> None:
        """Run the queued writes, then end the thread; idempotent."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        try:
            while (batch := self._next_batch()) is not None:
                try:
                    self._check()
                    connection = connection or self._engine.connect()
                except Exception as error:  # noqa: BLE001 - passed to the callers
                    self._refuse(batch, error)
                    continue
                self._run_batch(connection, batch)
        finally:
            if connection is not None:
                connection.close()

    def _next_batch(self) -> list[_Write] | None:
        write = self._waiting.get()
        batch: list[_Write] = []
        while write is not None:
            if write.future.set_running_or_notify_cancel():
                batch.append(write)
            if len(batch) == _LARGEST_BATCH:
                return batch
            try:
                write = self._waiting.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._waiting.put(None)  # run this batch first; the next call reads the end marker
            return batch
        return None

    def _refuse(self, batch: list[_Write], error: BaseException) -> None:
        for write in batch:
            write.future.set_exception(self._translated(error))

    def _run_batch(self, connection: Connection, batch: list[_Write]) -> None:
        if len(batch) > 1:
            try:
                self._together(connection, batch)
            except _NotBegun as error:
                self._refuse(batch, error.cause)
                return
            except _TransactionBroken:
                _LOG.debug("a shared transaction broke; its %d writes run one by one", len(batch))
            else:
                return
        for write in batch:
            self._alone(connection, write)

    def _alone(self, connection: Connection, write: _Write) -> None:
        changes_before = _changes(connection)
        try:
            with connection.begin():
                returned = write.work(connection)
        except BaseException as error:  # noqa: BLE001 - passed to the caller
            write.future.set_exception(self._translated(error))
            return
        write.future.set_result(returned)
        self._tell(connection, changes_before)

    def _together(self, connection: Connection, batch: list[_Write]) -> None:
        changes_before = _changes(connection)
        results: list[tuple[_Write, Any, BaseException | None]] = []
        try:
            transaction = connection.begin()
        except Exception as error:
            raise _NotBegun(error) from error
        try:
            with transaction:
                results.extend((write, *self._in_savepoint(connection, write)) for write in batch)
        except Exception as error:
            raise _TransactionBroken from error
        for write, returned, problem in results:
            if problem is not None:
                write.future.set_exception(problem)
            else:
                write.future.set_result(returned)
        self._tell(connection, changes_before)

    def _in_savepoint(self, connection: Connection, write: _Write) -> tuple[Any, BaseException | None]:
        connection.exec_driver_sql("SAVEPOINT write")
        try:
            returned = write.work(connection)
        except BaseException as error:
            if not _driver(connection).in_transaction:
                raise _TransactionBroken from error
            connection.exec_driver_sql("ROLLBACK TO write")
            connection.exec_driver_sql("RELEASE write")
            return None, self._translated(error)
        connection.exec_driver_sql("RELEASE write")
        return returned, None

    def _tell(self, connection: Connection, changes_before: int) -> None:
        if _changes(connection) != changes_before:
            self._committed()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _changes(connection: Connection) -> int:
    """Rows changed on this connection so far; detects transactions without changes."""
    return int(_driver(connection).total_changes)
