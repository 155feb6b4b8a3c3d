"""The queue: the only place that changes a job's status (design: States, Protocol of the queue).

Each change is one guarded statement; what goes with it (the attempt's end, the counts, a log line) is in the same transaction.
Every write of a running job is fenced by its job, its claim number and RUNNING: an owner that lost its claim changes nothing.

Where a cancel was asked for and the work ends otherwise first, what happened is what is recorded: done is COMPLETED, failed is
FAILED. A job that would go back to the queue (stop, retry, lost lease) is CANCELLED instead, because nobody wants it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import NotFound, NotPossible
from devtrail_tui.core.job import Claim, Job, Level, NewJob, Progress, Status
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store import workers as worker_rows
from devtrail_tui.store.engine import Database
from devtrail_tui.store.job_counts import count_deleted, count_moved, count_new
from devtrail_tui.store.job_log import note_on
from devtrail_tui.store.job_rows import JOB_COLUMNS, job_of
from devtrail_tui.store.tables import (
    PENDING,
    RUNNING,
    job_attempts,
    job_dependencies,
    jobs,
    queue_pauses,
)
from devtrail_tui.store.workers import Alive, Worker, process_of

POISON_CRASHES = 3
"""Crashes in a row without a save after which a job is given up."""
WHOLE_QUEUE = "*"
"""The `type` of the pause that holds for every type."""
_CLEANUP_BATCH = 500
"""Jobs deleted in one transaction, so that a large clean-up does not keep running jobs from writing."""
_FINISHED = tuple(status for status in Status if status.finished)

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
"""PENDING, and neither a dependency nor a pause holds it."""
_DUE = or_(jobs.c.run_at <= bindparam("now"), jobs.c.run_at <= jobs.c.updated_at)
"""Its time has come by our clock, or had come already by the clock that put it into the queue: a job meant for now never waits
until a clock that was set back has caught up."""
_MINE = or_(jobs.c.needs_worker.is_(None), jobs.c.needs_worker == bindparam("worker"))
_OF_TYPES = jobs.c.type.in_(bindparam("types", expanding=True))
_FENCE = and_(jobs.c.id == bindparam("job"), jobs.c.claim_no == bindparam("claim"), jobs.c.status == RUNNING)


def _claim_statement(*, of_types: bool, of_id: bool) -> Any:
    candidates = select(jobs.c.id).where(_READY, _DUE, _MINE)
    if of_types:
        candidates = candidates.where(_OF_TYPES)
    if of_id:
        candidates = candidates.where(jobs.c.id == bindparam("only"))
    first = candidates.order_by(jobs.c.priority.desc(), jobs.c.run_at, jobs.c.id).limit(1)
    return (
        update(jobs)
        .where(jobs.c.id == first.scalar_subquery())
        .values(
            status=Status.RUNNING.value,
            claim_no=jobs.c.claim_no + 1,
            attempt=jobs.c.attempt + 1,
            worker_id=bindparam("worker"),
            lease_expires_at=bindparam("lease"),
            waiting_for=null(),
            started_at=func.coalesce(jobs.c.started_at, bindparam("now")),
            completed_at=null(),
            updated_at=bindparam("now"),
        )
        .returning(*JOB_COLUMNS)
    )


_CLAIM = {
    (of_types, of_id): _claim_statement(of_types=of_types, of_id=of_id)
    for of_types in (False, True)
    for of_id in (False, True)
}
_ANY_DUE = select(jobs.c.id).where(_READY, _DUE, _MINE, _OF_TYPES).order_by(jobs.c.run_at).limit(1)
_BEGIN_ATTEMPT = insert(job_attempts)
_END_ATTEMPT = (
    update(job_attempts)
    .where(job_attempts.c.job_id == bindparam("job"), job_attempts.c.claim_no == bindparam("claim"))
    .values(ended_at=bindparam("now"), outcome=bindparam("how"), error=bindparam("why"))
)
_ENQUEUE = insert(jobs).returning(*JOB_COLUMNS)
_BY_ID = select(*JOB_COLUMNS).where(jobs.c.id == bindparam("job"))
_ACTIVE_TWIN = select(jobs.c.id).where(
    jobs.c.unique_key == bindparam("key"), or_(jobs.c.status == PENDING, jobs.c.status == RUNNING)
)
_RENEW = (
    update(jobs)
    .where(_FENCE, jobs.c.worker_id == bindparam("worker"))
    .values(lease_expires_at=bindparam("lease"))
    .returning(jobs.c.cancel_requested_at)
)
_PROGRESS = (
    update(jobs)
    .where(_FENCE)
    .values(
        progress=func.coalesce(bindparam("percent"), jobs.c.progress),
        progress_detail=bindparam("detail", type_=jobs.c.progress_detail.type),
        last_progress_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)
_NO_OWNER = {"worker_id": null(), "lease_expires_at": null()}


def _ending(status: Status, **also: Any) -> Any:
    return (
        update(jobs)
        .where(_FENCE)
        .values(
            status=status.value,
            completed_at=bindparam("now"),
            updated_at=bindparam("now"),
            waiting_for=null(),
            **_NO_OWNER,
            **also,
        )
        .returning(jobs.c.type, jobs.c.status)
    )


_FINISH = _ending(
    Status.COMPLETED, progress=100.0, result=bindparam("outcome", type_=jobs.c.result.type), error=null(), crashes=0
)
_FAIL = _ending(Status.FAILED, error=bindparam("why"))
_CANCELLED = _ending(Status.CANCELLED, error=bindparam("why"))

_ITS_PLACE = case((jobs.c.run_at > bindparam("now"), bindparam("now", type_=jobs.c.run_at.type)), else_=jobs.c.run_at)
"""A job that was stopped goes on before those that came after it; at once, where a clock ahead of ours put it into the queue."""
_UNWANTED = jobs.c.cancel_requested_at.is_not(None)


def _giving_back(*, spent: bool, **also: Any) -> Any:
    """RUNNING to PENDING; to CANCELLED where a cancel was asked for meanwhile. Without `due` it keeps its place in the queue."""
    return (
        update(jobs)
        .where(_FENCE)
        .values(
            status=case((_UNWANTED, Status.CANCELLED.value), else_=Status.PENDING.value),
            completed_at=case((_UNWANTED, bindparam("now", type_=jobs.c.completed_at.type)), else_=null()),
            waiting_for=case((_UNWANTED, null()), else_=bindparam("waiting", type_=jobs.c.waiting_for.type)),
            run_at=func.coalesce(bindparam("due", type_=jobs.c.run_at.type), _ITS_PLACE),
            attempt=jobs.c.attempt if spent else jobs.c.attempt - 1,
            updated_at=bindparam("now"),
            **_NO_OWNER,
            **also,
        )
        .returning(jobs.c.type, jobs.c.status)
    )


_RETRY_LATER = _giving_back(spent=True, error=bindparam("why"))
_RELEASE = _giving_back(spent=False)
_CANCEL_PENDING = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status == PENDING)
    .values(
        status=Status.CANCELLED.value,
        cancel_requested_at=bindparam("now"),
        completed_at=bindparam("now"),
        updated_at=bindparam("now"),
        waiting_for=null(),
    )
    .returning(*JOB_COLUMNS)
)
_CANCEL_RUNNING = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status == RUNNING)
    .values(
        cancel_requested_at=func.coalesce(jobs.c.cancel_requested_at, bindparam("now")), updated_at=bindparam("now")
    )
    .returning(*JOB_COLUMNS)
)
_RETRY = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status == bindparam("before"))
    .values(
        status=Status.PENDING.value,
        max_attempts=case((jobs.c.max_attempts > jobs.c.attempt, jobs.c.max_attempts), else_=jobs.c.attempt + 1),
        crashes=0,
        run_at=bindparam("now"),
        error=null(),
        waiting_for=null(),
        cancel_requested_at=null(),
        completed_at=null(),
        updated_at=bindparam("now"),
    )
    .returning(*JOB_COLUMNS)
)
_PRIORITY = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status == PENDING)
    .values(priority=jobs.c.priority + bindparam("change"), updated_at=bindparam("now"))
    .returning(*JOB_COLUMNS)
)
_OWNED = select(jobs.c.id, jobs.c.claim_no, jobs.c.worker_id, jobs.c.lease_expires_at).where(jobs.c.status == RUNNING)
_BOUND = select(jobs.c.id, jobs.c.needs_worker).where(
    jobs.c.status == PENDING,
    jobs.c.needs_worker.is_not(None),
    jobs.c.waiting_for.is_distinct_from(bindparam("waiting")),
)
_GIVEN_UP = (~_UNWANTED) & (jobs.c.crashes + 1 >= POISON_CRASHES)
_POISON = (
    f"The program ended {POISON_CRASHES} times in a row while this job ran, with nothing saved in between; "
    "retry it to try again."
)
_RESCUE = (
    update(jobs)
    .where(
        _FENCE,
        # What was seen before the lock was held may be over: a lease that was renewed since is no longer lost.
        or_(jobs.c.lease_expires_at == bindparam("lease"), bindparam("dead", type_=jobs.c.id.type) == 1),
    )
    .values(
        status=case((_UNWANTED, Status.CANCELLED.value), (_GIVEN_UP, Status.FAILED.value), else_=Status.PENDING.value),
        error=case((_GIVEN_UP, _POISON), else_=jobs.c.error),
        completed_at=case((or_(_UNWANTED, _GIVEN_UP), bindparam("now", type_=jobs.c.completed_at.type)), else_=null()),
        crashes=jobs.c.crashes + 1,
        attempt=jobs.c.attempt - 1,  # a crash is counted apart: it is not a try of the work that failed
        run_at=bindparam("now"),  # behind the others, which must not wait until a job that ends programs is given up
        waiting_for=null(),
        updated_at=bindparam("now"),
        **_NO_OWNER,
    )
    .returning(*JOB_COLUMNS)
)
_SAY_BOUND = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status == PENDING)
    .values(waiting_for=bindparam("waiting"), updated_at=bindparam("now"))
)
_OWNER_ENDED = "The program that held this job's token has ended; cancel this job and start it again."
_DELETE = (
    delete(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status.in_([status.value for status in _FINISHED]))
    .returning(jobs.c.type, jobs.c.status)
)
_OLD = (
    select(jobs.c.id)
    .where(jobs.c.completed_at <= bindparam("until"), jobs.c.status.in_(bindparam("statuses", expanding=True)))
    .order_by(jobs.c.completed_at)
    .limit(_CLEANUP_BATCH)
)
_LOG_OF_RESCUE = {
    Status.PENDING: (Level.WARNING, "The worker stopped answering; this job goes on from its last save."),
    Status.CANCELLED: (Level.WARNING, "The worker stopped answering; the job was to be cancelled, and is."),
    Status.FAILED: (Level.ERROR, _POISON),
}

_CANCEL_REQUESTED = select(jobs.c.id).where(
    jobs.c.id.in_(bindparam("ids", expanding=True)), jobs.c.cancel_requested_at.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a heartbeat found: claims that are no longer this worker's, and those somebody wants cancelled."""

    lost: frozenset[Claim]
    cancel_requested: frozenset[Claim]


