"""What a running job writes of evidence: pull requests and judgements, each in statements of their own.

A pull request never overwrites a newer state of itself, nor what was thought of it; a judgement never rewrites a pull request.
No statement here touches `verdicts`: what a person decided is never overwritten by a model.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from devtrail_tui.core.evidence import AnalysisState, EvidenceType, KnownPullRequest, NewEvidence, NewJudgement
from devtrail_tui.core.pull_request_json import pull_request_json
from devtrail_tui.store.evidence_identity import take_over_on
from devtrail_tui.store.evidence_rows import KNOWN_COLUMNS, known_of
from devtrail_tui.store.tables import analyses, evidence_criteria, evidence_entries

_NEW_ENTRY = upsert(evidence_entries)
_SAVED_AGAIN = (
    "title", "description", "search_text", "content", "login", "pr_number", "pr_url", "repository", "occurred_at", "merged_at",
    "pr_updated_at", "additions", "deletions", "changed_files", "days_open", "hours_to_first_review", "review_rounds",
    "components", "roles", "job_id", "updated_at",
)  # fmt: skip
_columns = evidence_entries.c


def _save(*, by_account: bool) -> Any:
    person = _columns.account_id if by_account else func.lower(_columns.login)
    return _NEW_ENTRY.on_conflict_do_update(
        index_elements=[_columns.host, _columns.node_id, person],
        index_where=_columns.account_id.is_not(None) if by_account else _columns.account_id.is_(None),
        set_={name: _NEW_ENTRY.excluded[name] for name in _SAVED_AGAIN},
        where=_columns.pr_updated_at <= _NEW_ENTRY.excluded.pr_updated_at,
    )


_SAVE = {by_account: _save(by_account=by_account) for by_account in (False, True)}
_SAVED = select(*KNOWN_COLUMNS).where(
    _columns.host == bindparam("host"),
    _columns.node_id == bindparam("node"),
    _columns.account_id.is_not_distinct_from(bindparam("account")),
    or_(_columns.account_id.is_not(None), func.lower(_columns.login) == func.lower(bindparam("login"))),
)
_ANALYSIS = select(analyses.c.id, analyses.c.answered_at).where(analyses.c.key == bindparam("key"))
_FORGET_MATCHES = delete(evidence_criteria).where(evidence_criteria.c.evidence_id == bindparam("evidence"))
_ADD_MATCHES = insert(evidence_criteria)
_NOT_OLDER = or_(
    _columns.judged_pr_updated_at.is_(None),
    _columns.judged_pr_updated_at <= bindparam("judged", type_=_columns.judged_pr_updated_at.type),
)
_WROTE: dict[str, Any] = {"job_id": bindparam("job"), "updated_at": bindparam("now")}
_JUDGED = (
    update(evidence_entries)
    .where(_columns.id == bindparam("evidence"), _NOT_OLDER)
    .values(
        analysis_state=bindparam("state"),
        analysis_note=bindparam("note"),
        analysis_id=bindparam("analysis"),
        analysed_at=bindparam("at"),
        judged_pr_updated_at=bindparam("judged"),
        judged_by=bindparam("by"),
        **_WROTE,
    )
)
_FAILED = (
    update(evidence_entries)
    .where(_columns.id == bindparam("evidence"), _NOT_OLDER, _columns.analysis_state != AnalysisState.ANALYSED.value)
    .values(
        analysis_state=AnalysisState.FAILED.value,
        judged_pr_updated_at=bindparam("judged"),
        judged_by=bindparam("by"),
    )
)
_NOTE = (
    update(evidence_entries)
    .where(_columns.id == bindparam("evidence"), _NOT_OLDER)
    .values(analysis_note=bindparam("note"), **_WROTE)
)


def save_entry_on(connection: Connection, new: NewEvidence, job_id: int, now: datetime) -> KnownPullRequest:
    """Store a pull request as it was fetched, unless a newer state of it is stored; what is stored then."""
    pull_request = new.pull_request
    if new.account_id is not None:
        take_over_on(connection, pull_request, new.account_id, new.login)
    connection.execute(_SAVE[new.account_id is not None], _values_of(new, job_id, now))
    person = {"account": new.account_id, "login": new.login}
    row = connection.execute(_SAVED, {"host": pull_request.host, "node": pull_request.node_id, **person}).one()
    return known_of(row)


def save_judgement_on(connection: Connection, new: NewJudgement, job_id: int, now: datetime) -> None:
    """Store what came of judging an entry, unless a newer state of its pull request was judged already."""
    values = {"evidence": new.evidence_id, "judged": new.pr_updated_at, "note": new.note, "job": job_id, "now": now}
    if new.matches is None:
        connection.execute(_NOTE, values)
        if new.state is AnalysisState.FAILED:
            connection.execute(_FAILED, {"evidence": new.evidence_id, "judged": new.pr_updated_at, "by": new.judged_by})
        return
    analysis = connection.execute(_ANALYSIS, {"key": new.analysis_key}).one_or_none() if new.analysis_key else None
    analysis_id, analysed_at = analysis or (None, now)
    judged = {"state": new.state.value, "analysis": analysis_id, "at": analysed_at or now, "by": new.judged_by}
    if connection.execute(_JUDGED, {**values, **judged}).rowcount != 1:
        return
    connection.execute(_FORGET_MATCHES, {"evidence": new.evidence_id})
    if new.matches:
        connection.execute(
            _ADD_MATCHES,
            [
                {
                    "evidence_id": new.evidence_id,
                    "criterion_id": match.criterion_id,
                    "confidence": match.confidence,
                    "explanation": match.explanation,
                    "quotes": list(match.quotes),
                    "analysis_id": analysis_id,
                    "created_at": now,
                }
                for match in new.matches
            ],
        )


def _values_of(new: NewEvidence, job_id: int, now: datetime) -> dict[str, Any]:
    pull_request, metrics = new.pull_request, new.metrics
    return {
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
        "additions": metrics.additions,
        "deletions": metrics.deletions,
        "changed_files": metrics.changed_files,
        "days_open": metrics.days_open,
        "hours_to_first_review": metrics.hours_to_first_review,
        "review_rounds": metrics.review_rounds,
        "components": list(new.components),
        "roles": [role.value for role in new.roles],
        "analysis_state": AnalysisState.NOT_ANALYSED.value,
        "analysis_note": "",
        "job_id": job_id,
        "created_at": now,
        "updated_at": now,
    }
