"""Runs one job in this process until it ends, and rescues jobs of dead workers for commands that only wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from devtrail_tui.actions.jobs import get_job, rescue_orphans
from devtrail_tui.actions.running import WorkerThread
from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.status import Status

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job import Job

_MIN_PAUSE = timedelta(seconds=1)
"""Minimum interval between two worker starts for one job, and between two rescues, against tight loops for a waiting job."""
LOOK_S = 1.0
"""Maximum interval between two looks at a job without a commit, for countdowns and the worker's state."""


class Rescuer:
    """Returns jobs of dead workers to the queue, as a worker does: the job's worker may have been killed with no other process
    to notice."""

    def __init__(self, services: Services) -> None:
        from devtrail_tui.runtime.lease_watch import LeaseWatch

        self._services = services
        self._lease_watch = LeaseWatch(services.clock, services.settings.lease_s)
        self._not_before = services.clock.now()

    def look(self, job: Job) -> None:
        """Look for dead workers if `job` runs in another process. Raises StoreError."""
        now = self._services.clock.now()
        if job.status is Status.RUNNING and job.worker_id != self._services.worker_id and now >= self._not_before:
            self._not_before = now + _MIN_PAUSE
            rescue_orphans(self._services, self._lease_watch.ran_out)


def any_worker(services: Services) -> bool:
    """Whether a worker is registered whose process is not known to have ended. Raises StoreError."""
    from devtrail_tui.runtime.process import alive, this_process
    from devtrail_tui.store.workers import known, process_of

    with services.database.read() as connection:
        processes = [process_of(identity) for identity in known(connection)]
    return any(process is not None and not process.gone(this_process().host, alive) for process in processes)


class LocalRunner:
    """Runs one job in this process: restarts a worker when a retry is due, waits for a network or service that is down, and
    yields to another worker that has claimed the job. `on_end` and `notify` as in WorkerThread."""

    def __init__(
        self, services: Services, job_id: int, *, on_end: Callable[[], None], notify: Callable[[str], None]
    ) -> None:
        self._services = services
        self._job_id = job_id
        self._on_end = on_end
        self._notify = notify
        self._thread: WorkerThread | None = None
        self._not_before = services.clock.now()

    def keep_going(self, job: Job) -> bool:
        """Start a worker if the job is due and this process runs none; False if waiting will not help.

        Raises StoreError.
        """
        now = self._services.clock.now()
        if self._thread is not None and self._thread.check():
            return True
        if job.status is not Status.PENDING:
            return True
        if job.needs_worker not in (None, self._services.worker_id):
            return False
        if self._thread is not None and self._thread.blocks(job.id):
            return False
        if not job.is_due(now):
            self._notify("Ctrl+C stops waiting; the job stays queued.")
            return (job.run_at - now).total_seconds() <= self._services.settings.max_wait
        if now >= self._not_before:
            self._not_before = now + _MIN_PAUSE
            self._thread = WorkerThread(self._services, job_id=self._job_id, on_end=self._on_end, notify=self._notify)
        return True

    def wait_s(self, job: Job) -> float:
        """Seconds until the next `keep_going` if nothing is committed before."""
        ahead_s = (job.run_at - self._services.clock.now()).total_seconds()
        return min(ahead_s, LOOK_S) if ahead_s > 0 else LOOK_S

    def stop(self) -> None:
        """Return the job if a worker of this process has it."""
        if self._thread is not None:
            self._thread.stop()


def runnable_job(services: Services, job_id: int) -> Job:
    """A job that a worker of this process may run. Raises NotFound, NotPossible for a finished job, UsageError for an unknown
    type."""
    job = get_job(services, job_id)
    if job.status.finished:
        raise NotPossible(
            f"Job {job_id} is finished ({job.status.lower()}); run it again with: devtrail-tui jobs retry {job_id}"
        )
    services.catalogue.named(job.type)
    return job
