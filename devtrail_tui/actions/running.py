"""Runs jobs in this process: the worker and the weekly backup."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from devtrail_tui.actions import Outcome
from devtrail_tui.actions.jobs import waiting_reason
from devtrail_tui.core.status import Status
from devtrail_tui.core.wording import count_of

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job import Job
    from devtrail_tui.runtime.worker import Worker

_STOP_S = 3.0
"""How long a stop waits for the worker's thread; the worker itself gives up earlier and leaves its jobs to their leases."""

LONGEST_WAIT_S = 60.0
"""A worker that runs once gives back a job that would wait longer for a limit."""
BACKUP_S = 30.0
"""How long the end of a short run waits for the weekly backup."""

_logger = logging.getLogger(__name__)


def make_worker(
    services: Services, *, concurrency: int | None = None, job_id: int | None = None, once: bool = False
) -> Worker:
    """A worker of this process; `run()` blocks the calling thread. `once`: stop when no job can run now; `job_id`: run only
    that job."""
    from devtrail_tui.runtime.executor import Pace
    from devtrail_tui.runtime.store_retry import StoreRetry
    from devtrail_tui.runtime.worker import Worker, WorkerDependencies

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
        concurrency=concurrency or settings.concurrency,
        lease_s=settings.lease_s,
        heartbeat_s=settings.heartbeat_s,
        max_wait_s=settings.max_wait,
        longest_wait_s=LONGEST_WAIT_S if once else math.inf,
    )
    return Worker(dependencies, pace, job_id=job_id, once=once)


def start_weekly_backup(services: Services) -> None:
    """Make the weekly backup in a thread if it is due. Demo data is not backed up."""
    if not services.demo:
        services.weekly_backup.start()


def finish_weekly_backup(services: Services) -> None:
    """Wait for a backup that was started, at most `BACKUP_S`: short runs would otherwise never make one."""
    if not services.demo and not services.weekly_backup.finish(BACKUP_S):
        _logger.warning("the weekly backup was not made within %d s", BACKUP_S)


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
        from devtrail_tui.runtime.outcomes import Summary

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
        """The jobs that the worker ran and those it had to leave, in their current state. Raises StoreError."""
        ran = [*self._summary.ended, *self._summary.waiting]
        jobs = self._services.views.jobs([*dict.fromkeys([*ran, *self._worker.left_alone()])])
        failed = sum(job.status is Status.FAILED for job in jobs)
        waiting = [job for job in jobs if not job.status.finished]
        count, lost = len(jobs) - failed - len(waiting), len(self._summary.lost)
        sentence, success = self._sentence(count, failed, waiting), not (failed or lost or waiting)
        details = {
            "success": success,
            "message": sentence,
            "processed": count,
            "failed": failed,
            "jobs": [{"id": job.id, "type": job.type, "status": str(job.status)} for job in jobs],
        }
        return Outcome(sentence, details, exit_code=0 if success else 1)

    def _sentence(self, count: int, failed: int, waiting: Sequence[Job]) -> str:
        sentences = [f"Processed {count_of(count, 'job')} successfully, {failed} failed"]
        sentences += [f"{len(self._summary.lost)} without a stored end"] if self._summary.lost else []
        sentences += [f"{len(waiting)} could not run: {'; '.join(map(self._why, waiting))}"] if waiting else []
        return ", ".join(sentences)

    def _why(self, job: Job) -> str:
        return f"job {job.id}: {(waiting_reason(self._services, job) or 'stopped').rstrip('.')}"

    def blocks(self, job_id: int) -> bool:
        """Whether the worker could not run this job until a person acts."""
        return job_id in self._summary.blocked

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
