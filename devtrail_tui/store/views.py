"""Read-only queries for screens and commands; each call is one consistent view."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, bindparam, false, func, or_, select, type_coerce

from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.errors import NotFound
from devtrail_tui.core.job import Attempt, Job, Status
from devtrail_tui.core.job_filter import JobFilter
from devtrail_tui.core.job_row import HeaderFacts, JobRow
from devtrail_tui.store import service_limits
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import JOB_COLUMNS, in_list, job_of, number_of, rows_of, status_of
from devtrail_tui.store.tables import analyses, evidence_entries, job_attempts, job_counts, jobs, workers

WORKER_ALIVE = timedelta(seconds=30)
"""A worker with a heartbeat within this time is live."""
_SUGGESTIONS = 50
_RECENT_JOBS = 200

# A quotation mark inside a JSON text is escaped, so foreign text in a result cannot match.
_COMPUTED: dict[str, ColumnElement[bool]] = {
    "cancel_requested": jobs.c.cancel_requested_at.is_not(None),
    "left_out": func.coalesce(type_coerce(jobs.c.result, Text).contains('"leftOut":[{', autoescape=True), false()),
}
_ROW_COLUMNS = tuple(
    _COMPUTED[name].label(name) if name in _COMPUTED else jobs.c[name] for name in JobRow.__dataclass_fields__
)
_ROWS = select(*_ROW_COLUMNS).where(in_list(jobs.c.id))
_JOB = select(*JOB_COLUMNS).where(jobs.c.id == bindparam("job"))
_JOBS = select(*JOB_COLUMNS).where(in_list(jobs.c.id))
_COUNTS = select(job_counts.c.status, job_counts.c.type, job_counts.c.count)
_ALIVE = select(func.count()).select_from(workers).where(workers.c.last_seen_at >= bindparam("since"))
_SPENT = select(func.coalesce(func.sum(func.coalesce(analyses.c.cost_usd, 0.0) + analyses.c.uncertain_usd), 0.0)).where(
    analyses.c.created_at >= bindparam("since")
)
_ASKED_FOR = (
    select(jobs.c.repositories, (jobs.c.status == Status.FAILED.value) | _COMPUTED["left_out"])
    .where(jobs.c.repositories != "")
    .order_by(jobs.c.id.desc())
    .limit(_RECENT_JOBS)
)
_STORED = select(evidence_entries.c.repository).where(evidence_entries.c.repository.is_not(None)).distinct()
_ATTEMPTS = (
    select(*(job_attempts.c["attempt" if name == "number" else name] for name in Attempt.__dataclass_fields__))
    .where(job_attempts.c.job_id == bindparam("job"))
    .order_by(job_attempts.c.claim_no)
)


class Views:
    """Reads of jobs and of the header's facts."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def job(self, job_id: int) -> Job:
        """One complete job. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(_JOB, {"job": job_id}).one_or_none()
        if row is None:
            raise NotFound(f"There is no job {job_id}; list the jobs with: devtrail-tui jobs list.")
        return job_of(row)

    def jobs(self, ids: Sequence[int]) -> list[Job]:
        """These complete jobs, in this order; unknown ids are omitted."""
        with self._database.read() as connection:
            by_id = {row.id: job_of(row) for row in rows_of(connection, _JOBS, ids)}
        return [by_id[job_id] for job_id in ids if job_id in by_id]

    def attempts(self, job_id: int) -> list[Attempt]:
        """A job's attempts, oldest first; none for an unknown job."""
        with self._database.read() as connection:
            return [Attempt(*row) for row in connection.execute(_ATTEMPTS, {"job": job_id})]

    def job_ids(self, job_filter: JobFilter | None = None, newer_than: int = 0) -> array[int]:
        """The ids above `newer_than` that match the filter, newest first."""
        with self._database.read() as connection:
            conditions = _conditions(connection, job_filter or JobFilter())
            if newer_than:
                conditions.append(jobs.c.id > newer_than)
            statement = select(jobs.c.id).where(*conditions).order_by(jobs.c.id.desc())
            return array("q", chain.from_iterable(_driver_rows(connection, statement)))

    def job_rows(self, ids: Sequence[int]) -> dict[int, JobRow]:
        """The rows with these ids, in this order; unknown ids are omitted."""
        with self._database.read() as connection:
            by_id = {row.id: _row(row) for row in rows_of(connection, _ROWS, ids)}
        return {job_id: by_id[job_id] for job_id in ids if job_id in by_id}

    def jobs_page(
        self, job_filter: JobFilter | None = None, *, before_id: int | None = None, limit: int = 50
    ) -> list[JobRow]:
        """Up to `limit` rows that match, newest first: the newest, or those just older than `before_id`."""
        with self._database.read() as connection:
            conditions = _conditions(connection, job_filter or JobFilter())
            if before_id is not None:
                conditions.append(jobs.c.id < before_id)
            statement = select(*_ROW_COLUMNS).where(*conditions).order_by(jobs.c.id.desc()).limit(limit)
            return [_row(row) for row in connection.execute(statement)]

    def counts(self) -> dict[Status, int]:
        """The number of jobs by status, all five included."""
        with self._database.read() as connection:
            return _counts(connection)

    def header_facts(self) -> HeaderFacts:
        """Live workers, counts, the limit reported last, dollars spent since local midnight."""
        now = self._clock.now()
        midnight = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        with self._database.read() as connection:
            return HeaderFacts(
                workers=connection.execute(_ALIVE, {"since": now - WORKER_ALIVE}).scalar_one(),
                counts=_counts(connection),
                limit=service_limits.latest(connection, now),
                spent_today_usd=float(connection.execute(_SPENT, {"since": midnight}).scalar_one()),
            )

    def known_repositories(self) -> list[str]:
        """Repositories to suggest: those of recent jobs, then others with evidence; each once. Those of a job that failed or left
        something out count only if they have evidence: their names may be wrong."""
        with self._database.read() as connection:
            stored = sorted(connection.execute(_STORED).scalars(), key=str.casefold)
            known = {name.casefold() for name in stored}
            requested = [
                name
                for listed, doubtful in connection.execute(_ASKED_FOR).all()
                for name in listed.split()
                if not doubtful or name.casefold() in known
            ]
        unique = {name.casefold(): name for name in reversed([*requested, *stored])}
        return list(reversed(unique.values()))[:_SUGGESTIONS]


