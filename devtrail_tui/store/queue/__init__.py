"""The queue: the only place that changes a job's status.

Each change is one guarded statement; what goes with it (attempt, counts, event, log line) is in the same transaction. Every write
of a running job is fenced by its job, its claim number and RUNNING: an owner that lost its claim changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.job import Claim, Job, NewJob, Progress, Status
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.core.service import RateLimit
from devtrail_tui.store.database import Database
from devtrail_tui.store.queue import claim, cleanup, endings, enqueue, requests
from devtrail_tui.store.queue.claim import Renewal
from devtrail_tui.store.queue.claim import any_due as any_due
from devtrail_tui.store.queue.claim import next_due_at as next_due_at
from devtrail_tui.store.queue.cleanup import prune_events as prune_events
from devtrail_tui.store.queue.requests import cancel_requested as cancel_requested
from devtrail_tui.store.queue.rescue import POISON_CRASHES as POISON_CRASHES
from devtrail_tui.store.queue.rescue import Owners, RanOut, Rescue, owners
from devtrail_tui.store.queue.transitions import FINISHED, Transition
from devtrail_tui.store.workers import Alive

T = TypeVar("T")


class JobQueue:
    """Every change of a job, each a Future that ends once it is committed. Secrets in what is stored of a job (title, config,
    progress, error, result, what it waits for) are masked."""

    def __init__(self, database: Database, clock: Clock, redact: Redactor | None = None) -> None:
        self._database = database
        self._clock = clock
        self._redact = redact or Redactor()
        self._owners: tuple[int | None, Owners] = (None, Owners())

    def enqueue(self, new: NewJob) -> Future[Job]:
        """Store a job as PENDING. The future raises NotPossible where an active job has the same `unique_key`."""
        masked = replace(new, title=self._redact(new.title), config=self._redact.json(dict(new.config)))
        return self._write(enqueue.enqueue, masked)

    def claim(
        self,
        worker_id: str,
        *,
        lease_s: float,
        types: Sequence[str] | None = None,
        job_id: int | None = None,
        idle: bool = True,
    ) -> Future[Job | None]:
        """Take the most urgent job this worker may run now (only of `types`, only `job_id`), or None. `idle`: the worker runs
        nothing else, so that it may be one whose worker died, which runs alone.

        The job comes back RUNNING with its `claim_no` raised and an attempt spent; its lease ends in `lease_s` seconds.
        """
        return self._write(claim.claim, worker_id, lease_s, types if types is None else tuple(types), job_id, idle)

    def renew(self, worker_id: str, claims: Sequence[Claim], lease_s: float) -> Future[Renewal]:
        """The heartbeat: extend the leases of `claims` by `lease_s` seconds from now and say that the worker lives."""
        return self._write(claim.renew, worker_id, tuple(claims), lease_s)

    def progress(self, owner: Claim, progress: Progress, limits: Sequence[RateLimit] = ()) -> Future[bool]:
        """Show how far a running job is, and note what its clients saw of their limits; a percentage of None leaves the bar where
        it was. False where the claim is lost."""
        return self._write(claim.progress, owner, progress.percent, self._redact.json(progress.to_json()), limits)

    def finish(self, owner: Claim, result: Mapping[str, Any]) -> Future[bool]:
        """RUNNING to COMPLETED, also where a cancel came too late to stop it. False where the claim is lost."""
        return self._end(endings.FINISH, owner, outcome=dict(result))

    def fail(self, owner: Claim, error: str) -> Future[bool]:
        """RUNNING to FAILED, for good unless a person retries. False where the claim is lost."""
        return self._end(endings.FAIL, owner, why=error)

    def cancelled(self, owner: Claim, reason: str) -> Future[bool]:
        """RUNNING to CANCELLED: the work has stopped. False where the claim is lost."""
        return self._end(endings.CANCELLED, owner, why=reason)

    def retry_later(self, owner: Claim, error: str, run_at: datetime) -> Future[bool]:
        """RUNNING to PENDING from `run_at` on, the attempt spent. False where the claim is lost."""
        return self._end(endings.RETRY_LATER, owner, why=error, due=run_at, waiting="Waits for its next try.")

    def release(self, owner: Claim, *, waiting_for: str | None = None, run_at: datetime | None = None) -> Future[bool]:
        """RUNNING to PENDING without spending the attempt (a stop, a secret that is missing); without `run_at` it keeps its place
        in the queue. False where the claim is lost."""
        return self._end(endings.RELEASE, owner, due=run_at, waiting=waiting_for)

    def cancel(self, job_id: int) -> Future[Job]:
        """PENDING: CANCELLED at once. RUNNING: ask its owner to stop; asking again changes nothing.

        The future raises NotPossible for a finished job, NotFound for an unknown one.
        """
        return self._write(requests.cancel, job_id)

    def retry(self, job_id: int) -> Future[Job]:
        """FAILED or CANCELLED to PENDING now, with at least one more attempt allowed; it goes on from its last save.

        The future raises NotPossible in any other state or where its twin (`unique_key`) is active, NotFound for an unknown job.
        """
        return self._write(requests.retry, job_id)

    def change_priority(self, job_id: int, change: int) -> Future[Job]:
        """Raise (or lower) a PENDING job's priority. The future raises NotPossible in any other state, NotFound."""
        return self._write(requests.change_priority, job_id, change)

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
        version = self._database.version()
        if version != self._owners[0]:  # nothing to read where nothing was committed since the last look
            self._owners = (version, owners(self._database))
        rescue = Rescue(self._owners[1], self._clock.now(), host=host, alive=alive, spare=spare, ran_out=ran_out)
        if rescue.needed:
            return self._database.write(rescue.take_back)
        nothing: Future[Sequence[Job]] = Future()
        nothing.set_result(())
        return nothing

    def delete(self, job_id: int) -> Future[int]:
        """Delete a finished job with its log; its evidence stays. The future raises NotPossible, NotFound."""
        return self._write(cleanup.delete, job_id)

    def cleanup(self, older_than: timedelta, statuses: Sequence[Status] = FINISHED) -> Future[int]:
        """Delete jobs that ended longer ago than `older_than`, in batches so that others write in between.

        The future holds their number. Raises ValueError for a status that is not finished.
        """
        if any(not status.finished for status in statuses):
            raise ValueError("Only finished jobs are cleaned up.")
        now = self._clock.now()
        return cleanup.cleanup(self._database, now - older_than, statuses, now)

    def _write(self, change: Callable[..., T], *arguments: Any) -> Future[T]:
        now = self._clock.now()
        return self._database.write(lambda connection: change(connection, *arguments, now))

    def _end(self, ending: Transition, owner: Claim, **parameters: Any) -> Future[bool]:
        return self._write(endings.end, ending, owner, self._redact.json(parameters))
