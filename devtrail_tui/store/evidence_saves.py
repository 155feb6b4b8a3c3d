"""The evidence writes of a running job: pull requests and judgements, in separate statements.

A pull request never overwrites a newer state of itself or its judgement; a judgement never changes a pull request. No statement
here writes `verdicts`: a model never overwrites a person's decision.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select, update

from devtrail_tui.core.evidence import AnalysisState, EvidenceType, KnownPullRequest, NewEvidence, NewJudgement
from devtrail_tui.core.pull_request_json import pull_request_json
from devtrail_tui.store.evidence_identity import FORGET_MATCHES, take_over_on
from devtrail_tui.store.evidence_rows import KNOWN_COLUMNS, known_of
from devtrail_tui.store.sqlite.upsert import new_value, upsert
from devtrail_tui.store.tables import analyses, evidence_criteria, evidence_entries

_SAVED_AGAIN = (
    "title", "description", "search_text", "content", "login", "pr_number", "pr_url", "repository", "occurred_at", "merged_at",
    "pr_updated_at", "figures",
    "components", "roles", "job_id", "updated_at",
)  # fmt: skip
_columns = evidence_entries.c


def _save(*, by_account: bool) -> Any:
    person = _columns.account_id if by_account else func.lower(_columns.login)
    return upsert(
        evidence_entries,
        *_SAVED_AGAIN,
        key=[_columns.host, _columns.node_id, person],
        key_where=_columns.account_id.is_not(None) if by_account else _columns.account_id.is_(None),
        where=and_(
            _columns.pr_updated_at <= new_value(_columns.pr_updated_at),
            or_(*(_columns[name].is_distinct_from(new_value(_columns[name])) for name in _SAVED_AGAIN[:-2])),
        ),
    )


_SAVE = {by_account: _save(by_account=by_account) for by_account in (False, True)}
_SAVED = select(*KNOWN_COLUMNS).where(
    _columns.host == bindparam("host"),
    _columns.node_id == bindparam("node"),
    _columns.account_id.is_not_distinct_from(bindparam("account")),
    or_(_columns.account_id.is_not(None), func.lower(_columns.login) == func.lower(bindparam("login"))),
)
_ANALYSIS = select(analyses.c.id, analyses.c.answered_at).where(analyses.c.key == bindparam("key"))
_JUDGEMENT = select(
    _columns.analysis_state,
    _columns.analysis_id,
    _columns.analysis_note,
    _columns.judged_pr_updated_at,
    _columns.judged_by,
).where(_columns.id == bindparam("evidence"))
_ADD_MATCHES = insert(evidence_criteria)
_NOT_OLDER = or_(
    _columns.judged_pr_updated_at.is_(None),
    _columns.judged_pr_updated_at <= bindparam("judged", type_=_columns.judged_pr_updated_at.type),
)
_SET_NOTE = (
    update(evidence_entries)
    .where(_columns.id == bindparam("evidence"), _NOT_OLDER)
    .values(analysis_note=bindparam("note"), job_id=bindparam("job"), updated_at=bindparam("now"))
)
_JUDGED: dict[str, Any] = {"judged_pr_updated_at": bindparam("judged"), "judged_by": bindparam("by")}
_SET_JUDGEMENT = _SET_NOTE.values(
    analysis_state=bindparam("state"), analysis_id=bindparam("analysis"), analysed_at=bindparam("at"), **_JUDGED
)
_SET_FAILED = (
    update(evidence_entries)
    .where(_columns.id == bindparam("evidence"), _NOT_OLDER, _columns.analysis_state != AnalysisState.ANALYSED.value)
    .values(analysis_state=AnalysisState.FAILED.value, **_JUDGED)
)


def save_entry_on(
    connection: Connection, new: NewEvidence, job_id: int, now: datetime
) -> tuple[KnownPullRequest, bool]:
    """Store a fetched pull request, unless a newer state is stored; returns the stored state and whether a row changed."""
    pull_request = new.pull_request
    if new.account_id is not None:
        take_over_on(connection, pull_request, new.account_id, new.login)
    changed = connection.execute(_SAVE[new.account_id is not None], _values_of(new, job_id, now)).rowcount > 0
    person = {"account": new.account_id, "login": new.login}
    row = connection.execute(_SAVED, {"host": pull_request.host, "node": pull_request.node_id, **person}).one()
    return known_of(row), changed


def save_judgement_on(connection: Connection, new: NewJudgement, job_id: int, now: datetime) -> bool:
    """Store the judgement of an entry, unless a newer state of its pull request was judged; returns whether it changed."""
    before = connection.execute(_JUDGEMENT, {"evidence": new.evidence_id}).one_or_none()
    _save_judgement_on(connection, new, job_id, now)
    return connection.execute(_JUDGEMENT, {"evidence": new.evidence_id}).one_or_none() != before


def _save_judgement_on(connection: Connection, new: NewJudgement, job_id: int, now: datetime) -> None:
    entry = {"evidence": new.evidence_id, "judged": new.pr_updated_at}
    note = {**entry, "note": new.note, "job": job_id, "now": now}
    if new.matches is None:
        connection.execute(_SET_NOTE, note)
        if new.state is AnalysisState.FAILED:
            connection.execute(_SET_FAILED, {**entry, "by": new.judged_by})
        return
    analysis = connection.execute(_ANALYSIS, {"key": new.analysis_key}).one_or_none() if new.analysis_key else None
    analysis_id, analysed_at = analysis or (None, now)
    judgement = {"state": new.state.value, "analysis": analysis_id, "at": analysed_at or now, "by": new.judged_by}
    if connection.execute(_SET_JUDGEMENT, {**note, **judgement}).rowcount != 1:
        return
    connection.execute(FORGET_MATCHES, {"entry": new.evidence_id})
    if new.matches:
        row = {"evidence_id": new.evidence_id, "analysis_id": analysis_id, "created_at": now}
        connection.execute(_ADD_MATCHES, [{**asdict(match), **row} for match in new.matches])


def _values_of(new: NewEvidence, job_id: int, now: datetime) -> dict[str, Any]:
    pull_request = new.pull_request
    return {
        "figures": dict(new.figures),
        "type": EvidenceType.PULL_REQUEST.value,
        "title": pull_request.title,
        "description": pull_request.body,
        "search_text": f"{pull_request.title}\n{pull_request.repository}\n{pull_request.body}".casefold(),
        "content": pull_request_json(pull_request),
        "login": new.login,
        "account_id": new.account_id,
        "host": pull_request.host,
        "node_id": pull_request.node_id,
        "pr_number": pull_request.number,
        "pr_url": pull_request.url,
        "repository": pull_request.repository,
        "occurred_at": pull_request.merged_at,
        "merged_at": pull_request.merged_at,
        "pr_updated_at": pull_request.updated_at,
        "components": list(new.components),
        "roles": [role.value for role in new.roles],
        "analysis_state": AnalysisState.NOT_ANALYSED.value,
        "analysis_note": "",
        "job_id": job_id,
        "created_at": now,
        "updated_at": now,
    }
