"""`devtrail-tui evidence`: list, show and export the collected evidence."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from devtrail_tui.actions.evidence import (
    DOCUMENT_FORMATS,
    MIN_CONFIDENCE,
    delete_evidence,
    export_evidence,
    find_evidence,
    format_of,
    get_entry,
    hidden_notice,
    list_evidence,
)
from devtrail_tui.cli.days import day_options, typed_days
from devtrail_tui.cli.files import force_option, print_or_write
from devtrail_tui.cli.output import json_option, narrate, print_result, report, table
from devtrail_tui.cli.row_id import ROW_ID
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.evidence import OUTDATED, AnalysisState, EvidenceDetail, EvidenceEntry
from devtrail_tui.core.evidence_json import detail_json
from devtrail_tui.core.figures import phrases
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count_of, utc_day

_MATCHES_LISTED = 3
_filter_argument = click.argument("query", nargs=-1, metavar="[FILTER]...")


@click.group(short_help="List, show and export the evidence.")
def evidence() -> None:
    """The collected evidence and the criteria it matches."""


@evidence.command("list")
@_filter_argument
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, metavar="N", help="Maximum number. Default: 50.")
@json_option
def list_command(*, query: tuple[str, ...], limit: int, as_json: bool) -> int:
    """List evidence, newest merge first. FILTER: repo:shop criterion:DEBUG-1 role:reviewer state:not_analysed, or words."""
    with opened() as services:
        page = list_evidence(services, " ".join(query), limit=limit)
        rows = [
            (
                str(entry.id),
                utc_day(entry.merged_at),
                f"{entry.repository or ''}#{entry.pr_number or ''}",
                entry.title,
                ", ".join(str(role) for role in entry.roles),
                _matches(entry),
            )
            for entry in page.entries
        ]
        lines = table(("#", "Merged", "Pull request", "Title", "Role", "Matches"), rows, right={0})
        print_result(page.to_json(), lines, as_json=as_json)
        if notice := hidden_notice(services):
            narrate(notice)
        if as_json:
            return 0
        if not page.entries:
            narrate("No such evidence." if query else "No evidence yet. Collect some: devtrail-tui sync OWNER/REPO")
        elif page.more:
            narrate("There may be more: raise --limit.")
        return 0


def _matches(entry: EvidenceEntry) -> str:
    if entry.analysis_state is not AnalysisState.ANALYSED:
        return str(entry.analysis_state).replace("_", " ")
    matches = ", ".join(
        f"{match.criterion_id} {match.confidence * 100:.0f} %" for match in entry.matches[:_MATCHES_LISTED]
    )
    matches = matches or "no match"
    return f"{matches}, {OUTDATED}" if entry.outdated else matches


@evidence.command()
@click.argument("evidence_id", metavar="ID", type=ROW_ID)
@json_option
def show(*, evidence_id: int, as_json: bool) -> int:
    """Show one entry: figures, components, and each match with explanation and quotes."""
    with opened() as services:
        detail = get_entry(services, evidence_id)
        return print_result(detail_json(detail), _described(detail), as_json=as_json)


def _described(detail: EvidenceDetail) -> Iterator[str]:
    entry = detail.entry
    yield safe_line(entry.title)
    roles = ", ".join(str(role) for role in entry.roles)
    yield f"{entry.repository or ''}#{entry.pr_number or ''} · {roles} · {entry.pr_url or ''}"
    yield " · ".join((f"merged {utc_day(entry.merged_at)}", *phrases(entry.figures)))
    if entry.components:
        yield f"components: {', '.join(entry.components)}"
    not_matched = entry.analysis_state is not AnalysisState.ANALYSED or not entry.matches
    if not_matched or entry.outdated:
        yield ""
        note = f": {entry.analysis_note}" if entry.analysis_note else ""
        yield f"{_matches(entry) if not_matched else OUTDATED}{note}"
    for match in entry.matches:
        yield ""
        yield f"{match.criterion_id} · {match.confidence * 100:.0f} % ({detail.model or 'model'}'s own confidence)"
        yield f"  {safe_line(match.explanation)}"
        for quote, source in match.attributed_quotes():
            yield f"  > {safe_line(quote)}{f' ({safe_line(source)})' if source else ''}"


@evidence.command()
@_filter_argument
@click.option(
    "--format", "document_format", type=click.Choice(DOCUMENT_FORMATS), help="Default: md, or by FILE's extension."
)
@click.option("--output", metavar="FILE", help="Write to a file instead of stdout.")
@click.option(
    "--min-confidence",
    type=click.IntRange(0, 100),
    default=MIN_CONFIDENCE,
    metavar="PERCENT",
    help=f"Leave out weaker matches; 0: none. Default: {MIN_CONFIDENCE}.",
)
@day_options
@force_option
@json_option
def export(
    *,
    query: tuple[str, ...],
    document_format: str | None,
    output: str | None,
    min_confidence: int,
    since: str | None,
    until: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Write the evidence by criterion: a summary, then each pull request with links and quotes. FILTER as in list. --since and
    --until: days of the merge. --json: the json format; with --output, a summary."""
    document_format = document_format or format_of(output) or ("json" if as_json else "md")
    if as_json and output is None and document_format != "json":
        raise UsageError("--json prints the json format; use --output to write another format to a file.")
    with opened() as services:
        days = typed_days(since, until)
        exported = export_evidence(services, document_format, " ".join(query), min_confidence=min_confidence, days=days)
    print_or_write(exported.text, output, force=force)
    if notice := exported.notice(min_confidence):
        narrate(f"{notice} To include them: --min-confidence 0.")
    if output is not None:
        details = {
            "exported": exported.entries,
            "format": document_format,
            "file": output,
            "matchesBelow": exported.below,
        }
        print_result(details, [exported.sentence(output)], as_json=as_json)
    return 0


@evidence.command()
@click.argument("ids", nargs=-1, metavar="[ID]...", type=ROW_ID)
@click.option("--repository", "repositories", multiple=True, metavar="OWNER/REPO", help="All entries of a repository.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(*, ids: tuple[int, ...], repositories: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Delete entries with their judgements and the stored texts of their analyses."""
    if not ids and not repositories:
        raise UsageError("Name entries by their numbers, or a repository with --repository.")
    with opened() as services:
        chosen = find_evidence(services, ids, repositories)
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"This deletes {count_of(len(chosen), 'entry', 'entries')}; confirm with --yes.")
            question = f"Delete {count_of(len(chosen), 'entry', 'entries')} for good?"
            if not click.confirm(question, err=True):
                narrate("Nothing was deleted.")
                return 0
        return report(delete_evidence(services, chosen), as_json=as_json)
