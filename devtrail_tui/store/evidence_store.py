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
    exists,
    func,
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
    Metrics,
    NewEvidence,
    NewJudgement,
    Ownership,
    PullRequest,
)
from devtrail_tui.core.evidence_filter import EvidenceFilter, parse
from devtrail_tui.core.job import Claim
from devtrail_tui.core.pull_request_json import pull_request_from_json
from devtrail_tui.core.pull_request_privacy import without_secrets
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store.chunks import in_chunks
from devtrail_tui.store.engine import Database
from devtrail_tui.store.evidence_identity import identify_on, lacks_identity_on
from devtrail_tui.store.evidence_rows import KNOWN_COLUMNS, entries_on, known_of
from devtrail_tui.store.evidence_saves import save_entry_on, save_judgement_on
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
_NEW_CURSOR = upsert(sync_cursors)
_SAVE_CURSOR = _NEW_CURSOR.on_conflict_do_update(
    index_elements=[sync_cursors.c.job_id, sync_cursors.c.repository],
    set_={"cursor": _NEW_CURSOR.excluded.cursor, "updated_at": _NEW_CURSOR.excluded.updated_at},
)
_CURSORS = select(sync_cursors.c.repository, sync_cursors.c.cursor).where(sync_cursors.c.job_id == bindparam("job"))

_KNOWN_NODES = select(*KNOWN_COLUMNS).where(
    evidence_entries.c.type == EvidenceType.PULL_REQUEST.value,
    evidence_entries.c.host == bindparam("host"),
    evidence_entries.c.node_id.in_(bindparam("nodes", expanding=True)),
    or_(
        evidence_entries.c.account_id == bindparam("account"),
        evidence_entries.c.account_id.is_(None)
        & (func.lower(evidence_entries.c.login) == func.lower(bindparam("login"))),
    ),
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
        self,
        claim: Claim,
        evidence: Sequence[NewEvidence] = (),
        *,
        judgements: Sequence[NewJudgement] = (),
        ownership: Ownership | None = None,
        cursor: Mapping[str, Any] | None = None,
        log: Sequence[Line] = (),
    ) -> Future[list[KnownPullRequest]]:
        """Store ownership, evidence, judgements, cursor (JSON by repository name, "" for the whole job) and log lines in one
        transaction.

        The future holds what is stored of each of `evidence` afterwards, in that order: the newest state, whoever saved it. It
        raises ClaimLost, nothing stored, where another worker owns the job or it has ended. The job's crashes are set to 0.
        Secrets in texts and log lines are masked.
        """
        now = self._clock.now()
        saved = tuple(replace(each, pull_request=without_secrets(each.pull_request, self._redact)) for each in evidence)
        judged = tuple(replace(each, note=self._redact(each.note)) for each in judgements)
        cursors, lines = dict(cursor or {}), redacted_lines(self._redact, log)

        def work(connection: Connection) -> list[KnownPullRequest]:
            fence = {"job": claim.job_id, "claim": claim.claim_no, "now": now}
            if connection.execute(_PROVE_AND_HEAL, fence).rowcount != 1:
                raise ClaimLost(f"Job {claim.job_id} is no longer this worker's; what it just found was not stored.")
            if ownership is not None:
                identify_on(connection, ownership)
            known = [save_entry_on(connection, each, claim.job_id, now) for each in saved]
            for each in judged:
                save_judgement_on(connection, each, claim.job_id, now)
            if cursors:
                connection.execute(
                    _SAVE_CURSOR,
                    [
                        {"job_id": claim.job_id, "repository": name, "cursor": value, "updated_at": now}
                        for name, value in cursors.items()
                    ],
                )
            append_on(connection, claim, lines)
            return known

        return self._database.write(work)

    def cursor(self, job_id: int) -> dict[str, Any]:
        """What the job's attempts saved as cursors, by repository name."""
        with self._database.read() as connection:
            return dict(connection.execute(_CURSORS, {"job": job_id}).all())

    def known_nodes(
        self, host: str, account_id: str | None, login: str, node_ids: Sequence[str]
    ) -> dict[str, KnownPullRequest]:
        """The stored pull requests of an account among these node ids, which survive renames of the repository. Rows that know no
        account are the login's, in any letter case."""
        person = {"host": host, "account": account_id, "login": login}
        rows: list[Any] = []
        with self._database.read() as connection:
            for some in in_chunks(node_ids):
                rows += connection.execute(_KNOWN_NODES, {"nodes": some, **person}).all()
        # A row of the account comes last, and so stands for the pull request where there is one of the bare login too.
        known = [known_of(row) for row in sorted(rows, key=lambda row: row.account_id is not None)]
        return {each.node_id: each for each in known}

    def lacks_identity(self, ownership: Ownership) -> bool:
        """Whether some of these entries do not know their account yet, or the account has entries under an earlier login."""
        with self._database.read() as connection:
            return lacks_identity_on(connection, ownership)

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