RanOut = Callable[[Mapping[Claim, datetime]], Collection[Claim]]
"""Which of the claims that run, given with the ends of their leases, have an owner that does not renew them any more."""


@dataclass(frozen=True, slots=True)
class _Lost:
    """A claim to take back; `lease` as it was seen, `dead` where its process is known to have ended."""

    claim: Claim
    lease: datetime
    dead: bool


class JobQueue:
    """Every change of a job's status, each a Future that ends once it is committed. Secrets in what is stored of a job (title,
    config, progress, error, result, what it waits for) are masked."""

    def __init__(self, database: Database, clock: Clock, redact: Redactor | None = None) -> None:
        self._database = database
        self._clock = clock
        self._redact = redact or Redactor()

    def enqueue(self, new: NewJob) -> Future[Job]:
        """Store a job as PENDING. The future raises NotPossible where an active job has the same `unique_key`."""
        now = self._clock.now()
        kept = replace(new, title=self._redact(new.title), config=self._redact.json(dict(new.config)))
        return self._database.write(lambda connection: self._enqueue_on(connection, kept, now))

    def _enqueue_on(self, connection: Connection, new: NewJob, now: datetime) -> Job:
        _refuse_twin(connection, new.unique_key)
        row = connection.execute(_ENQUEUE, _values_of(new, now)).one()
        count_new(connection, new.type, Status.PENDING)
        return job_of(row)

    def claim(
        self, worker_id: str, *, lease_s: float, types: Sequence[str] | None = None, job_id: int | None = None
    ) -> Future[Job | None]:
        """Take the most urgent job this worker may run now (only of `types`, only `job_id`), or None.

        The job comes back RUNNING with its `claim_no` raised and an attempt spent; its lease ends in `lease_s` seconds.
        """
        now = self._clock.now()
        values: dict[str, Any] = {"worker": worker_id, "now": now, "lease": now + timedelta(seconds=lease_s)}
        if types is not None:
            values["types"] = list(types)
        if job_id is not None:
            values["only"] = job_id
        statement = _CLAIM[types is not None, job_id is not None]

        def work(connection: Connection) -> Job | None:
            row = connection.execute(statement, values).one_or_none()
            if row is None:
                return None
            job = job_of(row)
            count_moved(connection, job.type, Status.PENDING, Status.RUNNING)
            connection.execute(
                _BEGIN_ATTEMPT,
                {
                    "job_id": job.id,
                    "claim_no": job.claim_no,
                    "attempt": job.attempt,
                    "worker_id": worker_id,
                    "started_at": now,
                },
            )
            return job

        return self._database.write(work)

    def renew(self, worker_id: str, claims: Sequence[Claim], lease_s: float) -> Future[Renewal]:
        """The heartbeat: extend the leases of `claims` by `lease_s` seconds from now and say that the worker lives."""
        now = self._clock.now()
        lease = now + timedelta(seconds=lease_s)
        kept = tuple(claims)

        def work(connection: Connection) -> Renewal:
            lost, wanted = set(), set()
            for claim in kept:
                values = {"job": claim.job_id, "claim": claim.claim_no, "worker": worker_id, "lease": lease}
                row = connection.execute(_RENEW, values).one_or_none()
                if row is None:
                    lost.add(claim)
                elif row[0] is not None:
                    wanted.add(claim)
            worker_rows.seen(connection, worker_id, now)
            return Renewal(frozenset(lost), frozenset(wanted))

        return self._database.write(work)

    def progress(self, claim: Claim, progress: Progress) -> Future[bool]:
        """Show how far a running job is; a percentage of None leaves the bar where it was. False where the claim is lost."""
        values = {
            "job": claim.job_id,
            "claim": claim.claim_no,
            "percent": None if progress.percent is None else min(max(progress.percent, 0.0), 100.0),
            "detail": self._redact.json(progress.to_json()),
            "now": self._clock.now(),
        }
        return self._database.write(lambda connection: connection.execute(_PROGRESS, values).rowcount == 1)

    def finish(self, claim: Claim, result: Mapping[str, Any]) -> Future[bool]:
        """RUNNING to COMPLETED, also where a cancel came too late to stop it. False where the claim is lost."""
        return self._leave(_FINISH, claim, outcome="completed", why=None, values={"outcome": dict(result)})

    def fail(self, claim: Claim, error: str) -> Future[bool]:
        """RUNNING to FAILED, for good unless a person retries. False where the claim is lost."""
        return self._leave(_FAIL, claim, outcome="failed", why=error, values={"why": error})

    def cancelled(self, claim: Claim, reason: str) -> Future[bool]:
        """RUNNING to CANCELLED: the work has stopped. False where the claim is lost."""
        return self._leave(_CANCELLED, claim, outcome="cancelled", why=reason, values={"why": reason})

    def retry_later(self, claim: Claim, error: str, run_at: datetime) -> Future[bool]:
        """RUNNING to PENDING from `run_at` on, the attempt spent. False where the claim is lost."""
        values = {"why": error, "due": run_at, "waiting": "Waits for its next try."}
        return self._leave(_RETRY_LATER, claim, outcome="retried", why=error, values=values)

    def release(self, claim: Claim, *, waiting_for: str | None = None, run_at: datetime | None = None) -> Future[bool]:
        """RUNNING to PENDING without spending the attempt (a stop, a secret that is missing); without `run_at` it keeps its place
        in the queue. False where the claim is lost."""
        values = {"due": run_at, "waiting": waiting_for}
        return self._leave(_RELEASE, claim, outcome="released", why=waiting_for, values=values)

    def _leave(
        self, statement: Any, claim: Claim, *, outcome: str, why: str | None, values: Mapping[str, Any]
    ) -> Future[bool]:
        now = self._clock.now()
        why = self._redact(why) if why else why
        fenced = {"job": claim.job_id, "claim": claim.claim_no, "now": now, **self._redact.json(dict(values))}

        def work(connection: Connection) -> bool:
            row = connection.execute(statement, fenced).one_or_none()
            if row is None:
                return False
            after = Status(row[1])
            count_moved(connection, row[0], Status.RUNNING, after)
            how = "cancelled" if after is Status.CANCELLED else outcome
            connection.execute(
                _END_ATTEMPT, {"job": claim.job_id, "claim": claim.claim_no, "now": now, "how": how, "why": why}
            )
            return True

        return self._database.write(work)

    def cancel(self, job_id: int) -> Future[Job]:
        """PENDING: CANCELLED at once. RUNNING: ask its owner to stop; asking again changes nothing.

        The future raises NotPossible for a finished job, NotFound for an unknown one.
        """
        now = self._clock.now()

        def work(connection: Connection) -> Job:
            row = connection.execute(_CANCEL_PENDING, {"job": job_id, "now": now}).one_or_none()
            if row is not None:
                job = job_of(row)
                count_moved(connection, job.type, Status.PENDING, Status.CANCELLED)
                note_on(connection, job_id, (now, Level.INFO, "Cancelled before it ran."))
                return job
            row = connection.execute(_CANCEL_RUNNING, {"job": job_id, "now": now}).one_or_none()
            if row is not None:
                return job_of(row)
            job = _existing(connection, job_id)
            raise NotPossible(
                f"Job {job_id} is {job.status.lower()} already; only a job that waits or runs can be cancelled."
            )

        return self._database.write(work)

    def retry(self, job_id: int) -> Future[Job]:
        """FAILED or CANCELLED to PENDING now, with at least one more attempt allowed; it goes on from its last save.

        The future raises NotPossible in any other state or where its twin (`unique_key`) is active, NotFound for an unknown job.
        """
        now = self._clock.now()

        def work(connection: Connection) -> Job:
            before = _existing(connection, job_id)
            if before.status not in (Status.FAILED, Status.CANCELLED):
                raise NotPossible(
                    f"Job {job_id} is {before.status.lower()}; only a failed or cancelled job can be retried."
                )
            _refuse_twin(connection, before.unique_key)
            row = connection.execute(_RETRY, {"job": job_id, "before": before.status.value, "now": now}).one()
            count_moved(connection, before.type, before.status, Status.PENDING)
            note_on(connection, job_id, (now, Level.INFO, "Put back into the queue by hand."))
            return job_of(row)

        return self._database.write(work)

    def change_priority(self, job_id: int, change: int) -> Future[Job]:
        """Raise (or lower) a PENDING job's priority. The future raises NotPossible in any other state, NotFound."""
        now = self._clock.now()

        def work(connection: Connection) -> Job:
            row = connection.execute(_PRIORITY, {"job": job_id, "change": change, "now": now}).one_or_none()
            if row is not None:
                return job_of(row)
            job = _existing(connection, job_id)
            raise NotPossible(f"Job {job_id} is {job.status.lower()}; only the priority of a waiting job matters.")

        return self._database.write(work)

    def rescue(
        self, *, host: str, alive: Alive, spare: Collection[Claim] = (), ran_out: RanOut | None = None
    ) -> Future[Sequence[Job]]:
        """Take back what dead workers left: jobs whose lease has run out, and at once those of an ended process of `host`.

        `ran_out` judges the leases of all claims that run; without it they are held against this process's clock, which is
        right only where all workers share one. `spare` are claims the caller is still working on: after the machine slept
        their leases have run out, and the caller renews them itself.

        A crash spends no attempt; the third in a row without a save fails the job. Where a cancel was asked for, the job is
        CANCELLED. Waiting jobs that only an ended process could run say so. Ended workers of `host` count as workers no longer.
        Comes back with the jobs that changed state.
        """
        now = self._clock.now()
        with self._database.read() as connection:
            owned = connection.execute(_OWNED).all()
            bound = connection.execute(_BOUND, {"waiting": _OWNER_ENDED}).all()
            known = worker_rows.known(connection)
        leases = {Claim(job_id, claim_no, worker): lease for job_id, claim_no, worker, lease in owned}
        silent = ran_out(leases) if ran_out else {claim for claim, lease in leases.items() if lease <= now}
        spared = {(claim.job_id, claim.claim_no) for claim in spare}
        lost: list[_Lost] = []
        for claim, lease in leases.items():
            if (claim.job_id, claim.claim_no) in spared:
                continue
            dead = _process_gone(claim.worker_id, host, alive)
            if dead or claim in silent:
                lost.append(_Lost(claim, lease, dead))
        orphaned = [job_id for job_id, worker in bound if _process_gone(worker, host, alive)]
        ended = [worker for worker in known if _process_gone(worker, host, alive)]
        if not lost and not orphaned and not ended:
            nothing: Future[Sequence[Job]] = Future()
            nothing.set_result(())
            return nothing

        def work(connection: Connection) -> Sequence[Job]:
            rescued = _rescue_on(connection, lost, orphaned, host, alive, now)
            for worker in ended:
                worker_rows.forget(connection, worker)
            return rescued

        return self._database.write(work)

    def delete(self, job_id: int) -> Future[int]:
        """Delete a finished job with its log; its evidence stays. The future raises NotPossible, NotFound."""

        def work(connection: Connection) -> int:
            row = connection.execute(_DELETE, {"job": job_id}).one_or_none()
            if row is None:
                job = _existing(connection, job_id)
                raise NotPossible(f"Job {job_id} is {job.status.lower()}; cancel it before you delete it.")
            count_deleted(connection, row[0], Status(row[1]), 1)
            return 1

        return self._database.write(work)

    def cleanup(self, older_than: timedelta, statuses: Sequence[Status] = _FINISHED) -> Future[int]:
        """Delete jobs that ended longer ago than `older_than`, in batches so that others write in between.

        The future holds their number. Raises ValueError for a status that is not finished.
        """
        if any(not status.finished for status in statuses):
            raise ValueError("Only finished jobs are cleaned up.")
        until = self._clock.now() - older_than
        total: Future[int] = Future()
        total.set_running_or_notify_cancel()  # from here on it cannot be cancelled, only awaited

        def delete_batch(connection: Connection) -> int:
            values = {"until": until, "statuses": [status.value for status in statuses]}
            ids = connection.execute(_OLD, values).scalars().all()
            for job_id in ids:
                type_name, status = connection.execute(_DELETE, {"job": job_id}).one()
                count_deleted(connection, type_name, Status(status), 1)
            return len(ids)

        def go_on(done_before: int, batch: Future[int]) -> None:
            error = batch.exception()
            if error is not None:
                total.set_exception(error)
                return
            done = done_before + batch.result()
            if batch.result() < _CLEANUP_BATCH:
                total.set_result(done)
            else:
                self._database.write(delete_batch).add_done_callback(lambda following: go_on(done, following))

        self._database.write(delete_batch).add_done_callback(lambda first: go_on(0, first))
        return total

    def any_due(self, worker_id: str, types: Sequence[str]) -> bool:
        """Whether there is a job of `types` that this worker could claim now; a read, so it costs nobody the write lock."""
        values = {"worker": worker_id, "types": list(types), "now": self._clock.now()}
        with self._database.read() as connection:
            return connection.execute(_ANY_DUE, values).one_or_none() is not None

    def cancel_requested(self, job_ids: Iterable[int]) -> set[int]:
        """Which of these jobs a person asked to cancel."""
        with self._database.read() as connection:
            return set(connection.execute(_CANCEL_REQUESTED, {"ids": list(job_ids)}).scalars())

    def register_worker(self, worker: Worker) -> Future[None]:
        """Make a worker known."""
        return self._database.write(lambda connection: worker_rows.register(connection, worker))

    def worker_seen(self, worker_id: str) -> Future[None]:
        """Say that a worker lives; `renew` says so too."""
        now = self._clock.now()
        return self._database.write(lambda connection: worker_rows.seen(connection, worker_id, now))

    def forget_worker(self, worker_id: str) -> Future[None]:
        """A worker has ended in good order."""
        return self._database.write(lambda connection: worker_rows.forget(connection, worker_id))


