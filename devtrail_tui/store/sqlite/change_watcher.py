"""Notifies subscribers of commits by any process."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable

from devtrail_tui.core.errors import DatabaseUnusable

LOOK_S = 0.02
"""Maximum delay until a commit of another process is noticed."""
_TICKS_AFTER_WRITE = 5
_TICKS_AT_MOST = 10
RETRY_S = 1.0
"""The pause after a failed look."""
_VERSION = "PRAGMA data_version"
_logger = logging.getLogger(__name__)


class ChangeWatcher:
    """Compares SQLite's `data_version`, which changes with every commit of another connection, with its value at the last look.

    The writer looks after each own commit; a daemon thread looks for commits of others, from the first subscriber on. Fifty
    wake-ups a second must be cheap: hence a plain thread that sleeps (a timer of an event loop costs three times as much), and a
    look at the modification time of the -wal file first, at half the cost. That time is only a hint, because it is coarse and a
    commit becomes visible after its write: several looks follow each change, and one is made regularly in any case.
    """

    def __init__(self, wal: str) -> None:
        self._wal = wal
        self._cursor: sqlite3.Cursor | None = None
        self._looking = threading.Lock()
        self._version_seen: int | None = None
        self._subscribing = threading.Lock()
        self._subscribers: tuple[Callable[[], None], ...] = ()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def open(self, connection: sqlite3.Connection) -> None:
        """Watch through this connection, which is used for nothing else and closed by `close`. Raises sqlite3.Error."""
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # creates the -wal file
        self._cursor = connection.cursor()

    def version(self) -> int:
        """The number that changes with every commit.

        Raises DatabaseUnusable if the database is not open, sqlite3.Error if it cannot be read.
        """
        with self._looking:
            if self._cursor is None:
                raise DatabaseUnusable("The database is not open; restart the program.")
            number: int = self._cursor.execute(_VERSION).fetchone()[0]
        return number

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change, in any thread: it must not block. Returns the function that unsubscribes."""
        with self._subscribing:
            if self._thread is None:
                self.look()
                self._thread = threading.Thread(target=self._run, name="devtrail-change-watcher", daemon=True)
                self._thread.start()
            self._subscribers = (*self._subscribers, callback)

        def unsubscribe() -> None:
            with self._subscribing:
                self._subscribers = tuple(subscriber for subscriber in self._subscribers if subscriber is not callback)

        return unsubscribe

    def look(self) -> bool:
        """Notify subscribers if something was committed since the last look. False if the database cannot be read; subscribers
        are notified of that once, so that their own reads report the error."""
        with self._looking:
            try:
                version = self._cursor.execute(_VERSION).fetchone()[0] if self._cursor is not None else None
            except sqlite3.Error:
                version = None
            changed, self._version_seen = version != self._version_seen, version
        if changed:
            self._tell()
        return version is not None

    def close(self) -> None:
        """End the thread and close the connection; idempotent."""
        self._closed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(2 * LOOK_S)  # a sleeping thread ends when it wakes up
        with self._looking:
            if self._cursor is not None:
                self._cursor.connection.close()
                self._cursor = None

    def _tell(self) -> None:
        for callback in self._subscribers:
            try:
                callback()
            except Exception:
                _logger.exception("a listener of the database failed")

    def _run(self) -> None:
        written_at, ticks_since, readable = 0, 0, True
        while not self._closed.is_set():
            time.sleep(LOOK_S if readable else RETRY_S)
            try:
                now = os.stat(self._wal).st_mtime_ns  # noqa: PTH116 - half the cost of Path.stat
            except OSError:
                now = -1
            ticks_since = ticks_since + 1 if now == written_at else 0
            written_at = now
            if ticks_since < _TICKS_AFTER_WRITE or ticks_since % _TICKS_AT_MOST == 0:
                readable = self._closed.is_set() or self.look()
