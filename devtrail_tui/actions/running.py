"""Runs jobs in this process: the worker, one job until it ends, and the weekly backup."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from devtrail_tui.actions import Outcome
from devtrail_tui.actions.jobs import get_job
from devtrail_tui.core.errors import NotPossible, StoreError
from devtrail_tui.core.status import Status
from devtrail_tui.core.wording import count_of

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job import Job
    from devtrail_tui.runtime.worker import Worker

_STOP_S = 3.0
"""How long a stop waits for the worker's thread; the worker itself gives up earlier and leaves its jobs to their leases."""
_MIN_PAUSE = timedelta(seconds=1)
"""Minimum interval between two worker starts for one job, and between two rescues, against tight loops for a waiting job."""
LOOK_S = 1.0
"""Maximum interval between two looks at a job without a commit, for countdowns and the worker's state."""

_logger = logging.getLogger(__name__)


def make_worker(
    services: Services, *, concurrency: int | None = None, job_id: int | None = None, once: bool = False
) -> Worker:
    """A worker of this process; `run()` blocks the calling thread. `once`: stop when no job can run now; `job_id`: run only
    that job."""
    from devtrail_tui.runtime.store_retry import StoreRetry
    from devtrail_tui.runtime.worker import Pace, Worker, WorkerDependencies

    settings = services.settings
    dependencies = WorkerDependencies(
        worker_id=services.worker_id,
        database=services.database,
        queue=services.queue,
        job_log=services.job_log,
        evidence=services.evidence,
        criteria=services.criteria,
        analyses=services.analyses,
        rubrics=services.rubrics,
        catalogue=services.catalogue,
        secrets=services.secrets,
        clients=services.clients,
        clock=services.clock,
        store_retry=StoreRetry(services.clock),
    )
    pace = Pace(
        concurrency=concurrency or settings.concurrency, lease_s=settings.lease_s, heartbeat_s=settings.heartbeat_s
    )
    return Worker(dependencies, pace, job_id=job_id, once=once)


def start_weekly_backup(services: Services) -> None:
    """Make the weekly backup in a thread if it is due. Demo data is not backed up."""

    def run() -> None:
        try:
            services.maintenance.weekly_backup()
        except StoreError as error:  # retried at the next start; doctor shows the age of the newest backup
            _logger.warning("the weekly backup was not made: %s", error)

    if not services.demo:
        threading.Thread(target=run, name="weekly-backup", daemon=True).start()


class WorkerThread:
    """This process's worker in its own thread, so that the main thread is free for signals and output.

    `on_end` is called in that thread when the worker ends; `notify` gets a sentence about what the worker waits for.
    """

    def __init__(
        self,
        services: Services,
        *,
        on_end: Callable[[], None],
        notify: Callable[[str], None],
        job_id: int | None = None,
        once: bool = False,
    ) -> None:
        from devtrail_tui.runtime.worker import Summary

        self._services = services
        self._worker = make_worker(services, job_id=job_id, once=once, concurrency=1 if job_id is not None else None)
        self._on_end = on_end
        self._notify = notify
        self._error: BaseException | None = None
        self._trouble = ""
        self._summary = Summary()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()
        start_weekly_backup(services)

    def check(self) -> bool:
        """Whether the worker still runs; reports trouble (such as a full disk) that began or ended. Raises the worker's error."""
        trouble = self._worker.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            self._notify(trouble or "The delayed data is stored; continuing.")
        return self._alive()

    def stop(self) -> None:
        """Return running jobs to the queue and wait for that. Raises the error that ended the worker."""
        self._worker.stop()
        self._thread.join(_STOP_S)
        self._alive()

    def summary(self) -> Outcome:
        """The jobs that the worker ended or returned, in their current state. Raises StoreError."""
        jobs = [get_job(self._services, job_id) for job_id in dict.fromkeys(self._summary.ended)]
        count, failed, lost = len(jobs), sum(job.status is Status.FAILED for job in jobs), len(self._summary.lost)
        sentence = f"{count_of(count, 'job')} processed, {failed} failed." if count else "No job was waiting."
        sentence += f" The end of {lost} could not be stored." if lost else ""
        details = {
            "success": not (failed or lost),
            "message": sentence,
            "processed": count,
            "failed": failed,
            "jobs": [{"id": job.id, "type": job.type, "status": str(job.status)} for job in jobs],
        }
        return Outcome(sentence, details, exit_code=1 if failed or lost else 0)

    def _alive(self) -> bool:
        if self._error is not None:
            raise self._error
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._summary = self._worker.run()
        except BaseException as error:  # noqa: BLE001 - re-raised in the main thread
            self._error = error
        finally:
            self._on_end()


class LocalRunner:
    """Runs one job in this process: restarts a worker when a retry is due, and yields to another worker that has claimed the
    job. `on_end` and `notify` as in WorkerThread."""

    def __init__(
        self, services: Services, job_id: int, *, on_end: Callable[[], None], notify: Callable[[str], None]
    ) -> None:
        from devtrail_tui.runtime.lease_watch import LeaseWatch

        self._services = services
        self._job_id = job_id
        self._on_end = on_end
        self._notify = notify
        self._lease_watch = LeaseWatch(services.clock, services.settings.lease_s)
        self._thread: WorkerThread | None = None
        self._attempts_at_start = 0
        self._not_before = services.clock.now()

    def keep_going(self, job: Job) -> bool:
        """Start a worker if the job is due and this process runs none; False if waiting will not help.

        Raises StoreError.
        """
        now = self._services.clock.now()
        if self._thread is not None and self._thread.check():
            return True
        if job.status is Status.RUNNING and now >= self._not_before:
            self._not_before = now + _MIN_PAUSE
            self._rescue()  # the job's worker may have been killed, with no other process to notice
        if job.status is not Status.PENDING:
            return True
        if job.needs_worker not in (None, self._services.worker_id):
            return False
        if job.run_at > now:
            # A retry has spent an attempt and becomes due; a job returned without an attempt lacks a secret, for example.
            return self._thread is None or job.attempt > self._attempts_at_start
        if now >= self._not_before:
            self._not_before = now + _MIN_PAUSE
            self._attempts_at_start = job.attempt
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

    def _rescue(self) -> None:
        """Return jobs of dead workers to the queue, as a worker does. Raises StoreError."""
        from devtrail_tui.runtime.process import alive, this_process

        rescue = self._services.queue.rescue
        rescue(host=this_process().host, alive=alive, ran_out=self._lease_watch.ran_out).result()


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
