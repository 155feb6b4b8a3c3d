"""Evidence: saved by running jobs, each pull request once for each person; read by lists, details and other jobs.

No statement here touches `verdicts`: what a person decided is never overwritten by a model.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import ClaimLost, NotFound
from devtrail_tui.core.evidence import (
    AnalysisState,
    EvidenceDetail,
    EvidenceEntry,
    EvidenceType,
    KnownPullRequest,
    Match,
    Metrics,
    NewEvidence,
    PullRequest,
)
from devtrail_tui.core.evidence_filter import EvidenceFilter, parse
from devtrail_tui.core.job import Claim
from devtrail_tui.core.pull_request_json import pull_request_from_json, pull_request_json
from devtrail_tui.core.pull_request_privacy import without_secrets
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store.chunks import in_chunks
from devtrail_tui.store.engine import Database
from devtrail_tui.store.evidence_rows import entries_on
from devtrail_tui.store.job_log import Line, append_on, redacted_lines
from devtrail_tui.store.tables import (
    RUNNING,
    analyses,
    evidence_criteria,
    evidence_entries,
    jobs,
    sync_cursors,
)

_PROVE_AND_HEAL = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.claim_no == bindparam("claim"), jobs.c.status == RUNNING)
    .values(crashes=0, updated_at=bindparam("now"))
)
"""Proves the claim; and a job that saved something has moved on, whatever it died of before."""
_NEW_ENTRY = upsert(evidence_entries)
_SAVED_AGAIN = (
    "title", "description", "search_text", "content", "pr_number", "pr_url", "repository", "occurred_at", "merged_at",
    "pr_updated_at", "additions", "deletions", "changed_files", "days_open", "hours_to_first_review", "review_rounds",
    "components", "roles", "analysis_state", "analysis_note", "job_id", "updated_at",
)  # fmt: skip
_SAVE = _NEW_ENTRY.on_conflict_do_update(
    index_elements=[evidence_entries.c.host, evidence_entries.c.node_id, func.lower(evidence_entries.c.login)],
    index_where=evidence_entries.c.account_id.is_(None),
    set_={name: _NEW_ENTRY.excluded[name] for name in _SAVED_AGAIN},
).returning(evidence_entries.c.id)
_ANALYSIS = select(analyses.c.id, analyses.c.created_at).where(analyses.c.key == bindparam("key"))
_FORGET_MATCHES = delete(evidence_criteria).where(evidence_criteria.c.evidence_id == bindparam("evidence"))
_ADD_MATCHES = insert(evidence_criteria)
_ANALYSED_BY = (
    update(evidence_entries)
    .where(evidence_entries.c.id == bindparam("evidence"))
    .values(analysis_id=bindparam("analysis"), analysed_at=bindparam("at"))
)
_NEW_CURSOR = upsert(sync_cursors)
_SAVE_CURSOR = _NEW_CURSOR.on_conflict_do_update(
    index_elements=[sync_cursors.c.job_id, sync_cursors.c.repository],
    set_={"cursor": _NEW_CURSOR.excluded.cursor, "updated_at": _NEW_CURSOR.excluded.updated_at},
)
_CURSORS = select(sync_cursors.c.repository, sync_cursors.c.cursor).where(sync_cursors.c.job_id == bindparam("job"))

_KNOWN = select(
    evidence_entries.c.node_id,
    evidence_entries.c.pr_updated_at,
    evidence_entries.c.analysis_state,
    evidence_entries.c.id,
).where(evidence_entries.c.login == bindparam("login"), evidence_entries.c.type == EvidenceType.PULL_REQUEST.value)
_KNOWN_OF_REPOSITORY = _KNOWN.where(evidence_entries.c.repository == bindparam("repository"))
_KNOWN_NODES = _KNOWN.where(
    evidence_entries.c.host == bindparam("host"), evidence_entries.c.node_id.in_(bindparam("nodes", expanding=True))
)
_NOT_ANALYSED = (
    select(evidence_entries.c.id)
    .where(
        evidence_entries.c.analysis_state != AnalysisState.ANALYSED.value,
        evidence_entries.c.type == EvidenceType.PULL_REQUEST.value,
    )
    .order_by(evidence_entries.c.occurred_at, evidence_entries.c.id)
)
_NEWEST_FIRST = (evidence_entries.c.occurred_at.desc(), evidence_entries.c.id.desc())
_ORDER_KEY = (evidence_entries.c.occurred_at, evidence_entries.c.id)
_CONTENT = select(evidence_entries.c.content).where(
    evidence_entries.c.id == bindparam("evidence"), evidence_entries.c.type == EvidenceType.PULL_REQUEST.value
)
_DETAIL = (
    select(
        evidence_entries.c.content,
        evidence_entries.c.days_open,
        evidence_entries.c.hours_to_first_review,
        evidence_entries.c.review_rounds,
        evidence_entries.c.analysed_at,
        analyses.c.model,
    )
    .select_from(evidence_entries.outerjoin(analyses, analyses.c.id == evidence_entries.c.analysis_id))
    .where(evidence_entries.c.id == bindparam("evidence"))
)

_MODELS = select(evidence_entries.c.id, analyses.c.model).join(
    analyses, analyses.c.id == evidence_entries.c.analysis_id
)


class EvidenceStore:
    """The one door to evidence. Reads block; saves are fenced by the claim of the job that saves."""

    def __init__(self, database: Database, clock: Clock, redact: Redactor | None = None) -> None:
        self._database = database
        self._clock = clock
        self._redact = redact or Redactor()

    def save(
        self, claim: Claim, evidence: Sequence[NewEvidence], cursor: Mapping[str, Any], log: Sequence[Line]
    ) -> Future[list[int]]:
        """Store evidence, cursor (JSON by repository name, "" for the whole job) and log lines in one transaction.

        The future holds the entries' ids in the order of `evidence`; it raises ClaimLost, nothing stored, where another worker
        owns the job or it has ended. The job's crashes are set to 0. Secrets in texts and log lines are masked.
        """
        now = self._clock.now()
        saved, cursors = tuple(self._redacted(each) for each in evidence), dict(cursor)
        lines = redacted_lines(self._redact, log)

        def work(connection: Connection) -> list[int]:
            fence = {"job": claim.job_id, "claim": claim.claim_no, "now": now}
            if connection.execute(_PROVE_AND_HEAL, fence).rowcount != 1:
                raise ClaimLost(f"Job {claim.job_id} is no longer this worker's; what it just found was not stored.")
            ids = [_save_on(connection, each, claim.job_id, now) for each in saved]
            if cursors:
                connection.execute(
                    _SAVE_CURSOR,
                    [
                        {"job_id": claim.job_id, "repository": name, "cursor": value, "updated_at": now}
                        for name, value in cursors.items()
                    ],
                )
            append_on(connection, claim, lines)
            return ids

        return self._database.write(work)

    def _redacted(self, new: NewEvidence) -> NewEvidence:
        return replace(
            new,
            pull_request=without_secrets(new.pull_request, self._redact),
            analysis_note=self._redact(new.analysis_note),
        )

    def cursor(self, job_id: int) -> dict[str, Any]:
        """What the job's attempts saved as cursors, by repository name."""
        with self._database.read() as connection:
            return dict(connection.execute(_CURSORS, {"job": job_id}).all())

    def known(self, login: str, repository: str, *, host: str | None = None) -> dict[str, KnownPullRequest]:
        """The stored pull requests of a repository (as GitHub spells it now) for a login, by node id; `host` narrows it."""
        statement = _KNOWN_OF_REPOSITORY
        if host is not None:
            statement = statement.where(evidence_entries.c.host == host)
        with self._database.read() as connection:
            rows = connection.execute(statement, {"login": login, "repository": repository}).all()
        return _known(rows)

    def known_nodes(self, host: str, login: str, node_ids: Sequence[str]) -> dict[str, KnownPullRequest]:
        """The stored pull requests among these node ids, which survive renames of the repository."""
        rows: list[Any] = []
        with self._database.read() as connection:
            for some in in_chunks(node_ids):
                rows += connection.execute(_KNOWN_NODES, {"host": host, "login": login, "nodes": some}).all()
        return _known(rows)

    def not_analysed(self, login: str | None, repositories: Sequence[str]) -> list[EvidenceEntry]:
        """Pull requests without an analysis (never tried, or failed), oldest merge first; no `repositories` means all."""
        statement = _NOT_ANALYSED
        if login is not None:
            statement = statement.where(evidence_entries.c.login == login)
        if repositories:
            names = [name.lower() for name in repositories]
            statement = statement.where(func.lower(evidence_entries.c.repository).in_(names))
        with self._database.read() as connection:
            ids = connection.execute(statement).scalars().all()
            return list(entries_on(connection, ids).values())

    def pull_request(self, evidence_id: int) -> PullRequest:
        """The stored pull request of an entry. Raises NotFound."""
        with self._database.read() as connection:
            content = connection.execute(_CONTENT, {"evidence": evidence_id}).scalar_one_or_none()
        if content is None:
            raise _no_such(evidence_id)
        return pull_request_from_json(content)

    def ids(
        self,
        *,
        text: str = "",
        criterion: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> array[int]:
        """The ids that pass, newest merge first. `text` as in core.evidence_filter; `until` is not included itself."""
        statement = select(evidence_entries.c.id).where(*_conditions(text, criterion, since, until))
        with self._database.read() as connection:
            return array("q", connection.execute(statement.order_by(*_NEWEST_FIRST)).scalars())

    def count(
        self,
        *,
        text: str = "",
        criterion: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """How many entries pass."""
        statement = select(func.count()).select_from(evidence_entries)
        with self._database.read() as connection:
            return int(connection.execute(statement.where(*_conditions(text, criterion, since, until))).scalar_one())

    def rows(self, ids: Sequence[int]) -> dict[int, EvidenceEntry]:
        """The entries with these ids, in this order; unknown ids are left out."""
        with self._database.read() as connection:
            return entries_on(connection, ids)

    def entries(
        self,
        *,
        text: str = "",
        criterion: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[EvidenceEntry]:
        """A page of the entries that pass, newest merge first; `before` is the id of the last entry of the page before."""
        statement = select(evidence_entries.c.id).where(*_conditions(text, criterion, since, until))
        if before is not None:
            last = evidence_entries.alias("last")
            at = select(last.c.occurred_at).where(last.c.id == before).scalar_subquery()
            statement = statement.where(tuple_(*_ORDER_KEY) < tuple_(at, before))
        with self._database.read() as connection:
            ids = connection.execute(statement.order_by(*_NEWEST_FIRST).limit(limit)).scalars().all()
            return list(entries_on(connection, ids).values())

    def detail(self, evidence_id: int) -> EvidenceDetail:
        """One entry with its metrics, content and analysis. Raises NotFound."""
        with self._database.read() as connection:
            entry = entries_on(connection, [evidence_id]).get(evidence_id)
            if entry is None:
                raise _no_such(evidence_id)
            content, days_open, hours, rounds, analysed_at, model = connection.execute(
                _DETAIL, {"evidence": evidence_id}
            ).one()
        metrics = None
        if days_open is not None:
            metrics = Metrics(days_open, hours, rounds, entry.additions, entry.deletions, entry.changed_files)
        return EvidenceDetail(entry, metrics, content, model or "", analysed_at)

    def models(self) -> dict[int, str]:
        """The model whose view an entry carries, by the entry's id; entries without an analysis are left out."""
        with self._database.read() as connection:
            return dict(connection.execute(_MODELS).all())


def _no_such(evidence_id: int) -> NotFound:
    return NotFound(f"There is no evidence {evidence_id}; see the numbers with: devtrail-tui evidence list.")


def _known(rows: Sequence[Any]) -> dict[str, KnownPullRequest]:
    return {node: KnownPullRequest(node, at, AnalysisState(state), number) for node, at, state, number in rows}


def _save_on(connection: Connection, new: NewEvidence, job_id: int, now: datetime) -> int:
    evidence_id: int = connection.execute(_SAVE, _values_of(new, job_id, now)).scalar_one()
    if new.matches is not None:
        analysis = connection.execute(_ANALYSIS, {"key": new.analysis_key}).one_or_none() if new.analysis_key else None
        analysis_id, analysed_at = analysis or (None, now)
        _replace_matches(connection, evidence_id, new.matches, analysis_id, now)
        connection.execute(_ANALYSED_BY, {"evidence": evidence_id, "analysis": analysis_id, "at": analysed_at})
    return evidence_id


def _replace_matches(
    connection: Connection, evidence_id: int, matches: Sequence[Match], analysis_id: int | None, now: datetime
) -> None:
    connection.execute(_FORGET_MATCHES, {"evidence": evidence_id})
    if matches:
        connection.execute(
            _ADD_MATCHES,
            [
                {
                    "evidence_id": evidence_id,
                    "criterion_id": match.criterion_id,
                    "confidence": match.confidence,
                    "explanation": match.explanation,
                    "quotes": list(match.quotes),
                    "analysis_id": analysis_id,
                    "created_at": now,
                }
                for match in matches
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
        "analysis_state": new.analysis_state.value,
        "analysis_note": new.analysis_note,
        "job_id": job_id,
        "created_at": now,
        "updated_at": now,
    }


def _conditions(
    text: str, criterion: str | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    wanted = parse(text)
    found = [evidence_entries.c.search_text.contains(word, autoescape=True) for word in sorted(wanted.words)]
    found += _alternatives(wanted)
    if criterion is not None:
        found.append(_matched(evidence_criteria.c.criterion_id == criterion))
    if since is not None:
        found.append(evidence_entries.c.occurred_at >= since)
    if until is not None:
        found.append(evidence_entries.c.occurred_at < until)
    return found


def _alternatives(wanted: EvidenceFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.repositories:
        repository = evidence_entries.c.repository
        found.append(or_(*(repository.icontains(each, autoescape=True) for each in sorted(wanted.repositories))))
    if wanted.criteria:
        found.append(_matched(func.lower(evidence_criteria.c.criterion_id).in_(sorted(wanted.criteria))))
    if wanted.roles:
        # `like` on the JSON text: a role is a plain word, quoted only where it stands as a whole value
        roles = func.lower(evidence_entries.c.roles, type_=evidence_criteria.c.criterion_id.type)
        found.append(or_(*(roles.contains(f'"{role.value}"') for role in sorted(wanted.roles))))
    if wanted.states:
        found.append(evidence_entries.c.analysis_state.in_(sorted(state.value for state in wanted.states)))
    return found


def _matched(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(evidence_criteria.c.evidence_id == evidence_entries.c.id, condition)
