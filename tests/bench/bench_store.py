"""How the store's cost grows: the same steps with a thousand and with a million finished jobs.

Run with: pytest -o addopts="" -m bench -s tests/bench/bench_store.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.job import Claim, Level, NewJob
from devtrail_tui.core.job_filter import parse
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue, first_due
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views

pytestmark = pytest.mark.bench

_FILL = """
INSERT INTO jobs (type, title, search_text, repositories, status, priority, progress, config, attempt, max_attempts, claim_no,
    crashes, last_seq, run_at, spent_usd, created_at, updated_at, started_at, completed_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :jobs)
SELECT CASE i % 3 WHEN 0 THEN 'AI_ANALYSIS' ELSE 'GITHUB_SYNC' END, 'acme/shop sync ' || i, 'acme/shop sync ' || i,
    char(10) || 'acme/shop' || char(10), CASE i % 10 WHEN 0 THEN 'FAILED' ELSE 'COMPLETED' END, 0, 100.0,
    '{"repositories":["acme/shop"],"startDate":"2026-01-01","endDate":"2026-03-31","model":"claude-sonnet-5-5"}',
    1, 5, 1, 0, 0, i, 0.0, i, i, i, i
FROM n
"""


def filled(folder: Path, jobs: int) -> SqliteDatabase:
    database = SqliteDatabase(f"sqlite:///{folder / f'{jobs}.db'}", synchronous="NORMAL")
    database.open()

    def fill(connection: Connection) -> None:
        connection.execute(text(_FILL), {"jobs": jobs})
        connection.execute(text("INSERT INTO job_counts SELECT status, type, count(*) FROM jobs GROUP BY status, type"))

    database.write(fill).result()
    return database


def microseconds(what: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        what()
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def measured(database: SqliteDatabase) -> dict[str, float]:
    queue, views = JobQueue(database, SystemClock()), Views(database)
    for _ in range(300):
        queue.enqueue(NewJob("GITHUB_SYNC")).result()
    window = [row.id for row in views.jobs_page(limit=50)]
    costs = {
        "claim": microseconds(lambda: queue.claim("w", lease_s=60).result(), 200),
        "due": microseconds(lambda: first_due(database, "w", ("GITHUB_SYNC",), SystemClock().now()), 200),
        "newest page": microseconds(lambda: views.jobs_page(limit=50), 100),
        "rows of a window": microseconds(lambda: views.job_rows(window), 100),
        "counts": microseconds(views.counts, 100),
        "header": microseconds(views.header_facts, 100),
        "version": microseconds(database.version, 1000),
        "all ids": microseconds(views.job_ids, 5),
        "ids state:failed": microseconds(lambda: views.job_ids(parse("state:failed")), 5),
        "ids of a word": microseconds(lambda: views.job_ids(parse("shop 77")), 3),
    }
    database.close()
    return costs


def test_claim_and_newest_page_cost_the_same_at_a_million(tmp_path: Path) -> None:
    found = {jobs: measured(filled(tmp_path, jobs)) for jobs in (1_000, 100_000, 1_000_000)}
    print()
    for name in found[1_000]:
        print(f"{name:18}" + "".join(f"{found[jobs][name]:14,.0f} us" for jobs in found))
    for name in ("claim", "due", "newest page", "counts"):
        assert found[1_000_000][name] < 5 * found[1_000][name]


def test_a_million_log_lines(tmp_path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{tmp_path / 'log.db'}")
    database.open()
    queue, log, clock = JobQueue(database, SystemClock()), JobLog(database), SystemClock()
    queue.enqueue(NewJob("T")).result()
    job = queue.claim("w", lease_s=9999).result()
    assert job is not None
    claim = Claim(job.id, job.claim_no, "w")
    batch = [
        (clock.now(), Level.INFO, f"#{number} Fix retry storm -> 5 Debugging 88, 12 Risk 71") for number in range(100)
    ]
    start = time.perf_counter()
    for future in [log.append(claim, batch) for _ in range(10_000)]:
        future.result()
    rate = 1_000_000 / (time.perf_counter() - start)
    page = microseconds(lambda: log.page(job.id, first_seq=500_000, limit=60), 100)
    bounds = microseconds(lambda: log.bounds(job.id), 100)
    miss = microseconds(lambda: log.find(job.id, "nowhere"), 2)
    print(f"\n{rate:,.0f} lines/s, page {page:,.0f} us, bounds {bounds:,.0f} us, a search that misses {miss:,.0f} us")
    assert log.bounds(job.id) == (1, 1_000_000)
    database.close()


def test_jobs_per_second(tmp_path: Path) -> None:
    for synchronous in ("NORMAL", "FULL"):
        database = SqliteDatabase(f"sqlite:///{tmp_path / f'{synchronous}.db'}", synchronous=synchronous)
        database.open()
        queue = JobQueue(database, SystemClock())
        for future in [queue.enqueue(NewJob("T")) for _ in range(1001)]:
            future.result()
        job = queue.claim("w", lease_s=60).result()
        start = time.perf_counter()
        done = 0
        while job is not None:
            queue.finish(Claim(job.id, job.claim_no, "w"), {})
            job = queue.claim("w", lease_s=60).result()
            done += 1
        print(f"\n{synchronous}: {done / (time.perf_counter() - start):,.0f} jobs/s")
        database.close()
