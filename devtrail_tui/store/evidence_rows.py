"""Rows of `evidence_entries` and `evidence_criteria` as the frozen values that leave the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from devtrail_tui.core.evidence import AnalysisState, EvidenceEntry, EvidenceType, Match, Role
from devtrail_tui.store.chunks import in_chunks
from devtrail_tui.store.tables import evidence_criteria, evidence_entries

ENTRY_COLUMNS = tuple(evidence_entries.c[name] for name in EvidenceEntry.__dataclass_fields__ if name != "matches")
_ENTRIES = select(*ENTRY_COLUMNS).where(evidence_entries.c.id.in_(bindparam("ids", expanding=True)))
_MATCHES = (
    select(
        evidence_criteria.c.evidence_id,
        evidence_criteria.c.criterion_id,
        evidence_criteria.c.confidence,
        evidence_criteria.c.explanation,
        evidence_criteria.c.quotes,
    )
    .where(evidence_criteria.c.evidence_id.in_(bindparam("ids", expanding=True)))
    .order_by(evidence_criteria.c.confidence.desc(), evidence_criteria.c.criterion_id)
)


def entries_on(connection: Connection, ids: Sequence[int]) -> dict[int, EvidenceEntry]:
    """The entries with these ids and their matches, strongest first, in the order of `ids`; unknown ids are left out."""
    rows: dict[int, Row[Any]] = {}
    matches: defaultdict[int, list[Match]] = defaultdict(list)
    for some in in_chunks(ids):
        rows.update((row.id, row) for row in connection.execute(_ENTRIES, {"ids": some}))
        for evidence_id, criterion_id, confidence, explanation, quotes in connection.execute(_MATCHES, {"ids": some}):
            matches[evidence_id].append(Match(criterion_id, float(confidence), explanation, tuple(quotes)))
    return {each: _entry(rows[each], tuple(matches[each])) for each in ids if each in rows}


def _entry(row: Row[Any], matches: tuple[Match, ...]) -> EvidenceEntry:
    values = row._asdict()
    values["type"] = EvidenceType(values["type"])
    values["components"] = tuple(values["components"])
    values["roles"] = tuple(Role(each) for each in values["roles"])
    values["analysis_state"] = AnalysisState(values["analysis_state"])
    return EvidenceEntry(**values, matches=matches)
