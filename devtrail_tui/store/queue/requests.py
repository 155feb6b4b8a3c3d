"""Requests of people: cancel a job, retry it, change its priority."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, null, select, update

from devtrail_tui.core.errors import NotFound, NotPossible
from devtrail_tui.core.job import Job, Level, Status
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_log import note_on
from devtrail_tui.store.job_rows import JOB_COLUMNS, job_of
from devtrail_tui.store.queue.enqueue import refuse_twin
from devtrail_tui.store.queue.transitions import Transition
from devtrail_tui.store.tables import PENDING, RUNNING, jobs

_JOB = jobs.c.id == bindparam("job")
_BY_ID = select(*JOB_COLUMNS).where(_JOB)
_CANCEL_PENDING = Transition(
    Status.PENDING,
    Status.CANCELLED,
    _JOB,
    cancel_requested_at=bindparam("now"),
    completed_at=bindparam("now"),
    waiting_for=null(),
)
_CANCEL_RUNNING = (
    update(jobs)
    .where(_JOB, jobs.c.status == RUNNING)
    .values(
        cancel_requested_at=func.coalesce(jobs.c.cancel_requested_at, bindparam("now")), updated_at=bindparam("now")
    )
    .returning(*JOB_COLUMNS)
)
_CANCEL_REQUESTED = select(jobs.c.id).where(
    jobs.c.id.in_(bindparam("ids", expanding=True)), jobs.c.cancel_requested_at.is_not(None)
)
_RETRY = {
    source: Transition(
        source,
        Status.PENDING,
        _JOB,
        max_attempts=case((jobs.c.max_attempts > jobs.c.attempt, jobs.c.max_attempts), else_=jobs.c.attempt + 1),
        crashes=0,
        run_at=bindparam("now"),
        error=null(),
        waiting_for=null(),
        cancel_requested_at=null(),
        completed_at=null(),
    )
    for source in (Status.FAILED, Status.CANCELLED)
}
_PRIORITY = (
    update(jobs)
    .where(_JOB, jobs.c.status == PENDING)
    .values(priority=jobs.c.priority + bindparam("change"), updated_at=bindparam("now"))
    .returning(*JOB_COLUMNS)
)


def existing(connection: Connection, job_id: int) -> Job:
    """The current job. Raises NotFound."""
    row = connection.execute(_BY_ID, {"job": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id}; list the jobs with: devtrail-tui jobs list.")
    return job_of(row)


def cancel(connection: Connection, job_id: int, now: datetime) -> Job:
    """PENDING: CANCELLED at once. RUNNING: request its owner to stop. Raises NotPossible for a finished job, NotFound."""
    parameters = {"job": job_id, "now": now}
    reason = "Cancelled before it ran."
    job = _CANCEL_PENDING.apply(connection, parameters, reason)
    if job is not None:
        note_on(connection, job_id, (now, Level.INFO, reason))
        return job
    row = connection.execute(_CANCEL_RUNNING, parameters).one_or_none()
    if row is not None:
        return job_of(row)
    status = existing(connection, job_id).status.lower()
    raise NotPossible(f"Job {job_id} is already {status}; only a waiting or running job can be cancelled.")


def cancel_requested(database: Database, job_ids: Iterable[int]) -> set[int]:
    """The jobs among these with a cancel request."""
    with database.read() as connection:
        return set(connection.execute(_CANCEL_REQUESTED, {"ids": list(job_ids)}).scalars())


def retry(connection: Connection, job_id: int, now: datetime) -> Job:
    """FAILED or CANCELLED to PENDING now. Raises NotPossible in other states or if its unique key is active, NotFound."""
    job = existing(connection, job_id)
    transition = _RETRY.get(job.status)
    if transition is None:
        raise NotPossible(f"Job {job_id} is {job.status.lower()}; only a failed or cancelled job can be retried.")
    refuse_twin(connection, job.unique_key)
    reason = "Retried by a person."
    retried = transition.apply(connection, {"job": job_id, "now": now}, reason)
    note_on(connection, job_id, (now, Level.INFO, reason))
    return retried or job


def change_priority(connection: Connection, job_id: int, change: int, now: datetime) -> Job:
    """Change a PENDING job's priority. Raises NotPossible in other states, NotFound."""
    row = connection.execute(_PRIORITY, {"job": job_id, "change": change, "now": now}).one_or_none()
    if row is not None:
        return job_of(row)
    status = existing(connection, job_id).status.lower()
    raise NotPossible(f"Job {job_id} is {status}; only the priority of a waiting job can be changed.")
