"""Writes the evidence report as Markdown, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from devtrail_tui.core.criteria_csv import without_formula
from devtrail_tui.core.evidence import OUTDATED, EvidenceEntry, Match
from devtrail_tui.core.evidence_json import criterion_json, entry_json, match_json
from devtrail_tui.core.figures import FIGURES, phrases
from devtrail_tui.core.job import iso
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.reports.evidence_report import (
    CONFIDENCE_NOTE,
    EvidenceReport,
    MatchedEntry,
    Section,
    counts_words,
    state_words,
)
from devtrail_tui.reports.markdown_text import fenced, inline, link

TITLE = "Evidence by criterion"
CSV_COLUMNS = (
    "criterion_id",
    "area_of_concentration",
    "subarea",
    "model_confidence_percent",
    "explanation",
    "quotes",
    "quote_sources",
    "evidence_id",
    "title",
    "url",
    "repository",
    "pr_number",
    "login",
    "roles",
    "merged_at",
    *(figure.name for figure in FIGURES),
    "components",
    "analysis",
    "analysis_note",
    "model",
)


def markdown(report: EvidenceReport) -> str:
    """A document with a header that explains its content and limits."""
    blocks = [f"# {TITLE}", *_header(report)]
    area = None
    for section in report.sections:
        if section.criterion.area_of_concentration != area:
            area = section.criterion.area_of_concentration
            blocks.append(f"## {inline(area) or 'Other'}")
        blocks.extend(_section(section))
    if report.unmatched:
        blocks.append("## Without a match")
        blocks.append("These match no criterion above; “not analysed” says nothing about their value.")
        blocks.append("\n".join(_listed(entry) for entry in report.unmatched))
    return "\n\n".join(blocks) + "\n"


def as_json(report: EvidenceReport) -> str:
    """One JSON object: header, entries, and per criterion the entries' ids with confidence and quotes."""
    period, counts = report.period, report.counts
    document = {
        "report": TITLE,
        "demo": report.demo,
        "generatedAt": iso(report.generated_at),
        "logins": list(report.logins),
        "chosen": report.chosen,
        "period": {"from": iso(period[0]), "to": iso(period[1])} if period else None,
        "models": list(report.model_names),
        "counts": {
            "entries": counts.entries,
            "matched": counts.matched,
            "withoutMatch": counts.without_match,
            "notAnalysed": counts.not_analysed,
            "failed": counts.failed,
            "outdated": counts.outdated,
        },
        "confidence": CONFIDENCE_NOTE,
        "criteria": [
            {
                **criterion_json(section.criterion),
                "evidence": [
                    {"id": support.entry.id, **_without_criterion(match_json(support.match))}
                    for support in section.supports
                ],
            }
            for section in report.sections
        ],
        "entries": [{**entry_json(entry), "model": report.models.get(entry.id) or None} for entry in report.entries],
    }
    return json.dumps(document, indent=2) + "\n"


