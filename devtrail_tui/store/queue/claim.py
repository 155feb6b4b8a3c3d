"""Claims: taking the next job, and the writes of its owner while it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, null, or_, select, update

from devtrail_tui.core.job import Claim, Job, Status
from devtrail_tui.core.service import RateLimit
from devtrail_tui.store import service_limits, workers
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import FENCE, fenced_by
from devtrail_tui.store.queue.transitions import Transition
from devtrail_tui.store.tables import PENDING, job_dependencies, jobs, queue_pauses

WHOLE_QUEUE = "*"
"""The `type` of a pause of the whole queue."""

_dependency = jobs.alias("dependency")
_READY = and_(
    jobs.c.status == PENDING,
    ~exists().where(
        job_dependencies.c.job_id == jobs.c.id,
        _dependency.c.id == job_dependencies.c.depends_on,
        _dependency.c.status != Status.COMPLETED.value,
    ),
    ~exists().where(or_(queue_pauses.c.type == jobs.c.type, queue_pauses.c.type == WHOLE_QUEUE)),
)
"""PENDING, and no dependency or pause blocks it."""
_DUE = or_(jobs.c.run_at <= bindparam("now"), jobs.c.run_at <= jobs.c.updated_at)
"""Due by our clock, or due when it was enqueued: a job due at once must not wait for a clock that was set back."""
_IN_TURN = (jobs.c.priority.desc(), jobs.c.run_at, jobs.c.id)
_MAY_BEGIN = or_(jobs.c.crashes == 0, bindparam("idle", type_=jobs.c.id.type) == 1)
"""A job whose worker died runs alone, so that only the job that crashes programs is failed. Jobs behind it wait, otherwise it
would never run."""
_FOR_WORKER = or_(jobs.c.needs_worker.is_(None), jobs.c.needs_worker == bindparam("worker"))
_OF_TYPES = jobs.c.type.in_(bindparam("types", expanding=True))


_NOT_EXCLUDED = jobs.c.id.not_in(bindparam("excluded", expanding=True))


def _claiming(*, of_types: bool, of_id: bool) -> Transition:
    candidates = select(jobs.c.id).where(_READY, _DUE, _FOR_WORKER, _NOT_EXCLUDED)
    if of_types:
        candidates = candidates.where(_OF_TYPES)
    if of_id:
        candidates = candidates.where(jobs.c.id == bindparam("only"))
    first = candidates.order_by(*_IN_TURN).limit(1)
    return Transition(
        Status.PENDING,
        Status.RUNNING,
        jobs.c.id == first.scalar_subquery(),
        _MAY_BEGIN,
        claim_no=jobs.c.claim_no + 1,
        attempt=jobs.c.attempt + 1,
        worker_id=bindparam("worker"),
        lease_expires_at=bindparam("lease"),
        started_at=func.coalesce(jobs.c.started_at, bindparam("now")),
        completed_at=null(),
    )


_CLAIM = {(types, one): _claiming(of_types=types, of_id=one) for types in (False, True) for one in (False, True)}
_ALL_DUE = select(jobs.c.id, jobs.c.type, jobs.c.config, jobs.c.crashes).where(
    _READY, _DUE, _FOR_WORKER, _OF_TYPES, _NOT_EXCLUDED
)
_ANY_DUE = _ALL_DUE.order_by(jobs.c.run_at).limit(1)
"""Stops at the first job that is not due yet, however many wait for their time."""
_FIRST_DUE = _ALL_DUE.order_by(*_IN_TURN).limit(1)
_OF_OTHER_TYPES = select(jobs.c.id).where(_READY, _DUE, _FOR_WORKER, ~_OF_TYPES).order_by(jobs.c.id)
_NEXT_DUE = (
    select(jobs.c.run_at)
    .where(_READY, jobs.c.run_at > bindparam("now"), _FOR_WORKER, _OF_TYPES)
    .order_by(jobs.c.run_at)
    .limit(1)
)
_RENEW = (
    update(jobs)
    .where(FENCE, jobs.c.worker_id == bindparam("worker"))
    .values(lease_expires_at=bindparam("lease"))
    .returning(jobs.c.cancel_requested_at)
)
_PROGRESS = (
    update(jobs)
    .where(FENCE)
    .values(
        progress=func.coalesce(bindparam("percent"), jobs.c.progress),
        progress_detail=bindparam("detail", type_=jobs.c.progress_detail.type),
        last_progress_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """The result of a heartbeat: claims lost by this worker, and claims with a cancel request."""

    lost: frozenset[Claim]
    cancel_requested: frozenset[Claim]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The jobs that a claim may take: of `types`, only `job_id` (None: any), none of `excluded`; `idle`: the worker runs nothing
    else."""

    types: Sequence[str] | None
    job_id: int | None
    idle: bool
    excluded: Sequence[int]


