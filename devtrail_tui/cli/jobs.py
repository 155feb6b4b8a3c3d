"""`devtrail-tui jobs`: list, show, cancel, retry, wait for and delete jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from devtrail_tui.actions.jobs import (
    CLEANUP_AGE,
    cancel_job,
    cleanup_age,
    cleanup_jobs,
    delete_job,
    get_job,
    job_attempts,
    list_jobs,
    retry_job,
    waiting_reason,
)
from devtrail_tui.actions.logs import log_lines, next_seq
from devtrail_tui.cli.output import json_option, narrate, print_json, redacted, report, say, table
from devtrail_tui.cli.row_id import ROW_ID
from devtrail_tui.cli.run import report_end, result_tables, wait_for_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.job import Attempt, Job, Status, job_json
from devtrail_tui.core.wording import dollars, local_time, status_look, when

_COLOURS = {"running": "blue", "done": "green", "failed": "red"}
"""Colours by a status's tone; other tones have none."""


@click.group(short_help="List, show, cancel, retry, wait for and delete jobs.")
def jobs() -> None:
    """Jobs: list, show, cancel, retry, wait, delete."""


def _job_command(function: Any) -> Any:
    """Add the job number argument to a command."""
    return jobs.command()(click.argument("job_id", metavar="JOB", type=ROW_ID)(json_option(function)))


@jobs.command("list")
@click.argument("query", nargs=-1, metavar="[FILTER]...")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, metavar="N", help="Maximum number. Default: 50.")
@click.option("--before", type=ROW_ID, metavar="JOB", help="Only jobs older than this one: the next page.")
@json_option
def list_command(*, query: tuple[str, ...], limit: int, before: int | None, as_json: bool) -> int:
    """List jobs, newest first. FILTER as in the app: state:failed type:sync repo:acme/shop, or words of the title."""
    with opened() as services:
        page = list_jobs(services, " ".join(query), before_id=before, limit=limit)
        if as_json:
            print_json(page.to_json())
            return 0
        rows, now = page.rows, services.clock.now()
        looks = [status_look(row) for row in rows]
        lines = table(
            ("#", "Type", "What", "Status", "%", "When"),
            [
                (
                    str(row.id),
                    row.type,
                    row.title,
                    str(look),
                    f"{row.progress:.0f}",
                    when(row.completed_at or row.started_at or row.created_at, now),
                )
                for row, look in zip(rows, looks, strict=True)
            ],
            right={0, 4},
        )
        say(lines[0])
        for line, look in zip(lines[1:], looks, strict=True):
            colour = _COLOURS.get(look.tone)
            click.echo(redacted(line).replace(str(look), click.style(look, fg=colour) if colour else str(look), 1))
        if not rows:
            narrate("No such job." if query else "No job yet. Start one: devtrail-tui sync OWNER/REPO")
        elif page.more:
            narrate(f"There may be more: --before {rows[-1].id}")
        return 0


@_job_command
def show(*, job_id: int, as_json: bool) -> int:
    """Show one job."""
    with opened() as services:
        job = get_job(services, job_id)
        if as_json:
            print_json(job_json(job, log_lines(services, job_id)))
            return 0
        for name, text in _facts(job, waiting_reason(services, job)):
            if text:
                say(f"{name:<10} {text}")
        for line in (*_attempts(job_attempts(services, job_id)), *result_tables(job)):
            say(line)
        return 0


def _attempts(attempts: Sequence[Attempt]) -> list[str]:
    """The attempts as a table if there was more than one."""
    rows = [
        (str(run.number), local_time(run.started_at), local_time(run.ended_at), run.outcome or "", run.error or "")
        for run in attempts
    ]
    return ["", *table(("Attempt", "Started", "Ended", "Outcome", "Error"), rows)] if len(rows) > 1 else []


def _facts(job: Job, waiting: str) -> list[tuple[str, str]]:
    detail = job.progress_detail
    return [
        ("Job", f"{job.id} {job.type}"),
        ("What", job.title),
        ("Status", str(status_look(job))),
        ("Waits for", _waits_for(job, waiting)),
        ("Progress", f"{job.progress:.0f} %" + (f", {detail.done} of {detail.total}" if detail.total else "")),
        ("Attempt", f"{job.attempt} of {job.max_attempts}" if job.attempt else ""),
        ("Spent", dollars(job.spent_usd) if job.spent_usd else ""),
        ("Created", local_time(job.created_at)),
        ("Started", local_time(job.started_at)),
        ("Ended", local_time(job.completed_at)),
        ("Error", job.error or ""),
        ("Result", str((job.result or {}).get("message", ""))),
        ("Log", f"devtrail-tui logs {job.id}"),
    ]


def _waits_for(job: Job, waiting_reason: str) -> str:
    """The reason a job waits, and the end of the wait if known."""
    if job.status is Status.PENDING:
        until: datetime | None = job.run_at if job.run_at > datetime.now(UTC) else None
        reason = waiting_reason.removeprefix("Waits for ").rstrip(".")
    else:
        waiting = job.progress_detail.waiting
        reason, until = (waiting.sentence, waiting.until) if waiting else ("", None)
    return f"{reason} (until {local_time(until)})" if reason and until else reason


@_job_command
def cancel(*, job_id: int, as_json: bool) -> int:
    """Cancel a waiting or running job."""
    with opened() as services:
        return report(cancel_job(services, job_id), as_json=as_json)


@_job_command
def retry(*, job_id: int, as_json: bool) -> int:
    """Put a failed or cancelled job back into the queue; it resumes from its last save."""
    with opened() as services:
        code = report(retry_job(services, job_id), as_json=as_json)
        if not as_json:
            say(f"It runs in an open app, or with: devtrail-tui work --job {job_id}")
        return code


@_job_command
def wait(*, job_id: int, as_json: bool) -> int:
    """Follow a job until it is finished; the exit code is that of the job."""
    with opened() as services:
        get_job(services, job_id)
        followed = wait_for_job(services, job_id, from_seq=next_seq(services, job_id))
        return report_end(services, followed, as_json=as_json)


@_job_command
def delete(*, job_id: int, as_json: bool) -> int:
    """Delete a finished job with its log; its evidence stays."""
    with opened() as services:
        return report(delete_job(services, job_id), as_json=as_json)


@jobs.command()
@click.option(
    "--days",
    type=float,
    default=CLEANUP_AGE.days,
    show_default=True,
    metavar="N",
    help="Delete jobs that ended more than N days ago.",
)
@json_option
def cleanup(*, days: float, as_json: bool) -> int:
    """Delete old finished jobs with their logs; evidence stays."""
    age = cleanup_age(days)
    with opened() as services:
        return report(cleanup_jobs(services, age), as_json=as_json)
