"""`devtrail-tui logs JOB [-f]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from typing_extensions import override

from devtrail_tui.actions.jobs import get_job
from devtrail_tui.actions.logs import log_lines, next_seq
from devtrail_tui.cli.follow import Narrator, log_text
from devtrail_tui.cli.interruption import INTERRUPTED
from devtrail_tui.cli.output import json_option, narrate, print_json, say
from devtrail_tui.cli.row_id import ROW_ID
from devtrail_tui.cli.run import how_to_go_on, wait_for_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.job import LogLine, iso


@click.command(short_help="A job's log, with -f as it grows.")
@click.argument("job_id", metavar="JOB", type=ROW_ID)
@click.option("-f", "--follow", is_flag=True, help="Follow until the job is finished.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Start with the last N lines.")
@json_option
def logs(*, job_id: int, follow: bool, tail: int | None, as_json: bool) -> int:
    """Print a job's log. With --json one JSON object per line."""
    with opened() as services:
        get_job(services, job_id)
        first_seq = 1 if tail is None else max(1, next_seq(services, job_id) - tail)
        printer = LogPrinter(as_json=as_json)
        if follow:
            job = wait_for_job(services, job_id, printer, from_seq=first_seq).job
            if not job.status.finished:
                narrate(how_to_go_on(job, services.worker_id))
                return INTERRUPTED
            return 0
        for line in log_lines(services, job_id, first_seq):
            printer.lines((line,))
        return 0


class LogPrinter(Narrator):
    """Log lines as data on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    @override
    def lines(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            if self._as_json:
                print_json(_line_json(line), indent=None)
            else:
                say(log_text(line))
        sys.stdout.flush()


def _line_json(line: LogLine) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "attempt": line.attempt,
        "timestamp": iso(line.timestamp),
        "level": str(line.level),
        "message": line.message,
    }
