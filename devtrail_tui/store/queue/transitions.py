"""All status changes of jobs, with their records in the same transaction.

Each change updates the counters, writes an event to `job_events` (an outbox, read by id), and begins or ends the attempt. When a
job leaves RUNNING, the open paid calls of its claim also end: their outcome stays unknown, so they count at their worst case.
No other module writes `jobs.status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, func, insert, literal_column, select, update

from devtrail_tui.core.job import Job, Status
from devtrail_tui.store.analyses import NO_CALL, spend_on
from devtrail_tui.store.job_rows import JOB_COLUMNS, job_of
from devtrail_tui.store.sqlite.upsert import new_value, upsert
from devtrail_tui.store.tables import analyses, job_attempts, job_counts, job_events, jobs

FINISHED = tuple(status for status in Status if status.finished)

_CREATE = insert(jobs).returning(*JOB_COLUMNS)
_REMOVE = (
    delete(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status.in_([status.value for status in FINISHED]))
    .returning(jobs.c.id, jobs.c.type, jobs.c.status, jobs.c.claim_no)
)
_COUNT = upsert(job_counts, count=job_counts.c.count + new_value(job_counts.c.count))
_EVENT = insert(job_events)
_BEGIN_ATTEMPT = insert(job_attempts)
_END_ATTEMPT = (
    update(job_attempts)
    .where(job_attempts.c.job_id == bindparam("job"), job_attempts.c.claim_no == bindparam("claim"))
    .values(ended_at=bindparam("now"), outcome=bindparam("how"), error=bindparam("why"))
)
_CALLS_OF_CLAIM = (analyses.c.call_job_id == bindparam("job"), analyses.c.call_claim_no == bindparam("claim"))
_OPEN_CALLS_USD = select(func.sum(analyses.c.call_usd)).where(*_CALLS_OF_CLAIM)
_END_CALLS = (
    update(analyses)
    .where(*_CALLS_OF_CLAIM)
    .values(uncertain_usd=analyses.c.uncertain_usd + analyses.c.call_usd, **NO_CALL)
)


def status_is(status: Status) -> Any:
    """The condition as a literal: SQLite uses a partial index only if it sees the value when it prepares the statement."""
    return jobs.c.status == literal_column(f"'{status}'", Text)


class Transition:
    """One guarded change of a job from `source` to `target` (a status, or an SQL expression).

    `guards` are further conditions, `values` the other columns to set; `outcomes` maps the new status to the outcome of the
    attempt that ends. The statement always has the parameter `now`.
    """

    def __init__(
        self, source: Status, target: Any, *guards: Any, outcomes: Mapping[Status, str] | None = None, **values: Any
    ) -> None:
        self._source = source
        self._outcomes = outcomes or {}
        self._statement = (
            update(jobs)
            .where(*guards, status_is(source))
            .values(status=target, updated_at=bindparam("now"), **values)
            .returning(*JOB_COLUMNS)
        )

    def apply(
        self,
        connection: Connection,
        parameters: Mapping[str, Any],
        reason: str | Mapping[Status, str] | None = None,
    ) -> Job | None:
        """Make the change and record it with its reason (or the default reason of the new status).

        Returns the changed job, or None, without changes, if a guard refuses.
        """
        row = connection.execute(self._statement, parameters).one_or_none()
        if row is None:
            return None
        job, now = job_of(row), parameters["now"]
        reason_text = reason[job.status] if isinstance(reason, Mapping) else reason
        _record(connection, job, self._source, job.status, now, reason_text)
        if job.status is Status.RUNNING:
            attempt = {name: getattr(job, name) for name in ("claim_no", "attempt", "worker_id")}
            connection.execute(_BEGIN_ATTEMPT, {"job_id": job.id, "started_at": now, **attempt})
        if self._source is not Status.RUNNING:
            return job
        outcome = self._outcomes[job.status]
        connection.execute(
            _END_ATTEMPT, {"job": job.id, "claim": job.claim_no, "now": now, "how": outcome, "why": reason_text}
        )
        return _end_calls(connection, job)


def create(connection: Connection, values: Mapping[str, Any], now: datetime) -> Job:
    """Store a new job with `values` as PENDING."""
    job = job_of(connection.execute(_CREATE, {**values, "status": Status.PENDING}).one())
    _record(connection, job, None, job.status, now)
    return job


def remove(connection: Connection, job_id: int, now: datetime) -> bool:
    """Delete a finished job with its dependent rows; False if there is none."""
    row = connection.execute(_REMOVE, {"job": job_id}).one_or_none()
    if row is None:
        return False
    _record(connection, row, Status(row.status), None, now)
    return True


def _record(
    connection: Connection,
    job: Any,
    source: Status | None,
    target: Status | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Update the counters and write the event; `job` is a Job, or a row with `id`, `type` and `claim_no`."""
    changes = [(status, change) for status, change in ((source, -1), (target, 1)) if status]
    connection.execute(_COUNT, [{"status": status, "type": job.type, "count": change} for status, change in changes])
    event = {"job_id": job.id, "type": job.type, "claim_no": job.claim_no, "reason": reason, "created_at": now}
    ends = {"from_status": source, "to_status": target}
    connection.execute(_EVENT, event | ends)


def _end_calls(connection: Connection, job: Job) -> Job:
    claim = {"job": job.id, "claim": job.claim_no}
    usd = connection.execute(_OPEN_CALLS_USD, claim).scalar_one()
    if usd is None:
        return job
    connection.execute(_END_CALLS, claim)
    spend_on(connection, job.id, usd)
    return replace(job, spent_usd=job.spent_usd + usd)
