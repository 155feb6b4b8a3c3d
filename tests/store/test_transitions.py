"""What is recorded with a change of a job's status; test_queue_states proves at random that no change goes unrecorded."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import devtrail_tui
from devtrail_tui.core.job import Claim, NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from tests.doubles.clock import START, ManualClock
from tests.store.test_query_plans import plan_of

PACKAGE = Path(devtrail_tui.__file__).parent
TRANSITIONS = PACKAGE / "store" / "queue" / "transitions.py"


def status_writes(path: Path) -> Iterator[int]:
    """The lines of a module that set a column `status`: `.values(status=...)`, or SQL text that updates or fills `jobs`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("values", "set_"):
            yield from (node.lineno for each in node.keywords if each.arg == "status")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.upper().split()
            if words[:2] == ["UPDATE", "JOBS"] or words[:3] == ["INSERT", "INTO", "JOBS"]:
                yield node.lineno
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if called == "insert" and isinstance(node, ast.Call) and ast.unparse(node.args[0]) == "jobs":
            yield node.lineno


def test_only_transitions_writes_a_status() -> None:
    migrations = PACKAGE / "store" / "migrations"
    writers = {
        path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(migrations) and list(status_writes(path))
    }
    assert writers == {TRANSITIONS}
    assert len(list(status_writes(TRANSITIONS))) == 2, "an insert, and one update for all changes"


def test_events_tell_a_jobs_life(queue: JobQueue, database: SqliteDatabase, clock: ManualClock) -> None:
    job = queue.enqueue(NewJob("GITHUB_SYNC")).result()
    claimed = queue.claim("w", lease_s=30).result()
    assert claimed is not None
    clock.advance(1)
    queue.fail(Claim(job.id, claimed.claim_no, "w"), "broke\x1b[31m").result()
    queue.retry(job.id).result()
    queue.cancel(job.id).result()
    queue.delete(job.id).result()
    with database.read() as connection:
        rows = connection.execute(
            text("SELECT job_id, type, from_status, to_status, claim_no, reason FROM job_events ORDER BY id")
        ).all()
    kind = (job.id, "GITHUB_SYNC")
    assert [tuple(row) for row in rows] == [
        (*kind, None, "PENDING", 0, None),
        (*kind, "PENDING", "RUNNING", 1, None),
        (*kind, "RUNNING", "FAILED", 1, "broke"),
        (*kind, "FAILED", "PENDING", 1, "Retried by a person."),
        (*kind, "PENDING", "CANCELLED", 1, "Cancelled before it ran."),
        (*kind, "CANCELLED", None, 1, None),
    ]


def open_call(database: SqliteDatabase, key: str, claim: Claim, usd: float) -> None:
    """A call of Claude that this claim began and nobody has seen the end of."""
    insert = text(
        "INSERT INTO analyses (key, model, answer, stop_reason, usage, request_id, created_at,"
        " call_job_id, call_claim_no, call_usd, uncertain_usd)"
        " VALUES (:key, 'm', '', '', '{}', '', 0, :job, :claim, :usd, 0.5)"
    )
    values = {"key": key, "job": claim.job_id, "claim": claim.claim_no, "usd": usd}
    database.write(lambda connection: connection.execute(insert, values)).result()


def calls(database: SqliteDatabase) -> dict[str, tuple[Any, ...]]:
    with database.read() as connection:
        rows = connection.execute(
            text("SELECT key, call_job_id, call_claim_no, call_usd, uncertain_usd FROM analyses ORDER BY key")
        ).all()
    return {row[0]: tuple(row[1:]) for row in rows}


ENDINGS: dict[str, Callable[[JobQueue, Claim], Any]] = {
    "finish": lambda queue, claim: queue.finish(claim, {}),
    "fail": lambda queue, claim: queue.fail(claim, "broke"),
    "cancelled": lambda queue, claim: queue.cancelled(claim, "asked"),
    "retry_later": lambda queue, claim: queue.retry_later(claim, "again", START + timedelta(minutes=1)),
    "release": lambda queue, claim: queue.release(claim),
    "rescue": lambda queue, _claim: queue.rescue(host="desk", alive=lambda _pid, _start: False),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_open_calls_end_uncertain_with_their_claim(
    queue: JobQueue, database: SqliteDatabase, views: Views, running: Claim, ending: str
) -> None:
    open_call(database, "a", running, 0.25)
    open_call(database, "b", running, 0.125)
    open_call(database, "of an older claim", Claim(running.job_id, running.claim_no + 7, "w"), 2.0)
    open_call(database, "of another job", Claim(running.job_id + 1, running.claim_no, "w"), 4.0)
    ENDINGS[ending](queue, running).result()
    assert calls(database) == {
        "a": (None, None, 0.0, 0.75),
        "b": (None, None, 0.0, 0.625),
        "of an older claim": (running.job_id, running.claim_no + 7, 2.0, 0.5),
        "of another job": (running.job_id + 1, running.claim_no, 4.0, 0.5),
    }
    assert views.job(running.job_id).spent_usd == 0.375


def test_a_claim_that_is_lost_ends_no_calls(queue: JobQueue, database: SqliteDatabase, running: Claim) -> None:
    open_call(database, "a", running, 0.25)
    assert queue.finish(Claim(running.job_id, running.claim_no + 1, "w"), {}).result() is False
    assert calls(database)["a"] == (running.job_id, running.claim_no, 0.25, 0.5)


def test_open_calls_are_looked_for_by_their_index(queue: JobQueue, database: SqliteDatabase, running: Claim) -> None:
    plan = plan_of(database, "SELECT sum(analyses.call_usd)", lambda: queue.finish(running, {}).result())
    assert plan == ["SEARCH analyses USING INDEX ix_analyses_call (call_job_id=?)"]
