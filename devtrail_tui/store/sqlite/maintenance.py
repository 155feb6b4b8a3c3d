"""Maintenance of a database file, which need not be open here: backups, checks, repairs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import NotFound, UsageError
from devtrail_tui.store.sqlite import backup, database_check, restore
from devtrail_tui.store.sqlite.backup import Backup, Reason
from devtrail_tui.store.sqlite.database_check import Contents
from devtrail_tui.store.sqlite.restore import Restored
from devtrail_tui.store.sqlite.sqlite_file import opened


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """The file's bytes before and after."""

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
        """Make a backup now; with its contents. Raises NotFound, StoreError."""
        copy = backup.back_up(self.path, Reason.ASKED, self._clock.now(), target)
        return copy, database_check.contents(copy.path, at_rest=True)

    def weekly_backup(self) -> Backup | None:
        """Make the automatic backup where it is due. Raises StoreError."""
        return backup.weekly_backup(self.path, self._clock.now())

    def find(self, name: str) -> Path:
        """A backup by its path, or by its file name in the folder of backups. Raises UsageError."""
        for path in (Path(name).expanduser(), backup.folder_of(self.path) / name):
            if path.is_file():
                return path.absolute()
        raise UsageError(f"There is no backup {name}; see what there is with: devtrail-tui db backups.")

    def restore(self, source: Path, *, although_open: bool = False) -> Restored:
        """Replace the database by a backup. Raises NotFound, NotPossible, StoreError."""
        return restore.restore(self.path, source, self._clock.now(), although_open=although_open)

    def check(self) -> list[str]:
        """What is wrong, a clause each; empty when all is well. Reads the whole file. Raises NotFound, StoreError."""
        return database_check.problems(self.path)

    def contents(self) -> Contents:
        """What is in the database. Raises NotFound, StoreError."""
        return database_check.contents(self.path)

    def vacuum(self) -> Vacuumed:
        """Rewrite the file without the space of deleted rows. Raises NotFound, StoreError."""
        if not self.path.is_file():
            raise NotFound(f"There is no database at {self.path}.")
        size = self.size()
        with opened(self.path, "cannot be rewritten") as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Vacuumed(size, self.size())

    def free_bytes(self) -> int:
        """Free space on the disk that holds the database. Raises OSError."""
        return shutil.disk_usage(self.path.parent).free

    def size(self) -> int:
        """Bytes of the database on the disk, its -wal included."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return sum(path.stat().st_size for path in (self.path, wal) if path.exists())
