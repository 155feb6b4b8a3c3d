"""Rows of `evidence_entries` and `evidence_criteria` as the frozen values that leave the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select

from devtrail_tui.core.evidence import AnalysisState, EvidenceEntry, EvidenceType, KnownPullRequest, Match, Role
from devtrail_tui.store.chunks import in_chunks
from devtrail_tui.store.tables import evidence_criteria, evidence_entries

_OUTDATED = and_(
    evidence_entries.c.analysis_state != AnalysisState.NOT_ANALYSED.value,
    evidence_entries.c.judged_pr_updated_at.is_distinct_from(evidence_entries.c.pr_updated_at),
).label("outdated")
ENTRY_COLUMNS = tuple(
    _OUTDATED if name == "outdated" else evidence_entries.c[name]
    for name in EvidenceEntry.__dataclass_fields__
    if name != "matches"
)
KNOWN_COLUMNS = (
    evidence_entries.c.node_id,
    evidence_entries.c.pr_updated_at,
    evidence_entries.c.analysis_state,
    evidence_entries.c.id,
    evidence_entries.c.judged_pr_updated_at,
    evidence_entries.c.judged_by,
    evidence_entries.c.account_id,
)
"""What a KnownPullRequest is made of, and whose it is."""
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


def known_of(row: Row[*tuple[Any, ...]]) -> KnownPullRequest:
    """The value in a row of KNOWN_COLUMNS."""
    node_id, updated_at, state, evidence_id, judged_updated_at, judged_by, _ = row
    return KnownPullRequest(node_id, updated_at, AnalysisState(state), evidence_id, judged_updated_at, judged_by)


def _entry(row: Row[Any], matches: tuple[Match, ...]) -> EvidenceEntry:
    values = row._asdict()
    values["type"] = EvidenceType(values["type"])
    values["components"] = tuple(values["components"])
    values["roles"] = tuple(Role(each) for each in values["roles"])
    values["outdated"] = bool(values["outdated"])
    values["analysis_state"] = AnalysisState(values["analysis_state"])
    return EvidenceEntry(**values, matches=matches)
