"""Converts rows of `evidence_entries` and `evidence_criteria` to frozen values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, select

from devtrail_tui.core.evidence import AnalysisState, EvidenceEntry, EvidenceType, KnownPullRequest, Match, Role
from devtrail_tui.core.quotes import QuotePlace
from devtrail_tui.store.column_types import Unreadable
from devtrail_tui.store.job_rows import UNREADABLE, in_list, number_of, rows_of
from devtrail_tui.store.tables import evidence_criteria, evidence_entries

_OUTDATED = and_(
    evidence_entries.c.analysis_state != AnalysisState.NOT_ANALYSED.value,
    evidence_entries.c.judged_pr_updated_at.is_distinct_from(evidence_entries.c.pr_updated_at),
).label("outdated")
_COLUMNS = tuple(
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
"""The columns of a KnownPullRequest, and its owner."""
_ENTRIES = select(*_COLUMNS).where(in_list(evidence_entries.c.id))
_MATCHES = (
    select(evidence_criteria.c.evidence_id, *(evidence_criteria.c[name] for name in Match.__dataclass_fields__))
    .where(in_list(evidence_criteria.c.evidence_id))
    .order_by(evidence_criteria.c.confidence.desc(), evidence_criteria.c.criterion_id)
)

K = TypeVar("K", bound=StrEnum)


def entries_on(connection: Connection, ids: Sequence[int]) -> dict[int, EvidenceEntry]:
    """The entries with these ids and their matches, strongest first, in the order of `ids`; unknown ids are omitted."""
    rows = {row.id: row for row in rows_of(connection, _ENTRIES, ids)}
    matches: defaultdict[int, list[Match]] = defaultdict(list)
    for row in rows_of(connection, _MATCHES, ids):
        places = tuple(QuotePlace(**place) for place in row.quote_places)
        match = Match(row.criterion_id, number_of(row.confidence), row.explanation, tuple(row.quotes), places)
        matches[row.evidence_id].append(match)
    return {number: _entry(rows[number], tuple(matches[number])) for number in ids if number in rows}


def known_of(row: Row[*tuple[Any, ...]]) -> KnownPullRequest:
    """The value in a row of KNOWN_COLUMNS."""
    node_id, updated_at, state, evidence_id, judged_updated_at, judged_by, _ = row
    return KnownPullRequest(node_id, updated_at, AnalysisState(state), evidence_id, judged_updated_at, judged_by)


def _known(kinds: type[K], text: Any, otherwise: K) -> K:
    """A stored word as a member of its enumeration; `otherwise` for an odd row."""
    try:
        return kinds(text)
    except ValueError:
        return otherwise


def _entry(row: Row[Any], matches: tuple[Match, ...]) -> EvidenceEntry:
    columns = row._asdict()
    if any(isinstance(column, Unreadable) for column in columns.values()):
        columns["title"] += UNREADABLE
    columns["type"] = _known(EvidenceType, columns["type"], EvidenceType.PULL_REQUEST)
    columns["components"] = tuple(columns["components"])
    columns["roles"] = tuple(Role(role) for role in columns["roles"] if role in set(Role))
    columns["outdated"] = bool(columns["outdated"])
    columns["analysis_state"] = _known(AnalysisState, columns["analysis_state"], AnalysisState.NOT_ANALYSED)
    return EvidenceEntry(**columns, matches=matches)
