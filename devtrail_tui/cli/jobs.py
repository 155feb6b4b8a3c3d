"""`devtrail-tui jobs`: look at jobs and change what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from devtrail_tui.cli.follow import log_lines, next_seq
from devtrail_tui.cli.output import (
    ago,
    coloured,
    json_option,
    local_time,
    narrate,
    print_json,
    say,
    status_words,
    table,
)
from devtrail_tui.cli.run import end_sentence, report_end, result_tables, wait_for_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.job import Job, Status, job_json
from devtrail_tui.core.job_filter import parse

_LONGEST_CLEANUP_DAYS = 36_500
_job_argument = click.argument("job_id", metavar="JOB", type=int)


@click.group(short_help="List, show, cancel, retry, wait for and delete jobs.")
def jobs() -> None:
    """Look at jobs and change what becomes of them."""


@jobs.command("list")
@click.argument("query", nargs=-1, metavar="[FILTER]...")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, metavar="N", help="At most so many. Default: 50.")
@click.option("--before", type=int, metavar="JOB", help="Only jobs older than this one: the next page.")
@json_option
def list_jobs(*, query: tuple[str, ...], limit: int, before: int | None, as_json: bool) -> int:
    """List jobs, newest first. FILTER as in the app: state:failed type:sync repo:acme/shop, or words of the title."""
    wanted = parse(" ".join(query))
    if wanted.problems:
        raise UsageError(" ".join(wanted.problems))
    with opened() as services:
        rows = services.views.jobs_page(wanted, before_id=before, limit=limit)
        if as_json:
            print_json([job_json(job) for job in services.views.jobs([row.id for row in rows])])
            return 0
        now = services.clock.now()
        lines = table(
            ("#", "Type", "What", "Status", "%", "When"),
            [
                (
                    str(row.id),
                    row.type,
                    row.title,
                    status_words(row.status),
                    f"{row.progress:.0f}",
                    ago(row.completed_at or row.started_at or row.created_at, now),
                )
                for row in rows
            ],
            right=frozenset({0, 4}),
        )
        click.echo(lines[0])
        for line, row in zip(lines[1:], rows, strict=True):
            words = status_words(row.status)
            click.echo(line.replace(words, coloured(row.status, words), 1))
        if not rows:
            narrate("No such job." if query else "No job yet. Start one: devtrail-tui sync OWNER/REPO")
        elif len(rows) == limit:
            narrate(f"There may be more: --before {rows[-1].id}")
        return 0


@jobs.command()
@_job_argument
@json_option
def show(*, job_id: int, as_json: bool) -> int:
    """Show one job."""
    with opened() as services:
        job = services.views.job(job_id)
        if as_json:
            print_json(job_json(job, log_lines(services, job_id)))
            return 0
        for name, value in _facts(job):
            if value:
                say(f"{name:<10} {value}")
        for line in result_tables(job):
            say(line)
        return 0


def _facts(job: Job) -> list[tuple[str, str]]:
    detail = job.progress_detail
    return [
        ("Job", f"{job.id} {job.type}"),
        ("What", job.title),
        ("Status", status_words(job.status)),
        ("Waits for", _waits_for(job)),
        ("Progress", f"{job.progress:.0f} %" + (f", {detail.done} of {detail.total}" if detail.total else "")),
        ("Attempt", f"{job.attempt} of {job.max_attempts}" if job.attempt else ""),
        ("Spent", f"${job.spent_usd:.2f}" if job.spent_usd else ""),
        ("Created", local_time(job.created_at)),
        ("Started", local_time(job.started_at)),
        ("Ended", local_time(job.completed_at)),
        ("Error", job.error or ""),
        ("Result", str((job.result or {}).get("message", ""))),
        ("Log", f"devtrail-tui logs {job.id}"),
    ]


def _waits_for(job: Job) -> str:
    """What keeps the job, and until when where that is known."""
    if job.status is Status.PENDING:
        until: datetime | None = job.run_at if job.run_at > datetime.now(UTC) else None
        why = (job.waiting_for or "").removeprefix("Waits for ").rstrip(".")
    else:
        waiting = job.progress_detail.waiting
        why, until = (waiting.sentence, waiting.until) if waiting else ("", None)
    return f"{why} (until {local_time(until)})" if why and until else why


@jobs.command()
@_job_argument
@json_option
def cancel(*, job_id: int, as_json: bool) -> int:
    """Cancel a waiting or running job."""
    with opened() as services:
        job = services.queue.cancel(job_id).result()
        if as_json:
            print_json(job_json(job))
        elif job.status is Status.RUNNING:
            say(f"Job {job_id} is asked to stop; what it has saved is kept.")
        else:
            say(f"{status_words(job.status)} · job {job_id}.")
        return 0


@jobs.command()
@_job_argument
@json_option
def retry(*, job_id: int, as_json: bool) -> int:
    """Put a failed or cancelled job back into the queue; it goes on from its last save."""
    with opened() as services:
        job = services.queue.retry(job_id).result()
        if as_json:
            print_json(job_json(job))
        else:
            say(
                f"Job {job_id} is in the queue again. It runs in an open app, or with: devtrail-tui work --job {job_id}"
            )
        return 0


@jobs.command()
@_job_argument
@json_option
def wait(*, job_id: int, as_json: bool) -> int:
    """Follow a job until it is finished; the exit code says how it ended."""
    with opened() as services:
        services.views.job(job_id)
        followed = wait_for_job(services, job_id, from_seq=next_seq(services, job_id))
        return report_end(services, followed, as_json=as_json)


@jobs.command()
@_job_argument
@json_option
def delete(*, job_id: int, as_json: bool) -> int:
    """Delete a finished job with its log; its evidence stays."""
    with opened() as services:
        job = services.views.job(job_id)
        deleted = services.queue.delete(job_id).result()
        if as_json:
            print_json({"deleted": deleted})
        else:
            say(f"Deleted: {end_sentence(job)}")
        return 0


@jobs.command()
@click.option("--days", type=float, required=True, metavar="N", help="Delete jobs that ended more than N days ago.")
@json_option
def cleanup(*, days: float, as_json: bool) -> int:
    """Delete old finished jobs with their logs; evidence stays."""
    if not 0 <= days <= _LONGEST_CLEANUP_DAYS:  # also refuses NaN
        raise UsageError(f"--days is from 0 to {_LONGEST_CLEANUP_DAYS:,}, not {days:g}.")
    with opened() as services:
        deleted = services.queue.cleanup(timedelta(days=days)).result()
        if as_json:
            print_json({"deleted": deleted})
        else:
            say(f"{deleted:,} {'job' if deleted == 1 else 'jobs'} deleted.")
        return 0
