"""Replaces the database with a backup: verified first, atomically, and keeping the replaced database."""

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
"""The byte of the -shm file that every process with the open database locks (SQLite: UNIX_SHM_DMS, os_unix.c)."""


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The contents of the database now, and the backup of the replaced one (None if there was none)."""

    contents: Contents
    kept: Path | None


def restore(database: Path, backup: Path, now: datetime, *, although_open: bool = False) -> RestoreResult:
    """Verify `backup` (intact, known schema), then replace the database with a copy of it.

    The replaced database is kept as a backup. Refused while any program has the database open, unless `although_open`: those
    programs then detect the replacement and stop. Raises NotFound, NotPossible, StoreError; the database is then unchanged.
    """
    content = verified(backup)
    if database.exists() and backup.samefile(database):
        raise NotPossible(f"{backup} is the database itself; name a backup.")
    if not although_open and is_open_elsewhere(database):
        raise NotPossible(
            f"{database} is open in another DevTrail; close the app and every worker first, or add --force, which stops them."
        )
    try:
        make_private_folder(folder_of(database))
        with _private_copy(backup, database) as copy:
            if verified(copy) != content:
                raise DatabaseUnusable(f"{backup} changed while it was copied; try again.")
            replaced = _back_up_replaced(database, now)
            for suffix in ("-wal", "-shm"):  # SQLite would apply the old ones to the new file
                database.with_name(database.name + suffix).unlink(missing_ok=True)
            move_into_place(copy, database)
    except OSError as error:
        raise DatabaseUnusable(f"{database} cannot be replaced ({error.strerror}); it is unchanged.") from error
    return RestoreResult(content, replaced)


def verified(backup: Path) -> Contents:
    """The contents of a backup that may be restored. Raises NotFound, NotPossible, DatabaseUnusable with the problem."""
    journal = backup.with_name(f"{backup.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise NotPossible(
            f"{backup} is in use, or was copied while in use; name a backup made by devtrail-tui db backup."
        )
    content = contents(backup, at_rest=True)
    if content.revision not in REVISIONS:
        mismatch = f"has schema {content.revision}, this version knows up to {HEAD}"
        raise DatabaseUnusable(
            f"{backup} {mismatch if content.revision else 'is not a DevTrail database'}; nothing was restored."
        )
    from devtrail_tui.store.sqlite.schema_comparison import schema_difference  # imports Alembic

    if difference := schema_difference(backup, content.revision):
        raise DatabaseUnusable(
            f"{backup} does not have the schema of a DevTrail database ({difference}); nothing was restored. Try another backup."
        )
    if damage := problems(backup, at_rest=True, rules=content.revision == HEAD):
        raise DatabaseUnusable(f"{backup} is damaged ({damage[0]}); nothing was restored. Try an older backup.")
    return content


def is_open_elsewhere(database: Path) -> bool:
    """Whether another process has the database open: the app, a worker, a command. Needs POSIX locks."""
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
    """A copy beside the database, 0600, removed if it was not used."""
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
    """Back up the database to be replaced; a damaged file is copied byte by byte."""
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
    except StoreError:  # not a database
        return False


def _checkpoint(database: Path) -> None:
    """Write the -wal to the file, so that a power cut before the last step leaves the old database intact."""
    with sqlite_file.opened(database, "is unchanged, because it cannot be written", busy_timeout_s=1.0) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