def _driver_rows(connection: Connection, statement: Select[Any]) -> Sequence[Any]:
    """The driver's rows: three times as fast for a hundred thousand ids, without conversion."""
    return connection.execute(statement).cursor.fetchall()


def _row(row: Row[*tuple[Any, ...]]) -> JobRow:
    columns = row._asdict()
    columns["status"] = status_of(columns["status"])
    columns["progress"] = number_of(columns["progress"])
    columns |= {name: bool(columns[name]) for name in _COMPUTED}
    return JobRow(**columns)


def _counts(connection: Connection) -> dict[Status, int]:
    counts = dict.fromkeys(Status, 0)
    for status, _, count in connection.execute(_COUNTS):
        counts[status_of(status)] += int(number_of(count))
    return counts


def _conditions(connection: Connection, job_filter: JobFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if job_filter.statuses:
        conditions.append(jobs.c.status.in_(sorted(status.value for status in job_filter.statuses)))
    if job_filter.types:
        types = {name for _, name, _ in connection.execute(_COUNTS)}
        conditions.append(jobs.c.type.in_(sorted(name for name in types if job_filter.has_type(name))))
    if job_filter.ids:
        conditions.append(jobs.c.id.in_(sorted(job_filter.ids)))
    if job_filter.repositories:
        names = sorted(job_filter.repositories)
        conditions.append(or_(*(jobs.c.repositories.icontains(name, autoescape=True) for name in names)))
    conditions += [jobs.c.search_text.contains(word, autoescape=True) for word in sorted(job_filter.words)]
    return conditions
