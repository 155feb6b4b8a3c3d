"""`devtrail-tui criteria`: the rubric that evidence is matched against."""

from __future__ import annotations

import click

from devtrail_tui.actions.criteria import import_criteria, list_criteria
from devtrail_tui.cli.files import force_option, print_or_write, read_document
from devtrail_tui.cli.output import json_option, print_json, print_result, report, shortened, table
from devtrail_tui.cli.session import opened

_DESCRIPTION_CELLS = 60


@click.group(short_help="List, import and export the criteria.")
def criteria() -> None:
    """The rubric that evidence is matched against."""


@criteria.command("list")
@json_option
def list_command(*, as_json: bool) -> int:
    """List the active criteria."""
    with opened() as services:
        in_force = list_criteria(services)
        rows = [
            (
                criterion.id,
                criterion.area_of_concentration,
                criterion.subarea,
                "yes" if criterion.pr_detectable else "no",
                shortened(" ".join(criterion.description.split()), _DESCRIPTION_CELLS),
            )
            for criterion in in_force.criteria
        ]
        lines = table(("Id", "Area", "Subarea", "In PRs", "Description"), rows)
        return print_result(in_force.to_json(), lines, as_json=as_json)


@criteria.command("import")
@click.argument("file", metavar="FILE|-")
@json_option
def import_command(*, file: str, as_json: bool) -> int:
    """Replace the criteria with those of a CSV file; missing ones are retired, never deleted."""
    document = read_document(file)
    with opened() as services:
        return report(import_criteria(services, document), as_json=as_json)


@criteria.command()
@click.option("--output", metavar="FILE", help="Write to a file instead of stdout.")
@force_option
@json_option
def export(*, output: str | None, force: bool, as_json: bool) -> int:
    """Write the criteria as CSV (with --json as JSON), for editing and import."""
    with opened() as services:
        in_force = list_criteria(services)
    if as_json and output is None:
        print_json(in_force.to_json())
        return 0
    print_or_write(in_force.to_csv(), output, force=force)
    if output is not None:
        details = {"exported": len(in_force.criteria), "file": output}
        print_result(details, [in_force.sentence(output)], as_json=as_json)
    return 0
