"""The JSON shape of evidence, used by `--json`, exports and the HTTP API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from devtrail_tui.core.evidence import Criterion, EvidenceDetail, EvidenceEntry, Match
from devtrail_tui.core.figures import FIGURES, Figures
from devtrail_tui.core.job import iso
from devtrail_tui.core.setting import camel


def entry_json(entry: EvidenceEntry) -> dict[str, Any]:
    """One entry for lists. Times are UTC, `confidence` is the model's, 0.0-1.0."""
    return {
        "id": entry.id,
        "type": str(entry.type),
        "title": entry.title,
        "description": entry.description,
        "login": entry.login,
        "repository": entry.repository,
        "prNumber": entry.pr_number,
        "prUrl": entry.pr_url,
        "mergedAt": iso(entry.merged_at),
        **figures_json(entry.figures),
        "components": list(entry.components),
        "roles": [str(role) for role in entry.roles],
        "analysisState": str(entry.analysis_state),
        "analysisNote": entry.analysis_note,
        "judgedBeforeLatestChange": entry.outdated,
        "matches": [match_json(match) for match in entry.matches],
    }


def figures_json(figures: Figures) -> dict[str, float | None]:
    """The known figures of an entry by JSON key."""
    return {camel(figure.name): figures[figure.name] for figure in FIGURES if figure.name in figures}


def match_json(match: Match) -> dict[str, Any]:
    """The model's match of one entry and one criterion. `quotePlaces`: for each quote its text of the pull request (`kind`, and
    `index` in the content's list of that kind), author, and offsets in characters."""
    return {
        "criterionId": match.criterion_id,
        "confidence": round(match.confidence, 4),
        "explanation": match.explanation,
        "quotes": list(match.quotes),
        "quotePlaces": [asdict(place) for place in match.quote_places],
    }


def detail_json(detail: EvidenceDetail) -> dict[str, Any]:
    """One entry with its metrics, its pull request as fetched, and the model that analysed it."""
    return {
        **entry_json(detail.entry),
        "metrics": figures_json(detail.entry.figures) or None,
        "model": detail.model or None,
        "analysedAt": iso(detail.analysed_at),
        "content": dict(detail.content),
    }


def criterion_json(criterion: Criterion) -> dict[str, Any]:
    """One criterion with the column names of the criteria file as keys."""
    return {
        "criterion_id": criterion.id,
        "area_of_concentration": criterion.area_of_concentration,
        "subarea": criterion.subarea,
        "description": criterion.description,
        "pr_detectable": criterion.pr_detectable,
    }
