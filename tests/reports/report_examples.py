"""Evidence and reports made for these tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from devtrail_tui.core.evidence import AnalysisState, Criterion, EvidenceEntry, EvidenceType, Match, Role
from devtrail_tui.reports.evidence_report import EvidenceReport

MADE = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CRITERIA = (
    Criterion("5", "Technical execution", "Debugging", "Finds root causes."),
    Criterion("12", "Judgement", "Risk", "Weighs risks."),
    Criterion("13", "Judgement", "Scope", "Cuts scope."),
)


def make_entry(key: int = 1, **changes: Any) -> EvidenceEntry:
    values: dict[str, Any] = {
        "id": key,
        "type": EvidenceType.PULL_REQUEST,
        "title": f"Change {key}",
        "description": "",
        "login": "ada",
        "pr_number": 100 + key,
        "pr_url": f"https://github.com/acme/shop/pull/{100 + key}",
        "repository": "acme/shop",
        "merged_at": datetime(2026, 3, key, 12, tzinfo=UTC),
        "figures": {"additions": 30, "deletions": 4, "changed_files": 2},
        "components": ("backend/orders",),
        "roles": (Role.AUTHOR,),
        "analysis_state": AnalysisState.ANALYSED,
        "analysis_note": "",
        "matches": (),
    }
    return EvidenceEntry(**{**values, **changes})


def make_report(*entries: EvidenceEntry, **changes: Any) -> EvidenceReport:
    models = {entry.id: "claude-sonnet-5-5" for entry in entries if entry.matches}
    values: dict[str, Any] = {"generated_at": MADE, "entries": entries, "criteria": CRITERIA, "models": models}
    return EvidenceReport(**{**values, **changes})


def match(criterion: str = "5", confidence: float = 0.88, *quotes: str, explanation: str = "Found the cause.") -> Match:
    return Match(criterion, confidence, explanation, quotes or ("the retry storm came from the pool",))
