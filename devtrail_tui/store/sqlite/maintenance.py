"""Maintenance of a database file, which need not be open: backups, checks, repairs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import NotFound, UsageError
from devtrail_tui.core.typed_paths import typed_path
from devtrail_tui.store.sqlite import backup, database_check, restore
from devtrail_tui.store.sqlite.backup import Backup, Reason
from devtrail_tui.store.sqlite.database_check import Contents
from devtrail_tui.store.sqlite.restore import RestoreResult
from devtrail_tui.store.sqlite.sqlite_file import opened


@dataclass(frozen=True, slots=True)
class FileSizes:
    """The file size in bytes before and after."""

    before: int
    after: int


class DatabaseMaintenance:
    """Backups, checks and repairs of the database at `path`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def backups(self) -> list[Backup]:
        """All backups, newest first."""
        return backup.backups(self.path)

    def back_up(self, target: Path | None = None) -> tuple[Backup, Contents]:
        """Make a backup; returns it with its contents. Raises NotFound, StoreError."""
        copy = backup.back_up(self.path, Reason.ASKED, self._clock.now(), target)
        return copy, database_check.contents(copy.path, at_rest=True)

    def weekly_backup(self, aborted: Callable[[], bool] = lambda: False) -> Backup | None:
        """Make the weekly backup if it is due. Raises StoreError, also once `aborted` returns true."""
        return backup.weekly_backup(self.path, self._clock.now(), aborted)

    def backups_with_secret(self, entry: str) -> list[Path]:
        """The backups that hold an encrypted secret. Raises StoreError."""
        return backup.with_secret(self.path, entry)

    def forget_secret_in_backups(self, entry: str) -> int:
        """Delete an encrypted secret from all backups; returns in how many it was. Raises StoreError."""
        holding = backup.with_secret(self.path, entry)
        for path in holding:
            backup.forget_secret(path, entry)
        return len(holding)

    def find(self, name: str) -> Path:
        """A backup by path, or by file name in the backup folder. Raises UsageError."""
        for path in (typed_path(name), backup.folder_of(self.path) / name):
            if path.is_file():
                return path.absolute()
        raise UsageError(f"There is no backup {name}; list them with: devtrail-tui db backups.")

    def restore(self, source: Path, *, although_open: bool = False) -> RestoreResult:
        """Replace the database with a backup. Raises NotFound, NotPossible, StoreError."""
        return restore.restore(self.path, source, self._clock.now(), although_open=although_open)

    def check(self) -> list[str]:
        """The problems of the database, a clause each. Reads the whole file. Raises NotFound, StoreError."""
        return database_check.problems(self.path)

    def contents(self) -> Contents:
        """The contents of the database. Raises NotFound, StoreError."""
        return database_check.contents(self.path)

    def vacuum(self) -> FileSizes:
        """Rewrite the file without the space of deleted rows. Raises NotFound, StoreError."""
        if not self.path.is_file():
            raise NotFound(f"There is no database at {self.path}.")
        size = self.size()
        with opened(self.path, "cannot be rewritten") as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return FileSizes(size, self.size())

    def free_bytes(self) -> int:
        """Free bytes on the database's disk. Raises OSError."""
        return shutil.disk_usage(self.path.parent).free

    def size(self) -> int:
        """The database's size on disk in bytes, its -wal included."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return sum(path.stat().st_size for path in (self.path, wal) if path.exists())
