"""Evidence: saved by running jobs, each pull request once per person; read by lists, details and other jobs.

No statement here writes `verdicts`: a model never overwrites a person's decision.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, or_, select, update

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import NotFound
from devtrail_tui.core.evidence import (
    AnalysisState,
    EvidenceDetail,
    EvidenceEntry,
    EvidenceType,
    KnownPullRequest,
    NewEvidence,
    NewJudgement,
    Ownership,
    PullRequest,
)
from devtrail_tui.core.evidence_filter import parse
from devtrail_tui.core.exclusions import NOTHING_EXCLUDED, Exclusions
from devtrail_tui.core.job import Claim
from devtrail_tui.core.pull_request_json import pull_request_from_json
from devtrail_tui.core.pull_request_privacy import without_secrets
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store.database import Database
from devtrail_tui.store.evidence_identity import identify_on, lacks_identity_on
from devtrail_tui.store.evidence_rows import KNOWN_COLUMNS, entries_on, known_of
from devtrail_tui.store.evidence_saves import save_entry_on, save_judgement_on
from devtrail_tui.store.job_log import Line, append_on, redacted_lines
from devtrail_tui.store.job_rows import FENCE, fenced_by, in_list, refuse_on, rows_of
from devtrail_tui.store.sqlite.upsert import upsert
from devtrail_tui.store.tables import analyses, evidence_criteria, evidence_entries, jobs, sync_cursors

_PROVE_CLAIM = update(jobs).where(FENCE, jobs.c.cancel_requested_at.is_(None)).values(updated_at=bindparam("now"))
_NO_CRASHES = update(jobs).where(FENCE, jobs.c.crashes > 0).values(crashes=0)
"""A job that makes progress is healthy."""
_SAVE_CURSOR = upsert(sync_cursors, "cursor", "updated_at")
_LATEST_CURSOR = (
    select(sync_cursors.c.cursor)
    .where(sync_cursors.c.repository == bindparam("key"))
    .order_by(sync_cursors.c.job_id.desc())
    .limit(1)
)
_CURSORS = select(sync_cursors.c.repository, sync_cursors.c.cursor).where(sync_cursors.c.job_id == bindparam("job"))
_CURSORS_NAMED = _CURSORS.where(in_list(sync_cursors.c.repository))

_KNOWN_NODES = select(*KNOWN_COLUMNS).where(
    evidence_entries.c.type == EvidenceType.PULL_REQUEST.value,
    evidence_entries.c.host == bindparam("host"),
    in_list(evidence_entries.c.node_id),
    or_(
        evidence_entries.c.account_id == bindparam("account"),
        evidence_entries.c.account_id.is_(None)
        & (func.lower(evidence_entries.c.login) == func.lower(bindparam("login"))),
    ),
)
_NEWEST_FIRST = (evidence_entries.c.occurred_at.desc(), evidence_entries.c.id.desc())
_COUNT = select(func.count()).select_from(evidence_entries)
_REPOSITORIES = select(evidence_entries.c.repository).distinct()
_CONTENT = select(evidence_entries.c.content).where(
    evidence_entries.c.id == bindparam("evidence"), evidence_entries.c.type == EvidenceType.PULL_REQUEST.value
)
_NOT_ANALYSED = (
    select(evidence_entries.c.id)
    .where(
        evidence_entries.c.analysis_state != AnalysisState.ANALYSED.value,
        evidence_entries.c.type == EvidenceType.PULL_REQUEST.value,
    )
    .order_by(evidence_entries.c.occurred_at, evidence_entries.c.id)
)
_DETAIL = (
    select(
        evidence_entries.c.content,
        evidence_entries.c.analysed_at,
        analyses.c.model,
    )
    .select_from(evidence_entries.outerjoin(analyses, analyses.c.id == evidence_entries.c.analysis_id))
    .where(evidence_entries.c.id == bindparam("evidence"))
)

_MODELS = select(evidence_entries.c.id, analyses.c.model).join(
    analyses, analyses.c.id == evidence_entries.c.analysis_id
)


@dataclass(frozen=True, slots=True)
class Saved:
    """The stored states of the saved pull requests, in their order: the newest of any job; and whether the save changed a row."""

    entries: Sequence[KnownPullRequest]
    changed: bool


class EvidenceStore:
    """All access to evidence. Reads block; saves are fenced by the saving job's claim."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        redact: Redactor | None = None,
        exclusions: Exclusions = NOTHING_EXCLUDED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._redact = redact or Redactor()
        self._exclusions = exclusions

    def save(
        self,
        claim: Claim,
        evidence: Sequence[NewEvidence] = (),
        *,
        judgements: Sequence[NewJudgement] = (),
        ownership: Ownership | None = None,
        cursor: Mapping[str, Any] | None = None,
        log: Sequence[Line] = (),
    ) -> Future[Saved]:
        """Store ownership, evidence, judgements, cursor (JSON by repository name, "" for the whole job) and log lines in one
        transaction.

        The future raises ClaimLost, without changes, if another worker owns the job or it has ended, CancelRequested if it was
        cancelled. A save of something new resets the job's crash count; one of what is stored already does not. Secrets in texts
        and log lines are masked.
        """
        now = self._clock.now()
        entries = [replace(new, pull_request=without_secrets(new.pull_request, self._redact)) for new in evidence]
        redacted = [replace(new, note=self._redact(new.note)) for new in judgements]
        lines = redacted_lines(self._redact, log)

        def work(connection: Connection) -> Saved:
            if connection.execute(_PROVE_CLAIM, {**fenced_by(claim), "now": now}).rowcount != 1:
                refuse_on(connection, claim, "its last results were not stored")
            if ownership is not None:
                identify_on(connection, ownership)
            stored = [save_entry_on(connection, new, claim.job_id, now) for new in entries]
            changes = [changed for _, changed in stored]
            changes.append(ownership is not None)
            changes += [save_judgement_on(connection, judgement, claim.job_id, now) for judgement in redacted]
            changes.append(_move_cursors_on(connection, claim, cursor or {}, now))
            if any(changes):
                connection.execute(_NO_CRASHES, fenced_by(claim))
            append_on(connection, claim, lines)
            return Saved([known for known, _ in stored], any(changes))

        return self._database.write(work)

    def cursor(self, job_id: int) -> dict[str, Any]:
        """The cursors saved by the job's attempts, by repository name."""
        with self._database.read() as connection:
            return dict(connection.execute(_CURSORS, {"job": job_id}).all())

    def latest_cursor(self, key: str) -> Any:
        """The cursor of the newest job that saved one under this name; None if none did."""
        with self._database.read() as connection:
            return connection.execute(_LATEST_CURSOR, {"key": key}).scalar_one_or_none()

    def known_nodes(
        self, host: str, account_id: str | None, login: str, node_ids: Sequence[str]
    ) -> dict[str, KnownPullRequest]:
        """The stored pull requests of an account among these node ids, which survive renames of the repository. Rows without an
        account match by login, case-insensitively."""
        person = {"host": host, "account": account_id, "login": login}
        with self._database.read() as connection:
            rows = list(rows_of(connection, _KNOWN_NODES, node_ids, **person))
        # Rows with the account come last and so override rows with the login only.
        stored = [known_of(row) for row in sorted(rows, key=lambda row: row.account_id is not None)]
        return {pull_request.node_id: pull_request for pull_request in stored}

    def lacks_identity(self, ownership: Ownership) -> bool:
        """Whether some of these entries have no account id yet, or are stored under an earlier login of the account."""
        with self._database.read() as connection:
            return lacks_identity_on(connection, ownership)

    def not_analysed(self, login: str | None, repositories: Sequence[str]) -> list[EvidenceEntry]:
        """Pull requests without an analysis (not tried, or failed), oldest merge first; no `repositories` means all."""
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

    def ids(self, text: str = "") -> array[int]:
        """The ids that match the filter (core.evidence_filter), newest merge first."""
        with self._database.read() as connection:
            return array("q", connection.execute(_ids(text, self._hidden_on(connection))).scalars())

    def count(self, text: str = "") -> int:
        """The number of entries that match the filter."""
        with self._database.read() as connection:
            return int(connection.execute(_COUNT.where(*_conditions(text, self._hidden_on(connection)))).scalar_one())

    def hidden(self) -> int:
        """The number of entries of excluded repositories, which are in no list, count or export."""
        with self._database.read() as connection:
            names = self._hidden_on(connection)
            return int(connection.execute(_COUNT.where(evidence_entries.c.repository.in_(names))).scalar_one())

    def _hidden_on(self, connection: Connection) -> Sequence[str]:
        """The stored repositories that the settings exclude."""
        if not self._exclusions.repositories:
            return ()
        names = connection.execute(_REPOSITORIES).scalars()
        return [name for name in names if name and self._exclusions.repository(name)]

    def rows(self, ids: Sequence[int]) -> dict[int, EvidenceEntry]:
        """The entries with these ids, in this order; unknown ids are omitted."""
        with self._database.read() as connection:
            return entries_on(connection, ids)

    def entries(self, text: str = "", *, limit: int | None = None) -> list[EvidenceEntry]:
        """The first `limit` entries that match the filter, newest merge first."""
        with self._database.read() as connection:
            ids = connection.execute(_ids(text, self._hidden_on(connection)).limit(limit)).scalars().all()
            return list(entries_on(connection, ids).values())

    def detail(self, evidence_id: int) -> EvidenceDetail:
        """One entry with content and analysis. Raises NotFound."""
        with self._database.read() as connection:
            entry = entries_on(connection, [evidence_id]).get(evidence_id)
            if entry is None:
                raise _no_such(evidence_id)
            content, analysed_at, model = connection.execute(_DETAIL, {"evidence": evidence_id}).one()
        return EvidenceDetail(entry, content, model or "", analysed_at)

    def models(self) -> dict[int, str]:
        """The model of each analysed entry, by entry id."""
        with self._database.read() as connection:
            return dict(connection.execute(_MODELS).all())


