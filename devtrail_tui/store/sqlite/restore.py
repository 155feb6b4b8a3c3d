"""Puts a backup in the place of the database: checked first, in one step, and never without keeping what stood there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devtrail_tui.core.errors import DatabaseUnusable, NotPossible, StoreError
from devtrail_tui.store.private_files import make_private_folder
from devtrail_tui.store.sqlite import sqlite_file
from devtrail_tui.store.sqlite.backup import Reason, back_up, folder_of, free_name, move_into_place
from devtrail_tui.store.sqlite.database_check import Contents, contents, problems
from devtrail_tui.store.sqlite.schema_version import HEAD, REVISIONS

_SHARING_BYTE = 128
"""The byte of the -shm file that every process with the database open holds a lock on (SQLite: UNIX_SHM_DMS, os_unix.c)."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the database now, and where what stood there before is kept (None where there was nothing)."""

    contents: Contents
    kept: Path | None


def restore(database: Path, backup: Path, now: datetime, *, although_open: bool = False) -> Restored:
    """Verify `backup` (whole, of a known schema), then put a copy of it in the place of `database`.

    What stood there is kept as a backup. Refused while any program has the database open, unless `although_open`: those
    programs then notice that their database was replaced, and stop. Raises NotFound, NotPossible, StoreError; the database is
    untouched then.
    """
    content = verified(backup)
    if database.exists() and backup.samefile(database):
        raise NotPossible(f"{backup} is the database itself; name a backup.")
    if not although_open and is_open_elsewhere(database):
        raise NotPossible(
            f"{database} is open in another DevTrail; end the app and every worker first, or add --force, which makes them stop."
        )
    try:
        make_private_folder(folder_of(database))
        with _private_copy(backup, database) as copy:
            if verified(copy) != content:
                raise DatabaseUnusable(f"{backup} changed while it was copied; try again.")
            replaced = _back_up_replaced(database, now)
            for suffix in ("-wal", "-shm"):  # of the old file: SQLite would read them into the new one
                database.with_name(database.name + suffix).unlink(missing_ok=True)
            move_into_place(copy, database)
    except OSError as error:
        raise DatabaseUnusable(f"{database} cannot be replaced ({error.strerror}); it is as it was.") from error
    return Restored(content, replaced)


def verified(backup: Path) -> Contents:
    """What is in a backup that may be restored. Raises NotFound, NotPossible, DatabaseUnusable with what is wrong."""
    journal = backup.with_name(f"{backup.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise NotPossible(
            f"{backup} is in use, or was copied while it was; name a backup made by devtrail-tui db backup."
        )
    content = contents(backup, at_rest=True)
    if content.revision not in REVISIONS:
        mismatch = f"has schema {content.revision}, this version knows up to {HEAD}"
        raise DatabaseUnusable(
            f"{backup} {mismatch if content.revision else 'is not of DevTrail'}; nothing was restored."
        )
    if damage := problems(backup, at_rest=True, rules=content.revision == HEAD):
        raise DatabaseUnusable(f"{backup} is damaged ({damage[0]}); nothing was restored. Try an older backup.")
    return content


def is_open_elsewhere(database: Path) -> bool:
    """Whether another process has the database open: the app, a worker, a command. Known on systems with POSIX locks only."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        descriptor = os.open(f"{database}-shm", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _SHARING_BYTE)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _private_copy(backup: Path, database: Path) -> Iterator[Path]:
    """A copy beside the database, 0600, gone again where it was not used."""
    copy = database.with_name(f".{database.name}.{os.getpid()}.restoring")
    copy.unlink(missing_ok=True)
    try:
        with (
            backup.open("rb") as source,
            os.fdopen(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target,
        ):
            shutil.copyfileobj(source, target)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _back_up_replaced(database: Path, now: datetime) -> Path | None:
    """Back up the database that is about to be replaced; a damaged file is copied byte by byte."""
    if not database.exists():
        return None
    if _whole(database):
        copy = back_up(database, Reason.RESTORE, now).path
        _checkpoint(database)
        return copy
    copy = free_name(database, Reason.DAMAGED, now)
    for suffix in ("", "-wal"):
        source = database.with_name(database.name + suffix)
        if source.exists():
            target = copy.with_name(copy.name + suffix)
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            shutil.copyfile(source, target)
    return copy


def _whole(database: Path) -> bool:
    try:
        return sqlite_file.integrity_problems(database, busy_timeout_s=1.0) == []
    except StoreError:  # no database at all
        return False


def _checkpoint(database: Path) -> None:
    """Write the -wal into the file, so that a power cut before the last step leaves the old database whole."""
    with sqlite_file.opened(database, "is as it was, for it cannot be written", busy_timeout_s=1.0) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
