"""Backups: complete private copies of the database in a folder beside it, named by time and reason."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import psutil

from devtrail_tui.core.errors import DatabaseFull, DatabaseUnusable, NotFound
from devtrail_tui.store.private_files import make_private_folder
from devtrail_tui.store.sqlite.sqlite_file import opened

FOLDER = "backups"
WEEK = timedelta(days=7)
WEEKLY_BACKUPS = 5
_CLOCK_DIFFERENCE = timedelta(hours=1)
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?P<of>.+)-(?P<stamp>\d{8}T\d{6}Z)(?:-(?P<number>\d+))?-(?P<reason>[a-z]+)\.db")
_UNFINISHED = ".unfinished"
_STEPS = 1000
"""Steps of SQLite's machine, fractions of a millisecond, between two looks whether a copy is aborted."""
_ABANDONED_S = 3600.0
"""After this time an unfinished weekly backup is treated as killed."""


class Reason(StrEnum):
    """Why a backup was made."""

    ASKED = "asked"
    WEEKLY = "weekly"
    MIGRATION = "migration"
    RESTORE = "restore"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in the folder. `size` is in bytes."""

    path: Path
    made_at: datetime
    reason: Reason
    size: int


def folder_of(database: Path) -> Path:
    """The folder of a database's backups."""
    return database.parent / FOLDER


def backups(database: Path) -> list[Backup]:
    """All backups of this database, newest first."""
    numbered: list[tuple[datetime, int, Backup]] = []
    for path in folder_of(database).glob("*.db"):
        name = _NAME.fullmatch(path.name)
        if name and name["of"] == database.stem and name["reason"] in set(Reason):
            made_at = datetime.strptime(name["stamp"], _STAMP).replace(tzinfo=UTC)
            backup = Backup(path, made_at, Reason(name["reason"]), path.stat().st_size)
            numbered.append((made_at, int(name["number"] or 1), backup))
    return [backup for *_, backup in sorted(numbered, key=lambda entry: entry[:2], reverse=True)]


def back_up(
    database: Path,
    reason: Reason,
    now: datetime,
    target: Path | None = None,
    *,
    aborted: Callable[[], bool] = lambda: False,
) -> Backup:
    """Copy the current database, even while it is in use; `target` is a path outside the folder.

    The copy is compact, private from its creation, synced before it gets its name, and complete. Raises NotFound,
    DatabaseFull, DatabaseUnusable, DatabaseBusy.
    """
    if not database.is_file():
        raise NotFound(f"There is no database at {database}.")
    try:
        if target is None:
            make_private_folder(folder_of(database))
            target = free_name(database, reason, now)
        elif target.exists():
            raise DatabaseUnusable(f"{target} already exists; name another file.")
        copy_whole(database, target, aborted)
    except OSError as error:
        raise DatabaseUnusable(
            f"The backup {target} cannot be written ({error.strerror}); free some space or name another path."
        ) from error
    return Backup(target, now, reason, target.stat().st_size)


def prune(database: Path, reason: Reason, newest: int, now: datetime) -> None:
    """Delete all but the `newest` backups with this reason. One from the future, made while the clock was wrong, is the first to
    go: it would outlive all others."""
    same = [backup for backup in backups(database) if backup.reason is reason]
    for old in sorted(same, key=lambda backup: backup.made_at > now + _CLOCK_DIFFERENCE)[newest:]:
        old.path.unlink(missing_ok=True)


def free_name(database: Path, reason: Reason, now: datetime) -> Path:
    """An unused name in the folder."""
    folder, number = folder_of(database), 1
    while True:
        count = f"-{number}" if number > 1 else ""
        path = folder / f"{database.stem}-{now.astimezone(UTC):{_STAMP}}{count}-{reason}.db"
        if not path.exists():
            return path
        number += 1


