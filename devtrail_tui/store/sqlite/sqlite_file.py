"""The database file: made private before it is opened, checked before use, never silently recreated.

0600 before the first open, because -wal and -shm inherit the mode; `mode=rw`, because SQLite otherwise recreates a deleted
database, empty.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from devtrail_tui.core.errors import DatabaseUnusable
from devtrail_tui.core.text import safe_line
from devtrail_tui.store.private_files import (
    close_file_to_others,
    make_private_folder,
    network_file_system,
    why_not_private,
)
from devtrail_tui.store.sqlite.sqlite_errors import primary_code, store_error

LIBRARY_VERSION = sqlite3.sqlite_version
_OLDEST_SQLITE = (3, 35, 0)
"""The first release with RETURNING, which claims need."""
BUSY_TIMEOUT_S = 15.0
"""How long a connection waits for another program's lock."""
FULL_CHECK_BYTES = 32 * 1024 * 1024
"""Up to this size `quick_check` reads the whole file at start (about 0.05 s). For a larger file only header and length are
checked, because start-up would grow with the database; `integrity_problems` checks the rest on request."""


def check_library(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raises DatabaseUnusable if Python's SQLite has no RETURNING."""
    if version < _OLDEST_SQLITE:
        number = ".".join(map(str, version))
        raise DatabaseUnusable(f"This Python has SQLite {number}, but 3.35 is needed; install a newer Python.")


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite can, very rarely, damage a database in WAL mode when two programs write and checkpoint at the same
    time: 3.7.0 to 3.51.2, fixed in 3.51.3 and, in older lines, in 3.50.7 and 3.44.6
    (https://www.sqlite.org/wal.html#walresetbug)."""
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return version >= (3, 7) and not mended


def prepare_file(path: Path) -> None:
    """Create the folder (0700) and an empty file (0600) if missing; refuse files that are not SQLite databases or that others can
    change, and network drives.

    Raises DatabaseUnusable with what to do.
    """
    try:
        make_private_folder(path.parent)
    except OSError as error:
        raise DatabaseUnusable(
            f"The folder {path.parent} does not exist and cannot be created ({error.strerror}); "
            "create it, or name another path in DEVTRAIL_DATABASE_URL."
        ) from error
    _check_folder(path.parent)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        _check_existing(path)
    except OSError as error:
        raise DatabaseUnusable(
            f"{path} cannot be created ({error.strerror}); check your write permission on the folder, "
            "or name another path in DEVTRAIL_DATABASE_URL."
        ) from error


def _check_folder(folder: Path) -> None:
    """Refuse a folder that others can change: they could replace the database or its journal."""
    try:
        weakness = why_not_private(folder)
    except OSError as error:
        raise DatabaseUnusable(f"The folder {folder} cannot be checked ({error.strerror}).") from error
    if weakness:
        raise DatabaseUnusable(
            f"The folder {folder} is not used for the database, because {weakness}; restrict it to yourself (chmod 700), "
            "or name another folder in DEVTRAIL_HOME or DEVTRAIL_DATABASE_URL."
        )
    # No setting allows it: WAL needs shared memory, which a network drive does not have, and data is lost without an error
    # (sqlite.org/wal.html, "Overview", 3).
    kind = network_file_system(folder)
    if kind:
        raise DatabaseUnusable(
            f"The folder {folder} is on a network drive ({kind}), where SQLite loses data; name a folder on a local disk in "
            "DEVTRAIL_HOME or DEVTRAIL_DATABASE_URL."
        )


def _check_existing(path: Path) -> None:
    if not path.is_file():
        raise DatabaseUnusable(f"{path} is not a file; name another path in DEVTRAIL_DATABASE_URL.")
    close_file_to_others(path)
    if weakness := why_not_private(path):
        raise DatabaseUnusable(
            f"{path} is not used as the database, because {weakness}; name a regular file that you own "
            "in DEVTRAIL_DATABASE_URL."
        )
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        raise DatabaseUnusable(f"{path} cannot be written; check your write permission on the file and its folder.")
    # Do not read the header here: closing a plain file drops all locks of this process on it (POSIX), and another process could
    # then remove the journal of an open database. SQLite itself reports a file that is not a database.


def connect(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, mode: str = "mode=rw") -> sqlite3.Connection:
    """A driver connection that never creates a file and begins transactions explicitly; one thread at a time."""
    return sqlite3.connect(
        f"{path.as_uri()}?{mode}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )


@contextmanager
def opened(
    path: Path, failure: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S, mode: str = "mode=rw"
) -> Iterator[sqlite3.Connection]:
    """A connection, closed with the block. Driver errors in the block become StoreError, with `failure` ("cannot be read") if the
    error code has no sentence."""
    try:
        with closing(connect(path, busy_timeout_s=busy_timeout_s, mode=mode)) as connection:
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise store_error(error, path, busy_timeout_s) or DatabaseUnusable(
            f"{path} {failure} ({safe_line(str(error), limit=200)})."
        ) from error


def check_and_use_wal(path: Path, *, busy_timeout_s: float) -> None:
    """Check the file and switch it to WAL mode, which lets readers and the writer work concurrently.

    Raises DatabaseUnusable, DatabaseBusy.
    """
    with opened(path, "cannot be opened", busy_timeout_s=busy_timeout_s) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # reads the header; raises if it is damaged
        small = path.stat().st_size <= FULL_CHECK_BYTES
        if small and (problems := problems_by(connection, "PRAGMA quick_check(3)")):
            raise DatabaseUnusable(
                f"{path} is damaged ({problems[0]}); restore a backup with devtrail-tui db restore, "
                "or move it away to start empty."
            )
        _use_wal(connection, path, busy_timeout_s)


def integrity_problems(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> list[str]:
    """The problems found by SQLite's full `quick_check`, up to 20 sentences. Reads the whole file."""
    with opened(path, "cannot be opened", busy_timeout_s=busy_timeout_s) as connection:
        return problems_by(connection, "PRAGMA quick_check(20)")


def problems_by(connection: sqlite3.Connection, check: str) -> list[str]:
    """The sentences of an integrity check, also if damage prevents the check from finishing."""
    try:
        return [safe_line(row[0], limit=200) for row in connection.execute(check) if row[0] != "ok"]
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_CORRUPT:
            return [safe_line(str(error), limit=200)]
        raise


def _use_wal(connection: sqlite3.Connection, path: Path, busy_timeout_s: float) -> None:
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            # If two programs switch at once, SQLite answers busy without waiting, regardless of the timeout.
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise DatabaseUnusable(
                f"{path} is on a disk where SQLite cannot share a database (a network drive?); "
                "name a path on a local disk in DEVTRAIL_DATABASE_URL."
            )
        return
