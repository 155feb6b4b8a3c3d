"""Writes the evidence report as JSON or CSV, and names all formats."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from devtrail_tui.core.criteria_csv import without_formula
from devtrail_tui.core.evidence import EvidenceEntry, Match
from devtrail_tui.core.evidence_json import criterion_json, entry_json, match_json
from devtrail_tui.core.figures import FIGURES
from devtrail_tui.core.job import iso
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.reports.evidence_report import CONFIDENCE_NOTE, EvidenceReport, percent
from devtrail_tui.reports.markdown_report import TITLE, markdown

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
        "days": {"since": _day(report.days[0]), "until": _day(report.days[1])},
        "minConfidence": report.min_confidence,
        "models": list(report.model_names),
        "counts": {
            "entries": counts.entries,
            "matched": counts.matched,
            "below": counts.below,
            "withoutMatch": counts.without_match,
            "notAnalysed": counts.not_analysed,
            "failed": counts.failed,
            "outdated": counts.outdated,
        },
        "matchesBelow": sum(report.below.values()),
        "withoutEvidence": [criterion.id for criterion in report.without_evidence],
        "strongest": [entry.id for entry in report.strongest],
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


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


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
                **_entry_cells(report, support.entry),
            }
    for entry in report.unmatched:
        yield _entry_cells(report, entry)


def _match_cells(match: Match) -> dict[str, object]:
    return {
        "model_confidence_percent": percent(match.confidence),
        "explanation": match.explanation,
        "quotes": "\n".join(map(safe_line, match.quotes)),  # one a line
        "quote_sources": "\n".join(source for _, source in match.attributed_quotes()),
    }


def _entry_cells(report: EvidenceReport, entry: EvidenceEntry) -> dict[str, object]:
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
        "analysis": report.state_words(entry),
        "analysis_note": entry.analysis_note,
        "model": report.models.get(entry.id, ""),
    }


def _cell(value: object) -> str:
    """A cell as text; numbers stay numbers, text that looks like a formula is escaped with an apostrophe."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return _LATER_FORMULA.sub(r"\1'", without_formula(safe(value).strip()))