def copy_whole(database: Path, target: Path, aborted: Callable[[], bool] = lambda: False) -> None:
    """VACUUM INTO a file beside `target`, then rename it. Raises OSError, StoreError."""
    _clear_abandoned(target.parent)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}{_UNFINISHED}")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with opened(database, f"cannot be copied to {target}") as connection:
            connection.set_progress_handler(aborted, _STEPS)
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        move_into_place(unfinished, target)
    except DatabaseFull as error:  # the disk of the copy, not of the database
        raise DatabaseFull(f"There is no space for the backup {target}; free some space and try again.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def move_into_place(unfinished: Path, target: Path) -> None:
    """Sync a complete file, then rename it. Raises OSError."""
    _sync(unfinished)
    unfinished.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_abandoned(folder: Path) -> None:
    """Remove unfinished copies of killed programs."""
    for path in folder.glob(f".*.db.*{_UNFINISHED}"):
        pid = path.name.removesuffix(_UNFINISHED).rpartition(".")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            path.unlink(missing_ok=True)


def weekly_backup(database: Path, now: datetime, aborted: Callable[[], bool] = lambda: False) -> Backup | None:
    """Make a backup if the newest one, or the database itself, is a week old, and keep the newest five of these; None if none is
    due. Of several concurrent callers one makes it. `aborted` is asked often; once it returns true, the copy is removed. Raises
    StoreError."""
    _clear_abandoned(folder_of(database))
    since = _newest(database, now) or _first_stored(database)
    if since is None or -_CLOCK_DIFFERENCE <= now - since < WEEK:
        return None
    lock = folder_of(database) / f".{database.stem}-weekly{_UNFINISHED}"
    try:
        make_private_folder(lock.parent)
        if lock.exists() and time.time() - lock.stat().st_mtime > _ABANDONED_S:
            lock.unlink(missing_ok=True)
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return None  # another program makes the backup
    except OSError as error:
        raise DatabaseUnusable(f"The weekly backup cannot be made in {lock.parent} ({error.strerror}).") from error
    try:
        newest = _newest(database, now)
        if newest is not None and now - newest < WEEK:
            return None
        backup = back_up(database, Reason.WEEKLY, now, aborted=aborted)
        prune(database, Reason.WEEKLY, WEEKLY_BACKUPS, now)
    finally:
        lock.unlink(missing_ok=True)
    return backup


def _newest(database: Path, now: datetime) -> datetime | None:
    """The time of the newest backup; one from the future, made while the clock was wrong, does not count."""
    times = (backup.made_at for backup in backups(database) if backup.reason is not Reason.DAMAGED)
    return next((made_at for made_at in times if made_at <= now + _CLOCK_DIFFERENCE), None)


def _first_stored(database: Path) -> datetime | None:
    """The time of the first job or entry; None if there is none."""
    with opened(database, "cannot be read") as connection:
        (first,) = connection.execute(
            "SELECT min(at) FROM (SELECT min(created_at) AS at FROM jobs"
            " UNION ALL SELECT min(created_at) FROM evidence_entries)"
        ).fetchone()
    return None if first is None else datetime.fromtimestamp(first / 1e6, UTC)


_OF_SECRET = "FROM secrets WHERE name = :entry OR name LIKE :entry || '@%'"  # noqa: S105 - SQL, no secret


def with_secret(database: Path, entry: str) -> list[Path]:
    """The backups that hold an encrypted secret, for any host. Raises StoreError."""
    holding = []
    for backup in backups(database):
        with opened(backup.path, "cannot be read", mode="mode=ro") as connection:
            known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'secrets'").fetchone()
            if known and connection.execute(f"SELECT 1 {_OF_SECRET}", {"entry": entry}).fetchone():
                holding.append(backup.path)
    return holding


def forget_secret(backup: Path, entry: str) -> None:
    """Delete an encrypted secret from a backup, and the space it took. Raises StoreError."""
    with opened(backup, "cannot be changed") as connection:
        connection.execute(f"DELETE {_OF_SECRET}", {"entry": entry})
        connection.commit()
        connection.execute("VACUUM")
