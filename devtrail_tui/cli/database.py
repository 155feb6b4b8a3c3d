"""`devtrail-tui db`: maintain the database file, even if the database cannot be opened."""

from __future__ import annotations

import click

from devtrail_tui.actions import maintenance
from devtrail_tui.cli.output import json_option, print_result, report, table
from devtrail_tui.cli.session import prepared
from devtrail_tui.core.typed_paths import typed_path
from devtrail_tui.core.wording import file_size, local_time


@click.group(short_help="Back up, restore, check and shrink the database.")
def db() -> None:
    """Maintain the database. Backups are also made once a week (the newest five are kept) and before every update."""


@db.command()
@click.option("--output", metavar="FILE", help="Write to this new file instead of the folder of backups.")
@json_option
def backup(*, output: str | None, as_json: bool) -> int:
    """Copy the whole database, even while it is in use; only you can read the copy."""
    target = typed_path(output).absolute() if output else None
    with prepared() as services:
        return report(maintenance.back_up(services, target), as_json=as_json)


@db.command()
@json_option
def backups(*, as_json: bool) -> int:
    """List the backups, newest first."""
    with prepared() as services:
        rows = maintenance.list_backups(services)
    reasons = maintenance.BACKUP_REASONS
    cells = [(local_time(row.made_at), reasons[row.reason], file_size(row.size), row.path.name) for row in rows]
    lines = table(("Made", "Reason", "Size", "Backup"), cells, right={2})
    if not rows:
        lines = ["There is no backup yet. Make one: devtrail-tui db backup"]
    return print_result([row.to_json() for row in rows], lines, as_json=as_json)


@db.command()
@click.argument("backup_file", metavar="BACKUP")
@click.option("--force", is_flag=True, help="Restore even if DevTrail is open elsewhere, and stop it there.")
@json_option
def restore(*, backup_file: str, force: bool, as_json: bool) -> int:
    """Replace the database with a backup: a path, or a name from `db backups`. The backup is checked first; the replaced
    database becomes a backup."""
    with prepared() as services:
        return report(maintenance.restore_backup(services, backup_file, although_open=force), as_json=as_json)


@db.command()
@json_option
def check(*, as_json: bool) -> int:
    """Check the whole database: pages, keys, counters, rows without their parent."""
    with prepared() as services:
        return report(maintenance.check_database(services), as_json=as_json)


@db.command()
@json_option
def vacuum(*, as_json: bool) -> int:
    """Return the space of deleted rows to the disk."""
    with prepared() as services:
        return report(maintenance.vacuum(services), as_json=as_json)
