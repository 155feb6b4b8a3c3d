"""`devtrail-tui work`: the worker without a screen."""

from __future__ import annotations

import sys
from typing import Any

import click

from devtrail_tui.actions import Services
from devtrail_tui.actions.jobs import get_job, list_jobs
from devtrail_tui.actions.logs import next_seq
from devtrail_tui.cli.follow import Follower, LineNarrator, PatientLooks, Teller
from devtrail_tui.cli.interruption import INTERRUPTED, Bell, Interruption
from devtrail_tui.cli.output import json_option, narrate, print_json, say, status_words
from devtrail_tui.cli.run import EXIT_CODES, LOOK_S, WorkerThread, report_end, run_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import NotPossible, UsageError
from devtrail_tui.core.job import Job, Status

_MOST_AT_ONCE = 32


@click.command(short_help="Run the worker without a screen.")
@click.option("--once", is_flag=True, help="End when no job can run now.")
@click.option("--job", "job_id", type=int, metavar="JOB", help="Run this one job, then end.")
@click.option("--concurrency", metavar="N", help="Jobs at once.")
@json_option
def work(*, once: bool, job_id: int | None, concurrency: str | None, as_json: bool) -> int:
    """Run waiting jobs until stopped. Ctrl+C or SIGTERM gives the running ones back to the queue."""
    if job_id is not None and (once or concurrency):
        raise UsageError("--job runs one job and ends; leave out --once and --concurrency.")
    with opened(concurrency=concurrency) as services:
        if job_id is not None:
            return _one_job(services, job_id, as_json=as_json)
        return _queue(services, once=once, as_json=as_json)


def _one_job(services: Services, job_id: int, *, as_json: bool) -> int:
    job = get_job(services, job_id)
    if job.status.finished:
        raise NotPossible(
            f"Job {job_id} is finished ({job.status.lower()}); run it again with: devtrail-tui jobs retry {job_id}"
        )
    services.catalogue.named(job.type)
    return report_end(services, run_job(services, job_id, from_seq=next_seq(services, job_id)), as_json=as_json)


def _queue(services: Services, *, once: bool, as_json: bool) -> int:
    bell = Bell()
    watch = RunningJobs(services)
    teller = Teller()
    looks = PatientLooks(teller)
    unsubscribe = services.database.on_commit(bell.ring)
    with Interruption(bell) as interruption:
        worker = WorkerThread(services, job_id=None, once=once, concurrency=None, bell=bell, teller=teller)
        if not once:
            narrate("Working. Ctrl+C gives running jobs back to the queue and ends.")
        try:
            while worker.look() and not interruption.requested:
                bell.wait(LOOK_S)
                looks.at(watch.look)
            if interruption.requested:
                interruption.say_stopping()
        finally:  # also where the terminal has gone and nothing can be said any more
            worker.stop()
            unsubscribe()
        watch.look()
    ended = [get_job(services, job_id) for job_id in dict.fromkeys(worker.ended)]
    summary = summary_json(ended, lost=worker.lost)
    if as_json:
        print_json(summary)
    else:
        say(summary["message"])
    if interruption.requested:
        return INTERRUPTED
    return 0 if summary["success"] else EXIT_CODES[Status.FAILED]


class RunningJobs:
    """Narrates every job that this process's worker runs, each line with its number."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._followers: dict[int, Follower] = {}
        self._version = -1

    def look(self) -> None:
        """Show what is new since the last look."""
        version = self._services.database.version()
        if version == self._version:
            return
        self._find_new()
        for job_id, follower in tuple(self._followers.items()):
            job = follower.look()
            if job.status is not Status.RUNNING:
                narrate(f"#{job_id} {status_words(job.status)}{f': {job.error}' if job.error else ''}")
                del self._followers[job_id]
        self._version = version  # only now: what could not be read is looked for again

    def _find_new(self) -> None:
        for job in list_jobs(self._services, "state:running", limit=_MOST_AT_ONCE).jobs:
            if job.id not in self._followers and job.worker_id == self._services.worker_id:
                narrate(f"#{job.id} {job.type} {job.title}")
                self._followers[job.id] = Follower(
                    self._services,
                    job.id,
                    LineNarrator(sys.stderr, prefix=f"#{job.id} "),
                    from_seq=1 if job.attempt <= 1 else next_seq(self._services, job.id),
                )


def summary_json(ended: list[Job], *, lost: list[int]) -> dict[str, Any]:
    """What a worker did: jobs it ended or gave back, as they stand now."""
    failed = sum(job.status is Status.FAILED for job in ended)
    count = len(ended)
    noun = "job" if count == 1 else "jobs"
    message = f"{count} {noun} processed, {failed} failed." if count else "No job was waiting."
    if lost:
        message += f" The end of {len(lost)} could not be stored."
    return {
        "success": failed == 0 and not lost,
        "message": message,
        "processed": count,
        "failed": failed,
        "jobs": [{"id": job.id, "type": job.type, "status": str(job.status)} for job in ended],
    }
