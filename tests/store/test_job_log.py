"""A job's log: numbers without gaps, harmless text, pages by key."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from devtrail_tui.core.job import Claim, Level, LogLine
from devtrail_tui.store.job_log import JobLog, Line
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.doubles.clock import START
from tests.store.store_examples import note


def lines(*messages: str) -> list[Line]:
    return [(START, Level.INFO, message) for message in messages]


def test_lines_are_numbered_across_batches_notes_and_attempts(
    log: JobLog, queue: JobQueue, running: Claim, database: SqliteDatabase
) -> None:
    assert log.append(running, lines("a", "b")).result() is True
    assert note(database, running.job_id, "note", Level.WARNING) is True
    queue.release(running).result()
    again = queue.claim(running.worker_id, lease_s=30).result()
    assert again is not None
    queue.retry_later(Claim(again.id, again.claim_no, running.worker_id), "x", START).result()
    third = queue.claim(running.worker_id, lease_s=30).result()
    assert third is not None
    log.append(Claim(third.id, third.claim_no, running.worker_id), lines("c")).result()
    page = log.page(running.job_id, first_seq=1, limit=10)
    assert [(line.seq, line.attempt, line.message) for line in page] == [
        (1, 1, "a"),
        (2, 1, "b"),
        (3, 1, "note"),
        (4, 2, "c"),
    ]
    assert page[2] == LogLine(running.job_id, 3, 1, START, Level.WARNING, "note")


def test_an_empty_append_writes_nothing(log: JobLog, running: Claim) -> None:
    assert log.append(running, []).result() is True
    assert log.bounds(running.job_id) is None


def test_a_note_on_an_unknown_job_is_false(database: SqliteDatabase) -> None:
    assert note(database, 404, "x") is False


def test_pages_and_bounds(log: JobLog, running: Claim) -> None:
    log.append(running, lines(*map(str, range(1, 26)))).result()
    assert log.bounds(running.job_id) == (1, 25)
    assert [line.seq for line in log.page(running.job_id, first_seq=10, limit=3)] == [10, 11, 12]
    assert [line.seq for line in log.page(running.job_id, first_seq=24, limit=9)] == [24, 25]
    assert log.page(running.job_id, first_seq=26, limit=9) == []
    assert log.page(running.job_id + 1, first_seq=1, limit=9) == []


def test_find_goes_both_ways(log: JobLog, running: Claim) -> None:
    log.append(running, lines("GitHub's limit", "100 % done", "github again", "100 done")).result()
    find = log.find
    assert find(running.job_id, "GITHUB") == 1
    assert find(running.job_id, "github", after_seq=1) == 3
    assert find(running.job_id, "github", after_seq=3) is None
    assert find(running.job_id, "github", after_seq=3, backwards=True) == 1
    assert find(running.job_id, "100 %", after_seq=0) == 2
    assert find(running.job_id, "100 %", after_seq=2) is None


def test_a_message_is_one_harmless_line_of_bounded_length(log: JobLog, running: Claim) -> None:
    log.append(running, lines("a\x1b]52;c;aGk=\x07b\nc\u202e", "x" * 20_000)).result()
    first, second = log.page(running.job_id, first_seq=1, limit=2)
    assert first.message == "ab c"
    assert len(second.message) == 10_000
    assert second.message.endswith("…")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(batches=st.lists(st.lists(st.text(st.characters(codec=None)), max_size=5), max_size=6))
def test_any_text_can_be_logged(log: JobLog, running: Claim, batches: list[list[str]]) -> None:
    before = log.bounds(running.job_id)
    last = before[1] if before else 0
    for batch in batches:
        assert log.append(running, lines(*batch)).result() is True
    written = sum(map(len, batches))
    page = log.page(running.job_id, first_seq=last + 1, limit=100)
    assert [line.seq for line in page] == list(range(last + 1, last + written + 1))
    assert all("\x1b" not in line.message and "\n" not in line.message for line in page)


def test_a_page_is_found_by_its_key(database: SqliteDatabase, log: JobLog, running: Claim) -> None:
    with database.read() as connection:
        plan = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT * FROM job_logs WHERE job_id = 1 AND seq >= 500000 ORDER BY seq LIMIT 50")
        ).all()
    (step,) = plan
    assert "USING PRIMARY KEY (job_id=? AND seq>?)" in step[3]
