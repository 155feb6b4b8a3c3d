"""Jobs: list, show, cancel, retry, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from devtrail_tui.actions import Outcome
from devtrail_tui.core.errors import InvalidInput, UsageError
from devtrail_tui.core.job import job_json
from devtrail_tui.core.job_filter import parse
from devtrail_tui.core.status import Status
from devtrail_tui.core.wording import count_of

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job import Attempt, Job
    from devtrail_tui.core.job_row import JobRow
    from devtrail_tui.store.queue import RanOut

CLEANUP_AGE = timedelta(days=30)
"""Default age of a clean-up: jobs that ended longer ago are deleted."""
_LONGEST_CLEANUP_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs, newest first, and whether there may be older ones."""

    rows: Sequence[JobRow]
    jobs: Sequence[Job]
    more: bool

    def to_json(self) -> list[dict[str, Any]]:
        return [job_json(job) for job in self.jobs]


def list_jobs(services: Services, query: str, *, before_id: int | None = None, limit: int = 50) -> JobPage:
    """The jobs that match a filter (core.job_filter), older than `before_id`. Raises UsageError for an invalid filter."""
    job_filter = parse(query)
    if job_filter.problems:
        raise UsageError(" ".join(job_filter.problems))
    rows = services.views.jobs_page(job_filter, before_id=before_id, limit=limit)
    return JobPage(rows, services.views.jobs([row.id for row in rows]), more=len(rows) == limit)


def get_job(services: Services, job_id: int) -> Job:
    """One job. Raises NotFound."""
    return services.views.job(job_id)


def job_attempts(services: Services, job_id: int) -> Sequence[Attempt]:
    """A job's attempts, oldest first."""
    return services.views.attempts(job_id)


def waiting_reason(services: Services, job: Job) -> str:
    """Why a PENDING job waits, as a sentence; empty if it only waits for its turn."""
    job_type = services.catalogue.get(job.type)
    if job_type is None:
        return f"This version has no job type {job.type}; update DevTrail, or install the plugin that has it."
    try:
        job_type.parse(job.config)
    except InvalidInput as error:
        return f"Another version of DevTrail stored its settings ({str(error).rstrip('.')}); update DevTrail."
    return job.waiting_for or ""


def rescue_orphans(services: Services, ran_out: RanOut) -> Sequence[Job]:
    """Return the jobs of dead workers to the queue, or end them if they were cancelled; returns those that changed. `ran_out`
    as of LeaseWatch. Raises StoreError."""
    from devtrail_tui.runtime.process import alive, this_process

    return services.queue.rescue(host=this_process().host, alive=alive, ran_out=ran_out).result()


def cancel_job(services: Services, job_id: int) -> Outcome:
    """Cancel a waiting job; request a running job to stop, or end it if its worker is dead. Raises NotPossible, NotFound."""
    job = services.queue.cancel(job_id).result()
    if job.status is Status.RUNNING:
        from devtrail_tui.runtime.lease_watch import LeaseWatch

        rescue_orphans(services, LeaseWatch(services.clock, services.settings.lease_s).ran_out)
        job = services.views.job(job_id)
    if job.status is Status.RUNNING:
        return Outcome(f"Job {job_id} is stopping; saved results are kept.", job_json(job))
    return Outcome(f"Job {job_id} is cancelled.", job_json(job))


def retry_job(services: Services, job_id: int) -> Outcome:
    """Put a failed or cancelled job back into the queue. Raises NotPossible, NotFound."""
    job = services.queue.retry(job_id).result()
    return Outcome(f"Job {job_id} is queued again.", job_json(job))


def delete_job(services: Services, job_id: int) -> Outcome:
    """Delete a finished job with its log; its evidence stays. Raises NotPossible, NotFound."""
    deleted = services.queue.delete(job_id).result()
    return Outcome(f"Job {job_id} is deleted.", {"deleted": deleted})


def cleanup_jobs(services: Services, older_than: timedelta = CLEANUP_AGE) -> Outcome:
    """Delete jobs that ended longer ago than `older_than`, with their logs; evidence stays."""
    deleted = services.queue.cleanup(older_than).result()
    sentence = f"{count_of(deleted, 'job')} deleted." if deleted else "No jobs to delete."
    return Outcome(sentence, {"deleted": deleted})


def cleanup_age(days: float) -> timedelta:
    """Validate an age in days. Raises UsageError."""
    if not 0 <= days <= _LONGEST_CLEANUP_DAYS:  # also rejects NaN
        raise UsageError(f"--days must be from 0 to {_LONGEST_CLEANUP_DAYS:,}, not {days:g}.")
    return timedelta(days=days)