def as_csv(report: EvidenceReport) -> str:
    """One row per criterion and entry, then the entries without a match; cells are escaped against spreadsheet formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in _rows(report):
        writer.writerow([_cell(row.get(column)) for column in CSV_COLUMNS])
    return out.getvalue()


_LATER_FORMULA = re.compile(r"([;\t|]\s{0,20})(?=[=+\-@＝＋－＠])")
"""A formula behind a separator of another kind of CSV, at which some spreadsheets split."""
FORMATS: Mapping[str, Callable[[EvidenceReport], str]] = {"md": markdown, "json": as_json, "csv": as_csv}
"""The formats by the name of the option."""


def _header(report: EvidenceReport) -> Iterator[str]:
    if report.demo:
        yield "**Demo data: people, repositories and pull requests are made up.**"
    whose = ", ".join(f"**{inline(login)}**" for login in report.logins) or "nobody yet"
    yield f"Pull requests that {whose} wrote, commented on or reviewed, as collected by DevTrail."
    period = report.period
    models = ", ".join(inline(name) for name in report.model_names) or "none: nothing was analysed"
    lines = [
        f"- Merged: {period[0]:%Y-%m-%d} to {period[1]:%Y-%m-%d} (UTC)" if period else "- Merged: no evidence",
        f"- {counts_words(report.counts)}",
        f"- Model: {models}",
        f"- {CONFIDENCE_NOTE}",
        f"- Created: {report.generated_at:%Y-%m-%d %H:%M} UTC",
    ]
    if report.chosen:
        lines.insert(0, f"- Filter: {inline(report.chosen)}")
    yield "\n".join(lines)


def _section(section: Section) -> Iterator[str]:
    criterion = section.criterion
    name = " · ".join(inline(name_part) for name_part in (criterion.id, criterion.subarea) if name_part)
    yield f"### Criterion {name}"
    if criterion.description:
        yield inline(criterion.description)
    for support in section.supports:
        yield from _support(support)


def _support(support: MatchedEntry) -> Iterator[str]:
    entry, match = support.entry, support.match
    yield f"#### {link(entry.title or 'Untitled', entry.pr_url)}"
    outdated = f" · {OUTDATED}" if entry.outdated else ""
    yield f"{_facts(entry)} · model's confidence {percent(match.confidence)} %{outdated}"
    if match.explanation:
        yield inline(match.explanation)
    for quote, source in match.attributed_quotes():
        yield fenced(quote)
        if source:
            yield f"— {inline(source)}"


def _facts(entry: EvidenceEntry) -> str:
    facts = [
        " ".join(filter(None, (inline(entry.repository or ""), f"\\#{entry.pr_number}" if entry.pr_number else ""))),
        ", ".join(str(role) for role in entry.roles),
        f"merged {entry.merged_at:%Y-%m-%d}" if entry.merged_at else "",
        *phrases(entry.figures),
        ", ".join(inline(component) for component in entry.components),
    ]
    return " · ".join(fact for fact in facts if fact)


def _listed(entry: EvidenceEntry) -> str:
    note = f" ({inline(entry.analysis_note)})" if entry.analysis_note else ""
    return f"- {link(entry.title or 'Untitled', entry.pr_url)} · {_facts(entry)} · {state_words(entry)}{note}"


def percent(confidence: float) -> int:
    """A stored confidence (0.0-1.0) as a whole percentage."""
    return round(confidence * 100)


def _without_criterion(match: dict[str, Any]) -> dict[str, Any]:
    return {key: field_value for key, field_value in match.items() if key != "criterionId"}


def _rows(report: EvidenceReport) -> Iterator[dict[str, object]]:
    for section in report.sections:
        criterion = section.criterion
        for support in section.supports:
            yield {
                "criterion_id": criterion.id,
                "area_of_concentration": criterion.area_of_concentration,
                "subarea": criterion.subarea,
                **_match_cells(support.match),
                **_entry_cells(support.entry, report.models),
            }
    for entry in report.unmatched:
        yield _entry_cells(entry, report.models)


def _match_cells(match: Match) -> dict[str, object]:
    return {
        "model_confidence_percent": percent(match.confidence),
        "explanation": match.explanation,
        "quotes": "\n".join(map(safe_line, match.quotes)),  # one a line
        "quote_sources": "\n".join(source for _, source in match.attributed_quotes()),
    }


def _entry_cells(entry: EvidenceEntry, models: Mapping[int, str]) -> dict[str, object]:
    return {
        "evidence_id": entry.id,
        "title": safe_line(entry.title),
        "url": entry.pr_url,
        "repository": entry.repository,
        "pr_number": entry.pr_number,
        "login": entry.login,
        "roles": ", ".join(str(role) for role in entry.roles),
        "merged_at": iso(entry.merged_at),
        **{figure.name: entry.figures.get(figure.name) for figure in FIGURES},
        "components": ", ".join(entry.components),
        "analysis": state_words(entry),
        "analysis_note": entry.analysis_note,
        "model": models.get(entry.id, ""),
    }


def _cell(value: object) -> str:
    """A cell as text; numbers stay numbers, text that looks like a formula is escaped with an apostrophe."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return _LATER_FORMULA.sub(r"\1'", without_formula(safe(value).strip()))
