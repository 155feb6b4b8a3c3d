"""The queries that must cost the same with a million finished jobs use the index that makes it so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from devtrail_tui.core.job import NewJob, Status
from devtrail_tui.core.job_filter import parse
from devtrail_tui.store.queue import JobQueue, first_due
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from tests.doubles.clock import START
from tests.store.store_examples import HOST


def plan_of(database: SqliteDatabase, beginning: str, act: Any) -> list[str]:
    """The plan of the statement that `act` runs and that begins with `beginning`."""
    seen: list[tuple[str, Any]] = []

    def remember(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(beginning):
            seen.append((statement, parameters))

    engines = [database._readers, database._write_engine]
    for engine in engines:
        assert engine is not None
        event.listen(engine, "before_cursor_execute", remember)
    act()
    for engine in engines:
        assert engine is not None
        event.remove(engine, "before_cursor_execute", remember)
    statement, parameters = seen[0]
    with database.read() as connection:
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()]


@pytest.fixture
def busy(database: SqliteDatabase, queue: JobQueue) -> SqliteDatabase:
    """Many finished jobs, a few that wait, and one that runs."""
    fill = text(
        "INSERT INTO jobs (type, title, search_text, repositories, status, priority, progress, config, attempt, max_attempts,"
        " claim_no, crashes, last_seq, run_at, spent_usd, created_at, updated_at, completed_at)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        " SELECT 'T', '', '', '', 'COMPLETED', 0, 100.0, '{}', 1, 5, 1, 0, 0, i, 0.0, i, i, i FROM n"
    )
    database.write(lambda connection: connection.execute(fill)).result()
    for _ in range(5):
        queue.enqueue(NewJob("T")).result()
    queue.claim("w", lease_s=30).result()
    return database


@pytest.mark.parametrize("types", [None, ("T", "U")])
def test_a_claim_looks_at_waiting_jobs_only(
    busy: SqliteDatabase, queue: JobQueue, types: tuple[str, ...] | None
) -> None:
    plan = plan_of(busy, "UPDATE jobs", lambda: queue.claim("w", lease_s=30, types=types).result())
    assert "SCAN jobs USING INDEX ix_jobs_pending" in plan
    assert "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)" in plan
    assert not any("TEMP B-TREE" in step for step in plan)


def test_a_claim_keeps_to_them_whatever_statistics_say(busy: SqliteDatabase, queue: JobQueue) -> None:
    busy.write(lambda connection: connection.exec_driver_sql("ANALYZE")).result()
    plan = plan_of(busy, "UPDATE jobs", lambda: queue.claim("w", lease_s=30).result())
    assert any("jobs USING INDEX ix_jobs_pending" in step or "jobs USING INDEX ix_jobs_due" in step for step in plan)
    assert "SCAN jobs" not in plan


def test_whether_one_is_due_is_read_off_an_index(busy: SqliteDatabase) -> None:
    plan = plan_of(busy, "SELECT jobs.id", lambda: first_due(busy, "w", ("T",), START))
    assert "SCAN jobs USING INDEX ix_jobs_due" in plan
    assert not any("TEMP B-TREE" in step for step in plan)


def test_the_owners_of_running_jobs_are_found_by_index(busy: SqliteDatabase, queue: JobQueue) -> None:
    act = lambda: queue.rescue(host=HOST, alive=lambda _pid, _start: True)  # noqa: E731 - short
    plan = plan_of(busy, "SELECT jobs.id, jobs.claim_no", act)
    assert plan == ["SCAN jobs USING INDEX ix_jobs_running"]


def test_the_newest_page_stops_when_it_is_full(busy: SqliteDatabase, views: Views) -> None:
    plan = plan_of(busy, "SELECT jobs.id, jobs.type", lambda: views.jobs_page(limit=20))
    assert plan == ["SCAN jobs"]
    plan = plan_of(busy, "SELECT jobs.id, jobs.type", lambda: views.jobs_page(before_id=2000, limit=20))
    assert plan == ["SEARCH jobs USING INTEGER PRIMARY KEY (rowid<?)"]


def test_ids_are_listed_without_touching_the_rows(busy: SqliteDatabase, views: Views) -> None:
    for wanted in ("", "state:failed", "type:t"):
        plan = plan_of(busy, "SELECT jobs.id", lambda wanted=wanted: views.job_ids(parse(wanted)))
        assert "SCAN jobs USING COVERING INDEX ix_jobs_listing" in plan


def test_old_jobs_are_found_by_when_they_ended(busy: SqliteDatabase, queue: JobQueue) -> None:
    plan = plan_of(busy, "SELECT jobs.id", lambda: queue.cleanup(START - START, [Status.FAILED]).result())
    assert any("USING INDEX ix_jobs_completed" in step for step in plan)
