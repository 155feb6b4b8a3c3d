"""`devtrail-tui db`: look after the database. It works on the file, so also where the file cannot be opened any more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from devtrail_tui.cli.output import json_option, local_time, print_json, say, table
from devtrail_tui.core.job import iso
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings

_DAMAGED = 2
"""The exit code where the check finds something wrong."""
_WHY = {
    "asked": "made by hand",
    "weekly": "weekly",
    "migration": "before an update",
    "restore": "before a restore",
    "damaged": "damaged, kept at a restore",
}


@click.group(short_help="Back up, restore, check and tidy the database.")
def db() -> None:
    """Look after the database. A backup is also made once a week (the newest five are kept) and before every update."""


def _services() -> Services:
    return Services(load_settings(os.environ), environ=os.environ)


@db.command()
@click.option("--output", metavar="FILE", help="Write to this new file instead of the folder of backups.")
@json_option
def backup(*, output: str | None, as_json: bool) -> int:
    """Copy the whole database, also while it is in use; only you can read the copy."""
    made, found = _services().maintenance.back_up(Path(output).expanduser().absolute() if output else None)
    if as_json:
        print_json({"backup": str(made.path), "bytes": made.size, "schema": found.revision, "rows": dict(found.rows)})
    else:
        say(f"Backed up to {made.path} ({megabytes(made.size)}): {found.sentence}.")
    return 0


@db.command()
@json_option
def backups(*, as_json: bool) -> int:
    """List the backups, newest first."""
    listed = _services().maintenance.backups()
    if as_json:
        print_json([_backup_json(each) for each in listed])
        return 0
    if not listed:
        say("There is no backup yet. Make one: devtrail-tui db backup")
        return 0
    rows = [(local_time(each.made_at), _WHY[each.reason], megabytes(each.size), each.path.name) for each in listed]
    for line in table(("Made", "Why", "Size", "Backup"), rows, right=frozenset({2})):
        say(line)
    return 0


def _backup_json(each: Any) -> dict[str, Any]:
    return {"path": str(each.path), "madeAt": iso(each.made_at), "reason": str(each.reason), "bytes": each.size}


@db.command()
@click.argument("backup_file", metavar="BACKUP")
@click.option("--force", is_flag=True, help="Although DevTrail is open elsewhere; what is open there stops.")
@json_option
def restore(*, backup_file: str, force: bool, as_json: bool) -> int:
    """Put a backup (a path, or a name that `db backups` lists) in the place of the database. It is checked before; what stood
    there is kept as a backup."""
    maintenance = _services().maintenance
    source = maintenance.find(backup_file)
    done = maintenance.restore(source, although_open=force)
    if as_json:
        print_json(
            {
                "restored": str(source),
                "schema": done.contents.revision,
                "rows": dict(done.contents.rows),
                "kept": str(done.kept) if done.kept else None,
            }
        )
    else:
        say(f"Restored {source}: {done.contents.sentence}.")
        if done.kept:
            say(f"What stood there before is kept as {done.kept}.")
    return 0


@db.command()
@json_option
def check(*, as_json: bool) -> int:
    """Read the whole database and say what is wrong with it: pages, keys, counters, rows that belong to nothing."""
    maintenance = _services().maintenance
    wrong = maintenance.check()
    if as_json:
        print_json({"ok": not wrong, "database": str(maintenance.path), "problems": wrong})
    elif wrong:
        for each in wrong:
            say(f"✗ {each}")
        say("Restore a backup: devtrail-tui db backups lists them, devtrail-tui db restore BACKUP puts one in place.")
    else:
        say(f"✓ {maintenance.path} is whole: {maintenance.contents().sentence}.")
    return _DAMAGED if wrong else 0


@db.command()
@json_option
def vacuum(*, as_json: bool) -> int:
    """Give the room that deleted rows left back to the disk."""
    maintenance = _services().maintenance
    done = maintenance.vacuum()
    if as_json:
        print_json({"database": str(maintenance.path), "bytesBefore": done.before, "bytesAfter": done.after})
    else:
        say(f"{maintenance.path}: {megabytes(done.before)} before, {megabytes(done.after)} now.")
    return 0


def megabytes(count: int) -> str:
    """A size as people read it."""
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"
