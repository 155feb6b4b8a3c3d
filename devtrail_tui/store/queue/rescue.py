"""Returns jobs of ended workers to the queue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, null, or_, select, update

from devtrail_tui.core.job import Claim, Job, Level, Status
from devtrail_tui.store import workers
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_log import note_on
from devtrail_tui.store.job_rows import OF_CLAIM, fenced_by
from devtrail_tui.store.queue.endings import CANCEL_REQUESTED, NO_OWNER
from devtrail_tui.store.queue.transitions import Transition
from devtrail_tui.store.tables import PENDING, RUNNING, jobs
from devtrail_tui.store.workers import Alive, process_of

POISON_CRASHES = 3
"""Crashes in a row without a save after which a job fails."""
RanOut = Callable[[Mapping[Claim, datetime]], Collection[Claim]]
"""Selects the claims whose owner no longer renews them, out of all running claims with the ends of their leases."""

_OWNED = select(jobs.c.id, jobs.c.claim_no, jobs.c.worker_id, jobs.c.lease_expires_at).where(jobs.c.status == RUNNING)
_BOUND = select(jobs.c.id, jobs.c.needs_worker).where(
    jobs.c.status == PENDING,
    jobs.c.needs_worker.is_not(None),
    jobs.c.waiting_for.is_distinct_from(bindparam("waiting")),
)
_GIVEN_UP = (~CANCEL_REQUESTED) & (jobs.c.crashes + 1 >= POISON_CRASHES)
_POISON = (
    f"The program ended {POISON_CRASHES} times in a row while this job ran, without a save in between; "
    "retry it to try again."
)
_RESCUE = Transition(
    Status.RUNNING,
    case((CANCEL_REQUESTED, Status.CANCELLED.value), (_GIVEN_UP, Status.FAILED.value), else_=Status.PENDING.value),
    OF_CLAIM,
    # Re-check under the write lock: a lease that was renewed since it was read is not lost.
    or_(jobs.c.lease_expires_at == bindparam("lease"), bindparam("dead", type_=jobs.c.id.type) == 1),
    outcomes=dict.fromkeys(Status, "lost"),
    error=case((_GIVEN_UP, _POISON), else_=jobs.c.error),
    completed_at=case(
        (or_(CANCEL_REQUESTED, _GIVEN_UP), bindparam("now", type_=jobs.c.completed_at.type)), else_=null()
    ),
    crashes=jobs.c.crashes + 1,
    attempt=jobs.c.attempt - 1,  # crashes are counted separately from failed attempts
    run_at=bindparam("now"),  # after other jobs, which must not wait for a crashing job
    waiting_for=null(),
    **NO_OWNER,
)
_SAY_BOUND = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.status == PENDING)
    .values(waiting_for=bindparam("waiting"), updated_at=bindparam("now"))
)
_OWNER_ENDED = "The program that held this job's token has ended; cancel this job and start it again."
_REASONS = {
    Status.PENDING: "The worker stopped responding; this job resumes from its last save.",
    Status.CANCELLED: "The worker stopped responding; the job is cancelled as requested.",
    Status.FAILED: _POISON,
}


@dataclass(frozen=True, slots=True)
class _LostClaim:
    """A claim to rescue; `lease` as it was read, `dead` if its process is known to have ended."""

    claim: Claim
    lease: datetime
    dead: bool


@dataclass(frozen=True, slots=True)
class Owners:
    """Running claims with the ends of their leases, waiting jobs that only one worker may run, all workers."""

    leases: Mapping[Claim, datetime] = field(default_factory=dict)
    bound: Sequence[tuple[int, str]] = ()
    registered: Sequence[str] = ()


def owners(database: Database) -> Owners:
    """The current owners."""
    with database.read() as connection:
        leases = {Claim(*owner): lease for *owner, lease in connection.execute(_OWNED)}
        bound = [(job_id, worker) for job_id, worker in connection.execute(_BOUND, {"waiting": _OWNER_ENDED})]
        return Owners(leases, bound, workers.known(connection))


class Rescue:
    """One search for jobs of ended workers (found by `host` and `alive`), then the writes that return them.

    `ran_out` selects expired leases, `spare` are the caller's own claims (see JobQueue.rescue)."""

    def __init__(
        self,
        owners: Owners,
        now: datetime,
        *,
        host: str,
        alive: Alive,
        spare: Collection[Claim],
        ran_out: RanOut | None,
    ) -> None:
        self._now, self._host, self._alive = now, host, alive
        leases = owners.leases
        silent = ran_out(leases) if ran_out else {claim for claim, lease in leases.items() if lease <= now}
        spared = {(claim.job_id, claim.claim_no) for claim in spare}
        claims = (
            _LostClaim(claim, lease, self._ended(claim.worker_id))
            for claim, lease in leases.items()
            if (claim.job_id, claim.claim_no) not in spared
        )
        self._lost = [lost for lost in claims if lost.dead or lost.claim in silent]
        self._orphaned = [job_id for job_id, worker in owners.bound if self._ended(worker)]
        self._ended_workers = [worker for worker in owners.registered if self._ended(worker)]

    @property
    def needed(self) -> bool:
        """Whether there is a job to rescue."""
        return bool(self._lost or self._orphaned or self._ended_workers)

    def take_back(self, connection: Connection) -> Sequence[Job]:
        """Rescue the jobs; returns those that changed state."""
        rescued = []
        waiting_in_vain = set(self._orphaned)
        for lost in self._lost:
            job = self._rescue(connection, lost)
            if job is None:
                continue
            rescued.append(job)
            if job.status is Status.PENDING and self._ended(job.needs_worker):
                waiting_in_vain.add(job.id)
        for job_id in waiting_in_vain:
            connection.execute(_SAY_BOUND, {"job": job_id, "waiting": _OWNER_ENDED, "now": self._now})
        for worker in self._ended_workers:
            workers.forget(connection, worker)
        return tuple(rescued)

    def _rescue(self, connection: Connection, lost: _LostClaim) -> Job | None:
        parameters = {**fenced_by(lost.claim), "now": self._now, "lease": lost.lease, "dead": int(lost.dead)}
        job = _RESCUE.apply(connection, parameters, _REASONS)
        if job is not None:
            level = Level.ERROR if job.status is Status.FAILED else Level.WARNING
            note_on(connection, job.id, (self._now, level, _REASONS[job.status]))
        return job

    def _ended(self, worker: str | None) -> bool:
        process = process_of(worker or "")
        return process is not None and process.gone(self._host, self._alive)