def claim(connection: Connection, worker_id: str, lease_s: float, candidates: Candidates, now: datetime) -> Job | None:
    """Claim the most urgent candidate that this worker may run now, or None."""
    lease = now + timedelta(seconds=lease_s)
    parameters: dict[str, Any] = {"worker": worker_id, "now": now, "lease": lease, "idle": int(candidates.idle)}
    parameters["excluded"] = candidates.excluded
    if candidates.types is not None:
        parameters["types"] = candidates.types
    if candidates.job_id is not None:
        parameters["only"] = candidates.job_id
    return _CLAIM[candidates.types is not None, candidates.job_id is not None].apply(connection, parameters)


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job that a worker could claim."""

    id: int
    type: str
    config: Mapping[str, Any]


def first_due(
    database: Database,
    worker_id: str,
    types: Sequence[str],
    now: datetime,
    *,
    idle: bool = True,
    excluded: Collection[int] = (),
) -> DueJob | None:
    """The job that this worker would claim now (arguments as of `claim`); a read, which needs no write lock."""
    parameters = {"worker": worker_id, "types": list(types), "now": now, "excluded": list(excluded)}
    with database.read() as connection:
        first = connection.execute(_ANY_DUE, parameters).one_or_none()
        if first is not None:
            first = connection.execute(_FIRST_DUE, parameters).one_or_none()
    return None if first is None or (first.crashes and not idle) else DueJob(first.id, first.type, first.config)


def due_of_other_types(database: Database, worker_id: str, types: Sequence[str], now: datetime) -> Sequence[int]:
    """The jobs that are due, but of none of `types`."""
    parameters = {"worker": worker_id, "types": list(types), "now": now}
    with database.read() as connection:
        return connection.execute(_OF_OTHER_TYPES, parameters).scalars().all()


def next_due_at(database: Database, worker_id: str, types: Sequence[str], now: datetime) -> datetime | None:
    """When the next job becomes due that only waits for its time; None if there is none."""
    parameters = {"worker": worker_id, "types": list(types), "now": now}
    with database.read() as connection:
        run_at: datetime | None = connection.execute(_NEXT_DUE, parameters).scalar_one_or_none()
    return run_at


def renew(connection: Connection, worker_id: str, claims: Sequence[Claim], lease_s: float, now: datetime) -> Renewal:
    """Extend the leases of `claims` and mark the worker as live."""
    lost, cancel_requested = set(), set()
    lease = now + timedelta(seconds=lease_s)
    for running_claim in claims:
        row = connection.execute(
            _RENEW, {**fenced_by(running_claim), "worker": worker_id, "lease": lease}
        ).one_or_none()
        if row is None:
            lost.add(running_claim)
        elif row[0] is not None:
            cancel_requested.add(running_claim)
    workers.seen(connection, worker_id, now)
    return Renewal(frozenset(lost), frozenset(cancel_requested))


def progress(
    connection: Connection,
    owner: Claim,
    percent: float | None,
    detail: Mapping[str, Any],
    limits: Sequence[RateLimit],
    now: datetime,
) -> bool:
    """Store the progress; a `percent` of None keeps the earlier one. False if the claim is lost."""
    service_limits.store(connection, limits, now)
    parameters = {**fenced_by(owner), "percent": percent, "detail": detail, "now": now}
    return connection.execute(_PROGRESS, parameters).rowcount == 1
