"""The queue: the only package that changes a job's status.

Each change is one guarded statement; its side effects (attempt, counts, event, log line) are in the same transaction. Every write
of a running job is fenced by job id, claim number and RUNNING: an owner that lost its claim changes nothing.
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
from devtrail_tui.store.queue.claim import due_of_other_types as due_of_other_types
from devtrail_tui.store.queue.claim import first_due as first_due
from devtrail_tui.store.queue.claim import next_due_at as next_due_at
from devtrail_tui.store.queue.cleanup import prune_events as prune_events
from devtrail_tui.store.queue.failures import failures_in_a_row as failures_in_a_row
from devtrail_tui.store.queue.requests import cancel_requested as cancel_requested
from devtrail_tui.store.queue.rescue import POISON_CRASHES as POISON_CRASHES
from devtrail_tui.store.queue.rescue import Owners, Rescue, owners
from devtrail_tui.store.queue.rescue import RanOut as RanOut
from devtrail_tui.store.queue.transitions import FINISHED, Transition
from devtrail_tui.store.workers import Alive

T = TypeVar("T")


class JobQueue:
    """All changes of jobs, each a Future that completes on commit. Secrets in a job's texts (title, config, progress, error,
    result, wait reason) are masked."""

    def __init__(self, database: Database, clock: Clock, redact: Redactor | None = None) -> None:
        self._database = database
        self._clock = clock
        self._redact = redact or Redactor()
        self._owners: tuple[int | None, Owners] = (None, Owners())

    def enqueue(self, new: NewJob) -> Future[Job]:
        """Store a job as PENDING. The future raises NotPossible if an active job has the same `unique_key`."""
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
        excluded: Collection[int] = (),
    ) -> Future[Job | None]:
        """Claim the most urgent job this worker may run now (only of `types`, only `job_id`, none of `excluded`), or None.
        `idle`: the worker runs nothing else, so it may claim a job whose worker died, which runs alone.

        The job is returned as RUNNING with a new `claim_no` and one more attempt; its lease ends in `lease_s` seconds.
        """
        candidates = claim.Candidates(types if types is None else tuple(types), job_id, idle, tuple(excluded))
        return self._write(claim.claim, worker_id, lease_s, candidates)

    def renew(self, worker_id: str, claims: Sequence[Claim], lease_s: float) -> Future[Renewal]:
        """The heartbeat: extend the leases of `claims` to `lease_s` seconds from now and mark the worker as live."""
        return self._write(claim.renew, worker_id, tuple(claims), lease_s)

    def progress(self, owner: Claim, progress: Progress, limits: Sequence[RateLimit] = ()) -> Future[bool]:
        """Store the progress of a running job and its clients' limits; a percentage of None keeps the earlier one. False if the
        claim is lost."""
        return self._write(claim.progress, owner, progress.percent, self._redact.json(progress.to_json()), limits)

    def finish(self, owner: Claim, result: Mapping[str, Any]) -> Future[bool]:
        """RUNNING to COMPLETED, even if a cancel came too late. False if the claim is lost."""
        return self._end(endings.FINISH, owner, outcome=dict(result))

    def fail(self, owner: Claim, error: str) -> Future[bool]:
        """RUNNING to FAILED; only a person can retry it. False if the claim is lost."""
        return self._end(endings.FAIL, owner, why=error)

    def cancelled(self, owner: Claim, reason: str) -> Future[bool]:
        """RUNNING to CANCELLED, after the work has stopped. False if the claim is lost."""
        return self._end(endings.CANCELLED, owner, why=reason)

    def retry_later(
        self, owner: Claim, error: str, run_at: datetime, *, outage: bool = False, progressed: bool = False
    ) -> Future[bool]:
        """RUNNING to PENDING, due at `run_at`. The attempt counts, unless the network or a service is down (`outage`), or it
        `progressed`: stored something new. False if the claim is lost."""
        waiting = error if outage else "Waits for its next try."
        return self._end(endings.RETRY_LATER[outage, progressed], owner, why=error, due=run_at, waiting=waiting)

    def release(self, owner: Claim, *, waiting_for: str | None = None, run_at: datetime | None = None) -> Future[bool]:
        """RUNNING to PENDING without counting the attempt (a stop, a missing secret); without `run_at` it keeps its place in the
        queue. False if the claim is lost."""
        return self._end(endings.RELEASE, owner, due=run_at, waiting=waiting_for)

    def cancel(self, job_id: int) -> Future[Job]:
        """PENDING: CANCELLED at once. RUNNING: request its owner to stop; idempotent.

        The future raises NotPossible for a finished job, NotFound for an unknown one.
        """
        return self._write(requests.cancel, job_id)

    def retry(self, job_id: int) -> Future[Job]:
        """FAILED or CANCELLED to PENDING now, with at least one more attempt; it resumes from its last save.

        The future raises NotPossible in other states or if an active job has its `unique_key`, NotFound for an unknown job.
        """
        return self._write(requests.retry, job_id)

    def change_priority(self, job_id: int, change: int) -> Future[Job]:
        """Change a PENDING job's priority. The future raises NotPossible in other states, NotFound."""
        return self._write(requests.change_priority, job_id, change)

    def rescue(
        self, *, host: str, alive: Alive, spare: Collection[Claim] = (), ran_out: RanOut | None = None
    ) -> Future[Sequence[Job]]:
        """Return jobs of dead workers to the queue: those with an expired lease, and at once those of an ended process of `host`.

        `ran_out` decides which leases of running claims have expired; without it they are compared with this process's clock,
        which requires a clock shared by all workers. `spare` are the caller's own claims: after the machine slept their leases
        have expired, and the caller renews them.

        A crash does not count as an attempt; the third in a row without a save fails the job. A job with a cancel request becomes
        CANCELLED. Waiting jobs that only an ended process could run get that reason. Ended workers of `host` are removed.
        Returns the jobs that changed state.
        """
        version = self._database.version()
        if version != self._owners[0]:  # something was committed since the owners were read
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
        """Delete jobs that ended longer ago than `older_than`, in batches so that other writes come in between.

        The future returns their number. Raises ValueError for a status that is not finished.
        """
        if any(not status.finished for status in statuses):
            raise ValueError("Only finished jobs can be cleaned up.")
        now = self._clock.now()
        return cleanup.cleanup(self._database, now - older_than, statuses, now)

    def _write(self, change: Callable[..., T], *arguments: Any) -> Future[T]:
        now = self._clock.now()
        return self._database.write(lambda connection: change(connection, *arguments, now))

    def _end(self, ending: Transition, owner: Claim, **parameters: Any) -> Future[bool]:
        return self._write(endings.end, ending, owner, self._redact.json(parameters))
