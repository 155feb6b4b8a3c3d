"""SQLite as a `Database`: reads from any thread, writes through one thread.

All parts were chosen by measurement: a write engine with one connection that begins IMMEDIATE, a separate read engine whose
deferred transactions are always rolled back, WAL, a busy timeout, no parameters in error texts.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, StatementError
from sqlalchemy.pool import QueuePool

from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.errors import DatabaseUnusable, StoreError
from devtrail_tui.core.typed_paths import typed_path
from devtrail_tui.store.sqlite import sqlite_file
from devtrail_tui.store.sqlite.backup import backups
from devtrail_tui.store.sqlite.change_watcher import ChangeWatcher
from devtrail_tui.store.sqlite.schema_version import HEAD, bring_up_to_date
from devtrail_tui.store.sqlite.sqlite_errors import primary_code, store_error
from devtrail_tui.store.sqlite.writer import Writer

T = TypeVar("T")
_HEALTH_S = 3.0
"""Minimum interval between two checks of the whole file."""
_HEALTH_BYTES = 8 * 1024 * 1024
"""Up to this size the whole file is checked (about 15 ms)."""
_CODES_OF_A_LOST_FILE = (
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
)
"""Codes that SQLite also returns for a file that was deleted, moved or replaced while open."""


class SqliteDatabase:
    """One SQLite database; `Database` documents the methods.

    `busy_timeout_s` is how long a write waits for another program's lock.

    `synchronous` FULL makes each commit survive a power cut: a paid answer of Claude, or a job reported as completed, is not
    lost. It costs one fsync per commit, shared by queued writes. NORMAL loses the last commits on a power cut (never on a crash
    of the program) and is for tests and throw-away data.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        busy_timeout_s: float = sqlite_file.BUSY_TIMEOUT_S,
        synchronous: Literal["NORMAL", "FULL"] = "FULL",
    ) -> None:
        self.url = url
        self.path: Path = _path_of(url)
        self._clock = clock or SystemClock()
        self._busy_timeout_s = busy_timeout_s
        self._synchronous = synchronous
        self._opening = threading.Lock()
        self._writer: Writer | None = None
        self._readers: Engine | None = None
        self._write_engine: Engine | None = None
        self._files: tuple[tuple[int, int], ...] = ()
        self._health = _Health()
        self._schema_cookie: tuple[int] | None = None
        self._changes = ChangeWatcher(f"{self.path}-wal")

    def open(self) -> None:
        with self._opening:
            if self._writer is not None:
                return
            sqlite_file.check_library()
            _refuse_to_start_over(self.path)
            sqlite_file.prepare_file(self.path)
            sqlite_file.check_and_use_wal(self.path, busy_timeout_s=self._busy_timeout_s)
            engine = self._engine(begin="BEGIN IMMEDIATE", query_only=False)
            try:
                with self._translating():
                    bring_up_to_date(engine, self.path, self._clock)
            except BaseException:
                engine.dispose()
                raise
            with self._translating():
                self._changes.open(sqlite_file.connect(self.path, busy_timeout_s=self._busy_timeout_s))
            self._files, self._health = _inodes(self.path), _Health()
            self._readers = self._engine(begin="BEGIN", query_only=True)
            self._write_engine = engine
            event.listen(engine, "begin", self._check_schema)
            self._writer = Writer(
                engine, check=self.check_alive, translated=self._translated, committed=self._changes.look
            )

    def close(self) -> None:
        with self._opening:
            if self._writer is None:
                return
            self._writer.close()
            self._changes.close()
            for engine in (self._readers, self._write_engine):
                if engine is not None:
                    engine.dispose()
            self._readers = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self._readers is None:
            raise DatabaseUnusable("The database is not open; restart the program.")
        with self._translating(), self._readers.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    def write(self, work: Callable[[Connection], T]) -> Future[T]:
        if self._writer is None:
            raise DatabaseUnusable("The database is not open; restart the program.")
        return self._writer.submit(work)

    def version(self) -> int:
        """The number that changes with every commit; reading it takes 3-8 us."""
        with self._translating():
            return self._changes.version()

    def on_commit(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Own commits are announced at once, those of other processes within 20 ms."""
        return self._changes.subscribe(callback)

    def check_alive(self) -> None:
        """Raises DatabaseUnusable if the file was deleted, replaced or damaged: SQLite would continue writing to the unlinked
        file, or spread the damage."""
        if self._health.sentence:
            raise DatabaseUnusable(self._health.sentence)
        try:
            same = _inodes(self.path) == self._files
        except OSError:
            same = False
        if not same:
            raise DatabaseUnusable(
                f"{self.path} was deleted or replaced while it was open; put it back, then restart the program."
            )

    def check_health(self) -> None:
        """`check_alive`, plus the schema's version, and an integrity check of a small file every few seconds; the pages of a
        large one are checked when they are read."""
        self.check_alive()
        with self.read() as connection:
            self._check_schema(connection)
        try:
            self._check_file()
        except (StoreError, OSError) as error:
            self.check_alive()  # reports a file that vanished during the check as such
            if isinstance(error, StoreError):
                raise
            raise DatabaseUnusable(f"{self.path} cannot be checked ({error.strerror}); check the disk.") from error

    def _check_schema(self, connection: Connection) -> None:
        """Raises DatabaseUnusable if another program has migrated the database since it was opened."""
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
        cookie = driver.execute("PRAGMA schema_version").fetchone()
        if cookie == self._schema_cookie:
            return
        (revision,) = driver.execute("SELECT version_num FROM alembic_version").fetchone()
        if revision == HEAD:  # a VACUUM changes the number too
            self._schema_cookie = cookie
            return
        driver.rollback()
        self._health.sentence = (
            f"{self.path} was migrated by a newer DevTrail while it was open here, so nothing more is written; "
            "end this program and update it."
        )
        raise DatabaseUnusable(self._health.sentence)

    def _check_file(self) -> None:
        if not os.access(self.path, os.W_OK):
            raise DatabaseUnusable(f"{self.path} was made read-only while it was open; restore your write permission.")
        if not self._health.due() or self.path.stat().st_size > _HEALTH_BYTES:
            return
        if problems := self._damage():
            self.check_alive()
            self._health.sentence = self._damaged_by(problems[0])
            raise DatabaseUnusable(self._health.sentence)

    def _damaged_by(self, damage: str) -> str:
        return (
            f"{self.path} was damaged while it was open ({damage}); close every DevTrail, then restore a backup: "
            "devtrail-tui db restore."
        )

    def _damage(self) -> list[str]:
        try:
            return sqlite_file.integrity_problems(self.path, busy_timeout_s=self._busy_timeout_s)
        except DatabaseUnusable as error:  # the header itself is damaged
            return [str(error)]

    def _engine(self, *, begin: str, query_only: bool) -> Engine:
        def connect() -> sqlite3.Connection:
            connection = sqlite_file.connect(self.path, busy_timeout_s=self._busy_timeout_s)
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            connection.execute("PRAGMA temp_store=MEMORY")
            if query_only:
                connection.execute("PRAGMA query_only=ON")
            return connection

        engine = create_engine(
            "sqlite+pysqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1, hide_parameters=True
        )

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (StatementError, sqlite3.Error) as error:
            translated = self._translated(error)
            if translated is error:
                raise
            raise translated from error

    def _translated(self, error: BaseException) -> BaseException:
        cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
        if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
            return cause  # an invalid value (no JSON, a naive time): an error of the caller
        code = primary_code(cause)
        if self._writer is not None and code in _CODES_OF_A_LOST_FILE:
            try:
                self.check_alive()
            except DatabaseUnusable as lost:
                return lost
            if code == sqlite3.SQLITE_NOTADB:  # the file was a database when opened
                return DatabaseUnusable(self._damaged_by("its header is damaged"))
        return store_error(cause, self.path, self._busy_timeout_s) or error


def _refuse_to_start_over(path: Path) -> None:
    """Refuse to create a missing database while there are backups of it."""
    if not path.exists() and (copies := backups(path)):
        newest = copies[0].path
        raise DatabaseUnusable(
            f"{path} is missing, but has backups; restore the newest with devtrail-tui db restore {newest.name}, "
            f"or move {newest.parent} away to start empty."
        )


class _Health:
    """The time of the next file check, and the result of the last one."""

    def __init__(self) -> None:
        self.sentence = ""
        self._next_check = 0.0
        self._lock = threading.Lock()

    def due(self) -> bool:
        """Whether a check is due; true for only one of several concurrent threads."""
        now = time.monotonic()
        with self._lock:
            if now < self._next_check:
                return False
            self._next_check = now + _HEALTH_S
            return True


def _inodes(path: Path) -> tuple[tuple[int, int], ...]:
    """The inodes of the file and of its -wal, which exists as long as the database is open anywhere."""
    return _inode(str(path)), _inode(f"{path}-wal")


def _inode(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - half the cost of Path.stat, before every transaction
    return status.st_dev, status.st_ino


def _path_of(url: str) -> Path:
    try:
        parsed: Any = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a bad port
        raise DatabaseUnusable("This is not a database URL; write sqlite:////path/to/devtrail.db.") from None
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseUnusable(
            f"This version supports SQLite only, not {parsed.get_backend_name()}; write sqlite:////path/to/devtrail.db."
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise DatabaseUnusable("The database needs a file; write sqlite:////path/to/devtrail.db.")
    return typed_path(parsed.database).absolute()
