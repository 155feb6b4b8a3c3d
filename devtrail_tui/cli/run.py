"""Runs or follows one job until it ends, and reports its end with an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devtrail_tui.actions import Services
from devtrail_tui.actions.following import LOOK_S, LocalRunner, Rescuer, any_worker
from devtrail_tui.actions.logs import log_lines
from devtrail_tui.actions.running import finish_weekly_backup
from devtrail_tui.cli.follow import Follower, Narrator, Notices, narrator
from devtrail_tui.cli.interruption import INTERRUPTED, Interruption, WakeUp
from devtrail_tui.cli.output import OutputFailed, narrate, print_json, result_output, say, stdout_is_closed, table
from devtrail_tui.core.job import Job, Status, job_json
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import status_look

_CANCELLED = 3
_CANNOT_RUN = 2
"""The exit code if a job cannot run here, for example because its token is missing."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The job's last state that the command saw, and whether a signal interrupted the command."""

    job: Job
    interrupted: bool


def run_job(services: Services, job_id: int, *, from_seq: int = 1) -> Followed:
    """Run a job in this process and follow it until it is finished, cannot continue here, or is interrupted."""
    wake_up, display = WakeUp(), narrator()
    notices = Notices(display)
    runner = LocalRunner(services, job_id, on_end=wake_up.set, notify=notices.show)
    return _follow(services, Follower(services, job_id, display, from_seq=from_seq), runner, wake_up, notices)


def wait_for_job(services: Services, job_id: int, display: Narrator | None = None, *, from_seq: int = 1) -> Followed:
    """Follow a job of another process until it is finished or the command is interrupted."""
    display = display or narrator()
    follower = Follower(services, job_id, display, from_seq=from_seq)
    return _follow(services, follower, None, WakeUp(), Notices(display))


def _follow(
    services: Services, follower: Follower, runner: LocalRunner | None, wake_up: WakeUp, notices: Notices
) -> Followed:
    unsubscribe, rescuer = services.database.on_commit(wake_up.set), Rescuer(services)
    with Interruption(wake_up) as interruption:
        try:
            try:
                job = follower.look()
                while not (job.status.finished or interruption.requested or stdout_is_closed()) and (
                    not runner or runner.keep_going(job)
                ):
                    rescuer.look(job)
                    if runner is None and job.status is Status.PENDING and not any_worker(services):
                        notices.show(f"No worker is running. Open the app, or run: devtrail-tui work --job {job.id}")
                    wake_up.wait(runner.wait_s(job) if runner else LOOK_S)
                    job = notices.read(follower.look) or job
                if interruption.requested:
                    notices.clear_bar()
                    interruption.say_stopping()
                stopped_by_output = not job.status.finished and stdout_is_closed()
                if runner and job.status.finished:
                    finish_weekly_backup(services)
            finally:  # also if the terminal was closed and printing fails
                if runner:
                    runner.stop()
                unsubscribe()
            job = follower.look()
            if stopped_by_output:
                raise OutputFailed(f"The reader of stdout has gone. {how_to_go_on(job, services.worker_id)}")
            return Followed(job, interruption.requested)
        finally:
            notices.clear_bar()


def report_end(services: Services, followed: Followed, *, as_json: bool) -> int:
    """Print how a job ended (or how to continue it) and return the exit code."""
    job = followed.job
    with result_output(f"Job {job.id}: {status_look(job)}. Show it with: devtrail-tui jobs show {job.id}"):
        if as_json:
            print_json(job_json(job, log_lines(services, job.id)))
        elif job.status.finished:
            say(end_sentence(job))
            for line in result_tables(job):
                say(line)
    if job.status.finished:
        return _CANCELLED if job.status is Status.CANCELLED else int(not job.successful)
    narrate(how_to_go_on(job, services.worker_id))
    return INTERRUPTED if followed.interrupted else _CANNOT_RUN


def end_sentence(job: Job) -> str:
    """The end of a finished job in one line: its result's message, or its error."""
    prefix = f"{status_look(job)} · job {job.id}"
    if job.status is Status.COMPLETED:
        message = (job.result or {}).get("message", "")
        return f"{prefix}: {safe_line(message)}" if isinstance(message, str) and message else f"{prefix}."
    return f"{prefix}: {safe_line(job.error)}" if job.error else f"{prefix}."


def result_tables(job: Job) -> Iterator[str]:
    """The lists in a result as tables; texts and numbers are in the sentence above."""
    for rows in (job.result or {}).values():
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            names = [name for name in rows[0] if any(row.get(name) not in (None, "") for row in rows)]
            yield ""
            yield from table(
                [_heading(name) for name in names], [[_cell(row.get(name)) for name in names] for row in rows]
            )


def _heading(key: str) -> str:
    """A JSON key as a heading: `alreadyStored` is `already stored`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)


def _cell(content: object) -> str:
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, int | float):
        return f"{content:,}"
    return "" if content is None else str(content)


def how_to_go_on(job: Job, worker_id: str) -> str:
    """How to continue an unfinished job. `worker_id` is this process's worker."""
    if job.status is Status.RUNNING and job.worker_id == worker_id:
        return (
            f"Job {job.id} did not stop in time; it returns to the queue when its lease expires, in less than a minute."
        )
    if job.status is Status.RUNNING:
        return (
            f"Job {job.id} continues in another worker. Follow it: devtrail-tui jobs wait {job.id}. "
            f"Cancel it: devtrail-tui jobs cancel {job.id}."
        )
    if job.needs_worker:
        return (
            f"Job {job.id} is still queued, but its token was known to this command only. Cancel it with "
            f"devtrail-tui jobs cancel {job.id}, and start it again; saved data is not fetched again."
        )
    reason = f" It waits: {safe_line(job.waiting_for)}" if job.waiting_for else " Saved data is not lost."
    return f"Job {job.id} is still queued.{reason} Continue with: devtrail-tui work --job {job.id} (or open the app)."