def _values_of(new: NewJob, now: datetime) -> dict[str, Any]:
    named = new.config.get("repositories")
    repositories = [each for each in named if isinstance(each, str)] if isinstance(named, list | tuple) else []
    return {
        "type": new.type,
        "title": new.title,
        "search_text": new.title.casefold(),
        "repositories": "".join(f"\n{name}" for name in repositories) + "\n" if repositories else "",
        "status": Status.PENDING.value,
        "priority": new.priority,
        "progress": 0.0,
        "config": dict(new.config),
        "attempt": 0,
        "max_attempts": new.max_attempts,
        "claim_no": 0,
        "crashes": 0,
        "last_seq": 0,
        "run_at": new.run_at or now,
        "timeout_s": new.timeout_s,
        "unique_key": new.unique_key,
        "needs_worker": new.needs_worker,
        "retry_of": new.retry_of,
        "spent_usd": 0.0,
        "created_at": now,
        "updated_at": now,
    }


def _refuse_twin(connection: Connection, unique_key: str | None) -> None:
    if unique_key is None:
        return
    twin = connection.execute(_ACTIVE_TWIN, {"key": unique_key}).scalar_one_or_none()
    if twin is not None:
        raise NotPossible(f"Job {twin} does the same and is not finished yet; wait for it, or cancel it first.")


