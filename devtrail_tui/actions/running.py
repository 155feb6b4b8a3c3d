"""Run jobs in this process: the worker, one job until it ends, and the weekly backup beside them."""

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
"""Between two starts of a worker for one job, and between two rescues: a job that is held back would be tried in a tight loop."""
LOOK_S = 1.0
"""Longest time between two looks at a job although nothing was committed: for countdowns, and for the worker's state."""

_logger = logging.getLogger(__name__)


def make_worker(
    services: Services, *, concurrency: int | None = None, job_id: int | None = None, once: bool = False
) -> Worker:
    """The worker of this process, ready to `run()` in the thread that calls it. `once`: end when no job can run now;
    `job_id`: run that one job and end."""
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
    """Make the weekly backup in a thread where one is due. The demo's data gets none."""

    def run() -> None:
        try:
            services.maintenance.weekly_backup()
        except StoreError as error:  # the next start tries again; doctor shows the age of the newest backup
            _logger.warning("the weekly backup was not made: %s", error)

    if not services.demo:
        threading.Thread(target=run, name="weekly-backup", daemon=True).start()


class WorkerThread:
    """This process's worker in a thread of its own, so that the main thread stays free for signals and output.

    `on_end` is called from that thread when the worker ends; `notify` gets a sentence about what the worker waits for.
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
        """Whether the worker still runs; reports trouble that began or ended (a full disk, say). Raises what ended it."""
        trouble = self._worker.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            self._notify(trouble or "What waited is stored; going on.")
        return self._alive()

    def stop(self) -> None:
        """Give running jobs back to the queue, and wait for that. Raises the error that ended the worker."""
        self._worker.stop()
        self._thread.join(_STOP_S)
        self._alive()

    def summary(self) -> Outcome:
        """The jobs that the worker ended or gave back, as they are now. Raises StoreError."""
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
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread, which reports it
            self._error = error
        finally:
            self._on_end()


class LocalRunner:
    """Runs one job in this process: starts a worker again when a retry is due, and leaves the job to another worker that has
    claimed it. `on_end` and `notify` as in WorkerThread."""

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
        """Start a worker where the job is due and none of this process runs; False where waiting will not help.

        Raises StoreError.
        """
        now = self._services.clock.now()
        if self._thread is not None and self._thread.check():
            return True
        if job.status is Status.RUNNING and now >= self._not_before:
            self._not_before = now + _MIN_PAUSE
            self._rescue()  # its worker may have been killed, and no other process may be there to notice
        if job.status is not Status.PENDING:
            return True
        if job.needs_worker not in (None, self._services.worker_id):
            return False
        if job.run_at > now:
            # A retry has spent an attempt and becomes due; a job given back without spending one lacks a secret, say.
            return self._thread is None or job.attempt > self._attempts_at_start
        if now >= self._not_before:
            self._not_before = now + _MIN_PAUSE
            self._attempts_at_start = job.attempt
            self._thread = WorkerThread(self._services, job_id=self._job_id, on_end=self._on_end, notify=self._notify)
        return True

    def wait_s(self, job: Job) -> float:
        """Seconds until `keep_going` is to be called again, where nothing is committed before."""
        ahead_s = (job.run_at - self._services.clock.now()).total_seconds()
        return min(ahead_s, LOOK_S) if ahead_s > 0 else LOOK_S

    def stop(self) -> None:
        """Give the job back if a worker of this process has it."""
        if self._thread is not None:
            self._thread.stop()

    def _rescue(self) -> None:
        """Take back what ended workers left, as a worker does. Raises StoreError."""
        from devtrail_tui.runtime.process import alive, this_process

        rescue = self._services.queue.rescue
        rescue(host=this_process().host, alive=alive, ran_out=self._lease_watch.ran_out).result()


def runnable_job(services: Services, job_id: int) -> Job:
    """A job that a worker of this process may run. Raises NotFound, NotPossible for one that is finished, UsageError for a type
    that does not exist."""
    job = get_job(services, job_id)
    if job.status.finished:
        raise NotPossible(
            f"Job {job_id} is finished ({job.status.lower()}); run it again with: devtrail-tui jobs retry {job_id}"
        )
    services.catalogue.named(job.type)
    return job
