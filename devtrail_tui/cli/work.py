"""`devtrail-tui work`: the worker without the app."""

from __future__ import annotations

import sys

import click

from devtrail_tui.actions import Services
from devtrail_tui.actions.following import LOOK_S, runnable_job
from devtrail_tui.actions.jobs import list_jobs
from devtrail_tui.actions.logs import next_seq
from devtrail_tui.actions.running import WorkerThread, finish_weekly_backup
from devtrail_tui.cli.follow import Follower, LineNarrator, Notices
from devtrail_tui.cli.interruption import INTERRUPTED, Interruption, WakeUp
from devtrail_tui.cli.output import json_option, max_wait_option, narrate, report, result_output, stdout_is_closed
from devtrail_tui.cli.row_id import ROW_ID
from devtrail_tui.cli.run import report_end, run_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.status import Status
from devtrail_tui.core.wording import status_look

_MAX_CONCURRENCY = 32


@click.command(short_help="Run the worker without the app.")
@click.option("--once", is_flag=True, help="Stop when no job can run now.")
@click.option("--job", "job_id", type=ROW_ID, metavar="JOB", help="Run only this job, then stop.")
@click.option("--concurrency", metavar="N", help="Maximum concurrent jobs.")
@max_wait_option
@json_option
def work(*, once: bool, job_id: int | None, concurrency: str | None, max_wait: str | None, as_json: bool) -> int:
    """Run waiting jobs until stopped. Ctrl+C or SIGTERM returns running jobs to the queue."""
    if job_id is not None and (once or concurrency):
        raise UsageError("--job runs one job and ends; omit --once and --concurrency.")
    with opened(concurrency=concurrency, max_wait=max_wait) as services:
        if job_id is not None:
            return _one_job(services, job_id, as_json=as_json)
        return _queue(services, once=once, as_json=as_json)


def _one_job(services: Services, job_id: int, *, as_json: bool) -> int:
    job = runnable_job(services, job_id)
    return report_end(services, run_job(services, job.id, from_seq=next_seq(services, job.id)), as_json=as_json)


def _queue(services: Services, *, once: bool, as_json: bool) -> int:
    wake_up = WakeUp()
    running_jobs = RunningJobs(services)
    notices = Notices()
    unsubscribe = services.database.on_commit(wake_up.set)
    with Interruption(wake_up) as interruption:
        worker = WorkerThread(services, once=once, on_end=wake_up.set, notify=notices.show)
        if not once:
            narrate("Worker running. Ctrl+C returns running jobs to the queue and stops.")
        try:
            while worker.check() and not (interruption.requested or stdout_is_closed()):
                wake_up.wait(LOOK_S)
                notices.read(running_jobs.look)
            if interruption.requested:
                interruption.say_stopping()
            elif once:
                finish_weekly_backup(services)
        finally:  # also if the terminal was closed and printing fails
            worker.stop()
            unsubscribe()
        running_jobs.look()
    summary = worker.summary()
    with result_output(summary.sentence):
        exit_code = report(summary, as_json=as_json)
    return INTERRUPTED if interruption.requested else exit_code


class RunningJobs:
    """Narrates all jobs of this process's worker; each line has the job's number."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._followers: dict[int, Follower] = {}
        self._version = -1

    def look(self) -> None:
        """Show all changes since the last look."""
        version = self._services.database.version()
        if version == self._version:
            return
        self._follow_new()
        for job_id, follower in tuple(self._followers.items()):
            job = follower.look()
            if job.status is not Status.RUNNING:
                narrate(f"#{job_id} {status_look(job)}{f': {job.error}' if job.error else ''}")
                del self._followers[job_id]
        self._version = version  # set last: after a failed read everything is read again

    def _follow_new(self) -> None:
        for job in list_jobs(self._services, "state:running", limit=_MAX_CONCURRENCY).jobs:
            if job.id not in self._followers and job.worker_id == self._services.worker_id:
                narrate(f"#{job.id} {job.type} {job.title}")
                self._followers[job.id] = Follower(
                    self._services,
                    job.id,
                    LineNarrator(sys.stderr, prefix=f"#{job.id} "),
                    from_seq=1 if job.attempt <= 1 else next_seq(self._services, job.id),
                )
