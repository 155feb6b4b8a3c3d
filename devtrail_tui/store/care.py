"""What a person, or the program by itself, does to look after a database file that need not be open here."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import DatabaseUnusable, NotFound, UsageError
from devtrail_tui.store import backup, database_check, restore, sqlite_file
from devtrail_tui.store.backup import Backup, Reason
from devtrail_tui.store.database_check import Contents
from devtrail_tui.store.restore import Restored
from devtrail_tui.store.sqlite_errors import store_error

_BUSY_S = 15.0


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """The file's bytes before and after."""

    before: int
    after: int


class DatabaseCare:
    """Backups, checks and repairs of the database at `path`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def backups(self) -> list[Backup]:
        """What there is to restore, newest first."""
        return backup.backups(self.path)

    def back_up(self, target: Path | None = None) -> tuple[Backup, Contents]:
        """Make a backup now, and say what is in it. Raises NotFound, StoreError."""
        made = backup.back_up(self.path, Reason.ASKED, self._clock.now(), target)
        return made, database_check.contents(made.path, at_rest=True)

    def weekly_backup(self) -> Backup | None:
        """The automatic one, where it is due. Raises StoreError."""
        return backup.WeeklyBackup(self.path, self._clock).make_if_due()

    def find(self, name: str) -> Path:
        """A backup by its path, or by its file name in the folder of backups. Raises UsageError."""
        for path in (Path(name).expanduser(), backup.folder_of(self.path) / name):
            if path.is_file():
                return path.absolute()
        raise UsageError(f"There is no backup {name}; see what there is with: devtrail-tui db backups.")

    def restore(self, source: Path, *, although_open: bool = False) -> Restored:
        """Put a backup in the database's place. Raises NotFound, NotPossible, StoreError."""
        return restore.restore(self.path, source, self._clock.now(), although_open=although_open)

    def check(self) -> list[str]:
        """What is wrong, a clause each; empty when all is well. Reads the whole file. Raises NotFound, StoreError."""
        return database_check.problems(self.path)

    def contents(self) -> Contents:
        """What is in the database. Raises NotFound, StoreError."""
        return database_check.contents(self.path)

    def vacuum(self) -> Vacuumed:
        """Write the file anew without the room that deleted rows left. Raises NotFound, StoreError."""
        if not self.path.is_file():
            raise NotFound(f"There is no database at {self.path}.")
        before = self.size()
        try:
            with closing(sqlite_file.connect(self.path, busy_timeout_s=_BUSY_S)) as connection:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise store_error(error, self.path, _BUSY_S) or DatabaseUnusable(
                f"{self.path} cannot be rewritten ({error})."
            ) from error
        return Vacuumed(before, self.size())

    def free_bytes(self) -> int:
        """Room on the disk that holds the database. Raises OSError."""
        return shutil.disk_usage(self.path.parent).free

    def size(self) -> int:
        """Bytes of the database on the disk, its -wal included."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return sum(each.stat().st_size for each in (self.path, wal) if each.exists())
