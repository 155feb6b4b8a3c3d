"""`devtrail-tui doctor`: all checks, one per line."""

from __future__ import annotations

import click

from devtrail_tui.actions.doctor import State, diagnose
from devtrail_tui.cli.output import json_option, print_json, say
from devtrail_tui.cli.session import prepared

_LOOK = {State.OK: ("✓", "green"), State.NOTE: ("!", "yellow"), State.WRONG: ("✗", "red")}


@click.command(short_help="Check paths, database, token, keys and limits.")
@click.option("--offline", is_flag=True, help="Do not contact GitHub or Claude.")
@json_option
def doctor(*, offline: bool, as_json: bool) -> int:
    """Check folders, database, disk, backups, GitHub token, Claude key and limits. It is free; no secret is printed."""
    with prepared() as services:
        diagnosis = diagnose(services, offline=offline)
    if as_json:
        print_json(diagnosis.to_json())
        return diagnosis.exit_code
    for check in diagnosis.checks:
        sign, colour = _LOOK[check.state]
        click.echo(click.style(f"{sign} {check.state:<5}", fg=colour), nl=False)
        say(f" {check.name:<13} {check.message}")
    return diagnosis.exit_code
