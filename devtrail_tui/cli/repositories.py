"""`devtrail-tui repositories`: where the person took part."""

from __future__ import annotations

import asyncio

import click

from devtrail_tui.actions.repositories import repositories_taken_part
from devtrail_tui.cli.days import day_options, typed_days
from devtrail_tui.cli.output import json_option, narrate, print_result, table
from devtrail_tui.cli.session import opened
from devtrail_tui.core.wording import count


@click.command(short_help="List the repositories you took part in.")
@day_options
@json_option
def repositories(*, since: str | None, until: str | None, as_json: bool) -> int:
    """List the repositories with your pull requests, reviews and comments, most first. It is free and stores nothing."""
    with opened() as services:
        taken_part = asyncio.run(repositories_taken_part(services, *typed_days(since, until)))
    rows = [
        (each.repository, count(each.pull_requests), count(each.reviews), count(each.comments))
        for each in taken_part.participation.repositories
    ]
    lines = table(("Repository", "Opened", "Reviewed", "Commented on"), rows, right={1, 2, 3}) if rows else []
    narrate(taken_part.summary)
    return print_result(taken_part.to_json(), lines, as_json=as_json)
