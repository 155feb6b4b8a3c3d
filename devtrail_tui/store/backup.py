"""Backups: whole copies of the database in a folder beside it, private, named by when and why they were made."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import DatabaseFull, DatabaseUnusable, NotFound, StoreError
from devtrail_tui.core.text import safe_line
from devtrail_tui.store import sqlite_file
from devtrail_tui.store.private_files import make_private_folder
from devtrail_tui.store.sqlite_errors import store_error

FOLDER = "backups"
WEEK = timedelta(days=7)
WEEKLY_KEPT = 5
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?P<of>.+)-(?P<stamp>\d{8}T\d{6}Z)(?:-(?P<number>\d+))?-(?P<reason>[a-z]+)\.db")
_UNFINISHED = ".unfinished"
_ABANDONED_S = 3600.0
"""A weekly backup that began this long ago was killed."""
_BUSY_S = 15.0


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
    """Where a database's backups are."""
    return database.parent / FOLDER


def backups(database: Path) -> list[Backup]:
    """All backups of this database, newest first."""
    found: list[tuple[datetime, int, Backup]] = []
    for path in folder_of(database).glob("*.db"):
        parts = _NAME.fullmatch(path.name)
        if parts and parts["of"] == database.stem and parts["reason"] in set(Reason):
            made_at = datetime.strptime(parts["stamp"], _STAMP).replace(tzinfo=UTC)
            made = Backup(path, made_at, Reason(parts["reason"]), path.stat().st_size)
            found.append((made_at, int(parts["number"] or 1), made))
    return [each for *_, each in sorted(found, key=lambda each: each[:2], reverse=True)]


def back_up(database: Path, reason: Reason, now: datetime, target: Path | None = None) -> Backup:
    """Copy the database as it is at this moment, also while it is in use; `target` is another place than the folder.

    The copy is compact, private from its first byte, on the disk before it gets its name, and never half. Raises NotFound,
    DatabaseFull, DatabaseUnusable, DatabaseBusy.
    """
    if not database.is_file():
        raise NotFound(f"There is no database at {database}.")
    try:
        if target is None:
            make_private_folder(folder_of(database))
            target = free_name(database, reason, now)
        elif target.exists():
            raise DatabaseUnusable(f"{target} exists already; name another file.")
        copy_whole(database, target)
    except OSError as error:
        raise DatabaseUnusable(
            f"The backup {target} cannot be written ({error.strerror}); make room or name another place."
        ) from error
    return Backup(target, now, reason, target.stat().st_size)


def prune(database: Path, reason: Reason, kept: int) -> None:
    """Delete all but the newest `kept` backups that were made for `reason`."""
    for old in [each for each in backups(database) if each.reason is reason][kept:]:
        old.path.unlink(missing_ok=True)


def free_name(database: Path, reason: Reason, now: datetime) -> Path:
    """A name in the folder that no backup has yet."""
    folder, number = folder_of(database), 1
    while True:
        count = f"-{number}" if number > 1 else ""
        path = folder / f"{database.stem}-{now.astimezone(UTC):{_STAMP}}{count}-{reason}.db"
        if not path.exists():
            return path
        number += 1


def copy_whole(database: Path, target: Path) -> None:
    """VACUUM INTO a file beside `target`, which then takes its name. Raises OSError, StoreError."""
    _clear_abandoned(target.parent)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}{_UNFINISHED}")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(sqlite_file.connect(database, busy_timeout_s=_BUSY_S)) as connection:
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        settle(unfinished, target)
    except sqlite3.Error as error:
        translated = store_error(error, database, _BUSY_S)
        if isinstance(translated, DatabaseFull):  # the copy's disk, not the database's
            raise DatabaseFull(f"There is no room for the backup {target}; make room and try again.") from error
        raise translated or DatabaseUnusable(
            f"The backup {target} cannot be written ({safe_line(str(error), limit=200)})."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def settle(unfinished: Path, target: Path) -> None:
    """Put a whole file on the disk, then under its name. Raises OSError."""
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
    """Remove the copies that killed programs left half."""
    for left in folder.glob(f".*.db.*{_UNFINISHED}"):
        pid = left.name.removesuffix(_UNFINISHED).rpartition(".")[2]
        if pid.isdigit() and not _runs(int(pid)):
            left.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Whether there is a process of this number; where that cannot be asked harmlessly, yes."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class WeeklyBackup:
    """Makes a backup when the newest, or the database itself, is a week old, and keeps the newest five of its own."""

    def __init__(self, database: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def make_if_due(self) -> Backup | None:
        """The backup, None where none was due. Several programs may ask at once: one makes it. Raises StoreError."""
        now = self._clock.now()
        since = self._newest() or self._born()
        if since is None or now - since < WEEK:
            return None
        lock = folder_of(self._database) / f".{self._database.stem}-weekly{_UNFINISHED}"
        try:
            make_private_folder(lock.parent)
            if lock.exists() and time.time() - lock.stat().st_mtime > _ABANDONED_S:
                lock.unlink(missing_ok=True)
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return None  # another program is at it
        except OSError as error:
            raise DatabaseUnusable(f"The weekly backup cannot be made in {lock.parent} ({error.strerror}).") from error
        try:
            newest = self._newest()
            if newest is not None and now - newest < WEEK:
                return None
            made = back_up(self._database, Reason.WEEKLY, now)
            prune(self._database, Reason.WEEKLY, WEEKLY_KEPT)
        finally:
            lock.unlink(missing_ok=True)
        return made

    def _newest(self) -> datetime | None:
        return next((each.made_at for each in backups(self._database) if each.reason is not Reason.DAMAGED), None)

    def _born(self) -> datetime | None:
        """When the first thing worth keeping was stored; None while there is nothing."""
        try:
            with closing(sqlite_file.connect(self._database, busy_timeout_s=_BUSY_S)) as connection:
                (first,) = connection.execute(
                    "SELECT min(at) FROM (SELECT min(created_at) AS at FROM jobs"
                    " UNION ALL SELECT min(created_at) FROM evidence_entries)"
                ).fetchone()
        except sqlite3.Error as error:
            translated: StoreError | None = store_error(error, self._database, _BUSY_S)
            raise translated or DatabaseUnusable(f"{self._database} cannot be read.") from error
        return None if first is None else datetime.fromtimestamp(first / 1e6, UTC)
