"""Database file maintenance: back up, restore, check, shrink. The database need not be open and may be damaged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devtrail_tui.actions import Outcome
from devtrail_tui.core.job import iso
from devtrail_tui.core.wording import file_size

if TYPE_CHECKING:
    from devtrail_tui.actions import Services

BACKUP_REASONS = {
    "asked": "made by hand",
    "weekly": "weekly",
    "migration": "before an update",
    "restore": "before a restore",
    "damaged": "damaged, replaced by a restore",
}


@dataclass(frozen=True, slots=True)
class BackupRow:
    """A backup in a list; `reason` is a key of BACKUP_REASONS, `size` is in bytes."""

    path: Path
    made_at: datetime
    reason: str
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"path": str(self.path), "madeAt": iso(self.made_at), "reason": self.reason, "bytes": self.size}


def back_up(services: Services, target: Path | None = None) -> Outcome:
    """Copy the database to the backup folder or to a new file. Raises NotFound, UsageError, StoreError."""
    backup, contents = services.maintenance.back_up(target)
    return Outcome(
        f"Backed up to {backup.path} ({file_size(backup.size)}): {contents.sentence}.",
        {"backup": str(backup.path), "bytes": backup.size, "schema": contents.revision, "rows": dict(contents.rows)},
    )


def list_backups(services: Services) -> list[BackupRow]:
    """The backups, newest first. Raises StoreError."""
    return [
        BackupRow(backup.path, backup.made_at, str(backup.reason), backup.size)
        for backup in services.maintenance.backups()
    ]


def restore_backup(services: Services, name: str, *, although_open: bool) -> Outcome:
    """Replace the database with a backup: a path, or a name in the backup folder. Raises UsageError, StoreError."""
    source = services.maintenance.find(name)
    restored = services.maintenance.restore(source, although_open=although_open)
    contents, replaced = restored.contents, restored.kept
    sentence = f"Restored {source}: {contents.sentence}."
    return Outcome(
        f"{sentence}\nThe replaced database is now the backup {replaced}." if replaced else sentence,
        {
            "restored": str(source),
            "schema": contents.revision,
            "rows": dict(contents.rows),
            "kept": str(replaced) if replaced else None,
        },
    )


def check_database(services: Services) -> Outcome:
    """Check the whole file and report one problem per line. Raises NotFound, StoreError."""
    path, problems = services.maintenance.path, services.maintenance.check()
    lines = [f"✗ {problem}" for problem in problems] or [
        f"✓ {path} is intact: {services.maintenance.contents().sentence}."
    ]
    if problems:
        lines.append(
            "Restore a backup: devtrail-tui db backups lists them, devtrail-tui db restore BACKUP replaces the database."
        )
    details = {"ok": not problems, "database": str(path), "problems": problems}
    return Outcome("\n".join(lines), details, exit_code=2 if problems else 0)


def vacuum(services: Services) -> Outcome:
    """Return the space of deleted rows to the disk. Raises NotFound, StoreError."""
    path, sizes = services.maintenance.path, services.maintenance.vacuum()
    return Outcome(
        f"{path}: {file_size(sizes.before)} before, {file_size(sizes.after)} now.",
        {"database": str(path), "bytesBefore": sizes.before, "bytesAfter": sizes.after},
    )