def _existing(connection: Connection, job_id: int) -> Job:
    row = connection.execute(_BY_ID, {"job": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id}; see the numbers with: devtrail-tui jobs list.")
    return job_of(row)


def _process_gone(worker: str | None, host: str, alive: Alive) -> bool:
    process = process_of(worker or "")
    return process is not None and process.gone(host, alive)


def _rescue_on(
    connection: Connection,
    lost: Sequence[_Lost],
    orphaned: Sequence[int],
    host: str,
    alive: Alive,
    now: datetime,
) -> Sequence[Job]:
    rescued = []
    waiting_in_vain = set(orphaned)
    for each in lost:
        claim = each.claim
        values = {
            "job": claim.job_id,
            "claim": claim.claim_no,
            "now": now,
            "lease": each.lease,
            "dead": int(each.dead),
        }
        row = connection.execute(_RESCUE, values).one_or_none()
        if row is None:
            continue
        job = job_of(row)
        rescued.append(job)
        level, message = _LOG_OF_RESCUE[job.status]
        count_moved(connection, job.type, Status.RUNNING, job.status)
        connection.execute(
            _END_ATTEMPT, {"job": job.id, "claim": claim.claim_no, "now": now, "how": "lost", "why": message}
        )
        note_on(connection, job.id, (now, level, message))
        if job.status is Status.PENDING and job.needs_worker and _process_gone(job.needs_worker, host, alive):
            waiting_in_vain.add(job.id)
    for job_id in waiting_in_vain:
        connection.execute(_SAY_BOUND, {"job": job_id, "waiting": _OWNER_ENDED, "now": now})
    return tuple(rescued)
