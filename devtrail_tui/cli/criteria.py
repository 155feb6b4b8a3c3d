"""`devtrail-tui criteria`: the rubric that evidence is matched against."""

from __future__ import annotations

import click

from devtrail_tui.cli.files import read_document, write_document
from devtrail_tui.cli.output import json_option, print_json, say, shortened, table
from devtrail_tui.cli.session import opened
from devtrail_tui.core.criteria_csv import dump, parse
from devtrail_tui.core.evidence_json import criterion_json

_DESCRIPTION_CELLS = 60


@click.group(short_help="List, import and export the criteria.")
def criteria() -> None:
    """The rubric that evidence is matched against."""


@criteria.command("list")
@json_option
def list_criteria(*, as_json: bool) -> int:
    """List the criteria in force."""
    with opened() as services:
        listed = services.criteria.list()
        if as_json:
            print_json([criterion_json(each) for each in listed])
            return 0
        rows = [
            (
                each.id,
                each.area_of_concentration,
                each.subarea,
                "yes" if each.pr_detectable else "no",
                shortened(" ".join(each.description.split()), _DESCRIPTION_CELLS),
            )
            for each in listed
        ]
        for line in table(("Id", "Area", "Subarea", "In PRs", "Description"), rows):
            say(line)
        return 0


@criteria.command("import")
@click.argument("file", metavar="FILE|-")
@json_option
def import_criteria(*, file: str, as_json: bool) -> int:
    """Replace the criteria by those of a CSV file; one that is missing from it is retired, never deleted."""
    wanted = parse(read_document(file))
    with opened() as services:
        done = services.criteria.import_(wanted).result()
        if as_json:
            counts = {
                "added": done.added,
                "changed": done.changed,
                "retired": done.retired,
                "unchanged": done.unchanged,
            }
            print_json({"imported": len(wanted), **counts})
        else:
            say(
                f"{len(wanted)} in force now: {done.added} added, {done.changed} changed, {done.unchanged} unchanged; "
                f"{done.retired} retired."
            )
        return 0


@criteria.command()
@click.option("--output", metavar="FILE", help="Write to a file instead of stdout.")
@json_option
def export(*, output: str | None, as_json: bool) -> int:
    """Write the criteria as CSV (with --json as JSON), ready to be edited and imported again."""
    with opened() as services:
        listed = services.criteria.list()
    if as_json and output is None:
        print_json([criterion_json(each) for each in listed])
        return 0
    write_document(dump(listed), output)
    if output is not None:
        if as_json:
            print_json({"exported": len(listed), "file": output})
        else:
            say(f"{len(listed)} criteria written to {output}.")
    return 0
