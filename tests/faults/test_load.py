"""Promise 16: a large history and a running sync. The app stays small, and goes on answering keys."""

from __future__ import annotations

import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path

import pytest

from devtrail_tui.core.job import Status
from devtrail_tui.demo.latency import Latency
from tests.acceptance.terminal import ESCAPE, Terminal
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_sound
from tests.faults.measure import holding
from tests.faults.processes import Site
from tests.faults.worker_processes import PATIENCE_S

MOST_MEGABYTES = 250
"""The issue's bound; anthropic and httpx alone take about 100 of it once a job has used them."""
LONGEST_ANSWER_S = 10.0
TYPICAL_ANSWER_S = 2.0
"""Until a key, and those typed before it, show their effect: what a frozen screen would never keep to, with room for a busy test
machine and for the seconds in which the job imports the Claude package."""
HELP = "change keys by name"
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
_LINE = "'acme/shop#' || i || ' A line of a log as long as they usually are, with a match and a number ' || (i * 7919)"
_JOBS = f"""
    INSERT INTO jobs (type, title, search_text, repositories, status, priority, progress, config, attempt, max_attempts,
        claim_no, crashes, last_seq, run_at, spent_usd, created_at, updated_at, started_at, completed_at) {_NUMBERS}
    SELECT 'GITHUB_SYNC', 'acme/shop ' || i, 'acme/shop ' || i, '', 'COMPLETED', 0, 100.0, '{{}}', 1, 5, 1, 0,
        iif(i = :last, :newest, :each), i, 0.0, i, i, i, i FROM n"""  # noqa: S608 - constants
_LOGS = f"INSERT INTO job_logs (job_id, seq, attempt, timestamp, level, message) {_NUMBERS}"
_NEWEST_LOG = f"{_LOGS} SELECT :job, i, 1, i, 'info', {_LINE} FROM n"  # noqa: S608 - constants
_OTHER_LOGS = f"{_LOGS} SELECT jobs.id, i, 1, i, 'info', {_LINE} FROM jobs, n WHERE jobs.id < :job"  # noqa: S608 - constants


def fill(path: Path, jobs: int, lines: int) -> None:
    """So many finished jobs; half of the lines in the newest, the others spread evenly."""
    each = lines // 2 // (jobs - 1)
    newest = lines - each * (jobs - 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_JOBS, {"last": jobs, "newest": newest, "each": each})
        connection.execute("INSERT INTO job_counts VALUES ('COMPLETED', 'GITHUB_SYNC', :jobs)", {"jobs": jobs})
        connection.execute(_NEWEST_LOG, {"last": newest, "job": jobs})
        connection.execute(_OTHER_LOGS, {"last": each, "job": jobs})
        connection.commit()


def answers_in(terminal: Terminal, key: str, shows: str, *, gone: bool = False) -> float:
    """Press a key; the seconds until the screen shows its effect."""
    began = time.monotonic()
    terminal.type(key)
    terminal.wait_until(lambda screen: (shows in screen) is not gone, shows, seconds=PATIENCE_S, look_every_s=0.02)
    return time.monotonic() - began


@pytest.mark.parametrize(("jobs", "lines"), [(200, 5_000), pytest.param(10_000, 1_000_000, marks=pytest.mark.full)])
def test_a_large_history_and_a_running_sync(site: Site, server: FaultyServer, jobs: int, lines: int) -> None:
    fill(site.services.database.path, jobs, lines)
    full = jobs > 200
    server.latency = Latency(github=0.05, claude=0.5 if full else 0.05)
    job = site.sync(*(() if full else ("acme/web",)))
    terminal = site.terminal()
    answers: list[float] = []
    megabytes: list[float] = []
    try:
        terminal.wait_for("worker ●")
        while site.job(job.id).status in (Status.PENDING, Status.RUNNING):
            answers.append(answers_in(terminal, "?", HELP))
            answers.append(answers_in(terminal, ESCAPE, HELP, gone=True))
            terminal.type("jjkGg")  # through the whole list, and the log of the job it ends on with it
            megabytes.append(holding(terminal.child.pid).megabytes)
        terminal.type("gj")
        terminal.wait_for(f"{jobs} ·")  # the newest of the filled ones, with its log
        terminal.type("l")
        terminal.wait_for(f"#{lines - lines // 2 // (jobs - 1) * (jobs - 1)} A line")
        terminal.type("gG")
        answers.append(answers_in(terminal, ESCAPE, "filter"))
        megabytes.append(holding(terminal.child.pid).megabytes)
    finally:
        terminal.close()
    assert site.job(job.id).status is Status.COMPLETED
    print(
        f"{jobs:,} jobs, {lines:,} lines: at most {max(megabytes):.0f} MB; {len(answers)} keys answered,"
        f" median {statistics.median(answers):.2f} s, slowest {max(answers):.2f} s"
    )
    assert len(answers) >= 6
    assert max(answers) < LONGEST_ANSWER_S
    assert statistics.median(answers) < TYPICAL_ANSWER_S
    assert max(megabytes) < MOST_MEGABYTES
    assert_sound(site)