def _move_cursors_on(connection: Connection, claim: Claim, positions: Mapping[str, Any], now: datetime) -> bool:
    """Store positions by repository name; returns whether one of them moved."""
    if not positions:
        return False
    row = {"job_id": claim.job_id, "updated_at": now}
    cursors = [{**row, "repository": name, "cursor": position} for name, position in positions.items()]
    before = dict(map(tuple, rows_of(connection, _CURSORS_NAMED, list(positions), job=claim.job_id)))
    connection.execute(_SAVE_CURSOR, cursors)
    return before != positions


def _no_such(evidence_id: int) -> NotFound:
    return NotFound(f"There is no evidence entry {evidence_id}; list the entries with: devtrail-tui evidence list.")


def _ids(text: str, hidden: Sequence[str]) -> Select[int]:
    return select(evidence_entries.c.id).where(*_conditions(text, hidden)).order_by(*_NEWEST_FIRST)


def _conditions(text: str, hidden: Sequence[str]) -> list[ColumnElement[bool]]:
    evidence_filter = parse(text)
    columns = evidence_entries.c
    conditions = [columns.search_text.contains(word, autoescape=True) for word in sorted(evidence_filter.words)]
    if hidden:
        conditions.append(or_(columns.repository.is_(None), columns.repository.not_in(hidden)))
    if names := sorted(evidence_filter.repositories):
        conditions.append(or_(*(columns.repository.icontains(name, autoescape=True) for name in names)))
    if ids := sorted(evidence_filter.criteria):
        criterion = evidence_criteria.c
        conditions.append(
            exists().where(criterion.evidence_id == columns.id, func.lower(criterion.criterion_id).in_(ids))
        )
    if evidence_filter.roles:
        # `like` on the JSON text: a role is a plain word, and in quotes only as a complete value
        roles = func.lower(columns.roles, type_=columns.type.type)
        conditions.append(or_(*(roles.contains(f'"{role.value}"') for role in sorted(evidence_filter.roles))))
    if evidence_filter.states:
        conditions.append(columns.analysis_state.in_(sorted(evidence_filter.states)))
    return conditions
