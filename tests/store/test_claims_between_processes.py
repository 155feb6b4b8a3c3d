"""Several processes work one queue: nothing is claimed twice, nothing is lost, every update is kept."""

from __future__ import annotations

import multiprocessing
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import pytest
from sqlalchemy import text

from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.job import Claim, Level, NewJob, Status
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views

pytestmark = pytest.mark.usefixtures("processes")

JOBS = 120
PROCESSES = 3


def work(url: str, name: str, done: SimpleQueue[list[int]]) -> None:
    """Claim, log and finish until nothing is left."""
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    queue, log, clock = JobQueue(database, SystemClock()), JobLog(database), SystemClock()
    mine: list[int] = []
    while (job := queue.claim(name, lease_s=60).result()) is not None:
        claim = Claim(job.id, job.claim_no, name)
        log.append(claim, [(clock.now(), Level.INFO, name)])
        assert queue.finish(claim, {"by": name}).result()
        mine.append(job.id)
    database.close()
    done.put(mine)


def open_and_close(url: str, start: str, done: SimpleQueue[str]) -> None:
    """Open a database that does not exist yet."""
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    JobQueue(database, SystemClock()).enqueue(NewJob("T")).result()
    database.close()
    done.put(start)


def test_processes_share_a_queue_and_claim_nothing_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'devtrail.db'}"
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    queue = JobQueue(database, SystemClock())
    for future in [queue.enqueue(NewJob("T", priority=number % 3)) for number in range(JOBS)]:
        future.result()
    context = multiprocessing.get_context("spawn")
    done: SimpleQueue[list[int]] = context.SimpleQueue()
    processes = [context.Process(target=work, args=(url, f"p{n}", done)) for n in range(PROCESSES)]
    for process in processes:
        process.start()
    claimed = [job_id for _ in processes for job_id in done.get()]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sorted(claimed) == list(range(1, JOBS + 1))
    assert Views(database).counts()[Status.COMPLETED] == JOBS
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*), max(claim_no) FROM job_attempts")).one() == (JOBS, 1)
        assert connection.execute(text("SELECT count(*), max(seq) FROM job_logs")).one() == (JOBS, 1)
    database.close()


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'devtrail.db'}"
    context = multiprocessing.get_context("spawn")
    done: SimpleQueue[str] = context.SimpleQueue()
    processes = [context.Process(target=open_and_close, args=(url, str(n), done)) for n in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    assert Views(database).counts()[Status.PENDING] == PROCESSES
    assert sorted(each.name for each in database.path.parent.iterdir() if "backup" in each.name) == []
    database.close()
