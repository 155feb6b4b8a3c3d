"""Tells subscribers that somebody, in this process or another, committed a change."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable

from devtrail_tui.core.errors import DatabaseUnusable

LOOK_S = 0.02
"""How long a commit of another process stays unnoticed."""
_TICKS_AFTER_WRITE = 5
_TICKS_AT_MOST = 10
RETRY_S = 1.0
"""The pause after a look that failed."""
_VERSION = "PRAGMA data_version"
_logger = logging.getLogger(__name__)


class ChangeWatcher:
    """Compares SQLite's `data_version`, which changes with every commit of another connection, with what it was at the last look.

    The writer looks after each own commit; for those of others a daemon thread looks, from the first subscriber on. Being awake
    fifty times a second must cost little: hence a plain thread that sleeps (an event loop's timer costs three times as much), and
    the time of the last write to the -wal file, which is asked first and costs half of a look. It is a hint only, for file times
    are coarse and a commit counts some time after its write: looks follow for a while, and one comes now and then in any case.
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
        """Watch through this connection, which nobody else uses and `close` closes. Raises sqlite3.Error."""
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on there is a -wal file
        self._cursor = connection.cursor()

    def version(self) -> int:
        """The number. Raises DatabaseUnusable where the database is not open, sqlite3.Error where it cannot be read."""
        with self._looking:
            if self._cursor is None:
                raise DatabaseUnusable("The database is not open; start the program again.")
            number: int = self._cursor.execute(_VERSION).fetchone()[0]
        return number

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change, from any thread: it must not block. Returns the function that ends this."""
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
        """Tell the subscribers where something was committed since the last look. False where the database cannot be read; they
        are told that too, once, for their own look meets the trouble and says so."""
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
            self._thread.join(2 * LOOK_S)  # it sleeps, and looks no more when it awakes
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
