"""Sentences for SQLite's error codes (https://www.sqlite.org/rescode.html)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull, DatabaseUnusable, StoreError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SENTENCES = {
    sqlite3.SQLITE_NOTADB: "{path} is not a SQLite database; move it away, or name another file in DEVTRAIL_DATABASE_URL.",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged; restore a backup with devtrail-tui db restore, or move it away to start empty.",
    sqlite3.SQLITE_READONLY: "{path} cannot be written; check your write permission on the file and its folder.",
    sqlite3.SQLITE_PERM: "{path} cannot be written; check your write permission on the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened; check that the file and its folder exist and are yours.",
}
_NO_ROOM = {
    sqlite3.SQLITE_FULL: "The disk is full: nothing of the last change to {path} was stored. Free some space and try again.",
    sqlite3.SQLITE_IOERR: "{path} could not be read or written (the disk reported an error); check the disk and try again.",
}


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code, the low byte of extended codes; 0 if there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def store_error(error: BaseException, path: Path, busy_timeout_s: float) -> StoreError | None:
    """The error for people for a driver error, or None if it is not about the database file (a constraint, for example)."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = primary_code(error)
    if code in _BUSY:
        return DatabaseBusy(
            f"Another program kept {path} locked for {busy_timeout_s:g} s; close it or wait for it, then try again."
        )
    if code == sqlite3.SQLITE_PROTOCOL:  # SQLite tried for about ten seconds, regardless of the timeout
        return DatabaseBusy(
            f"Another program is suspended during a change to {path}; if a DevTrail is suspended, resume or end it, "
            "then try again."
        )
    if code in _NO_ROOM:
        return DatabaseFull(_NO_ROOM[code].format(path=path))
    if code in _SENTENCES:
        return DatabaseUnusable(_SENTENCES[code].format(path=path))
    return None
