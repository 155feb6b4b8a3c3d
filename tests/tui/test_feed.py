"""The feed: what is asked for and nothing else, once per change, and never on the UI thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.message import Message

from devtrail_tui.core.errors import DatabaseUnusable
from devtrail_tui.core.job import Job, NewJob, Status
from devtrail_tui.core.job_filter import parse
from devtrail_tui.store import workers
from devtrail_tui.tui.feed import Feed, FeedFault, FeedTrouble, SnapshotReady
from devtrail_tui.tui.screens.jobs_reading import FOLLOWED_LINES, LOG_PERIOD_S, JobsData, JobsReading
from tests.store.store_examples import note
from tests.tui.app_host import PATIENCE_S, House


class Listener:
    """Takes what the feed posts, and waits for what a test expects."""

    def __init__(self, house: House) -> None:
        self.house = house.opened()
        self.posted: queue.Queue[Message] = queue.Queue()
        self.feed = Feed(house.services, JobsReading(), self.posted.put)
        self.asked_by: set[str] = set()

    def until(self, holds: Any) -> JobsData:
        """The data of the first snapshot for which `holds`."""
        while True:
            message = self.posted.get(timeout=PATIENCE_S)
            assert not isinstance(message, FeedFault), message
            if isinstance(message, SnapshotReady):
                self.snapshot, data = message.snapshot, message.snapshot.data
                assert isinstance(data, JobsData)
                if holds(data):
                    return data

    def enqueue(self, title: str = "") -> Job:
        return self.house.services.queue.enqueue(NewJob("GITHUB_SYNC", title=title)).result()


@pytest.fixture
def listener(house: House) -> Iterator[Listener]:
    made = Listener(house)
    made.feed.start()
    yield made
    made.feed.stop()
    made.feed.join(PATIENCE_S)
    house.services.close()


def test_a_commit_brings_one_snapshot_with_rows_job_and_log(listener: Listener) -> None:
    assert listener.until(lambda _: True).table.total == 0
    job = listener.enqueue("acme/shop")
    note(listener.house.services.database, job.id, "hello")
    snapshot = listener.until(lambda seen: seen.table.total == 1)
    assert list(snapshot.table.ids) == [job.id]
    assert snapshot.table.rows[job.id].title == "acme/shop"
    assert listener.snapshot.header.counts[Status.PENDING] == 1
    assert snapshot.job is None

    listener.feed.want(chosen=job.id)
    chosen = listener.until(lambda seen: seen.request.chosen == job.id and seen.log.last)
    assert chosen.job is not None
    assert chosen.job.id == job.id
    assert chosen.log.lines[-1].message == "hello"


@pytest.fixture
def short_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed looks again every few milliseconds."""
    monkeypatch.setattr("devtrail_tui.tui.feed.TICK_S", 0.005)
    monkeypatch.setattr("devtrail_tui.tui.feed.HEALTH_PERIOD_S", 0.01)


@pytest.mark.usefixtures("short_periods")
def test_nothing_is_posted_while_nothing_changes(listener: Listener) -> None:
    listener.until(lambda _: True)
    looked = threading.Semaphore(0)
    version = listener.house.services.database.version

    def counted() -> int:
        looked.release()
        return version()

    listener.house.services.database.version = counted  # type: ignore[method-assign]  # to know that the feed looked again
    for _ in range(3):
        assert looked.acquire(timeout=PATIENCE_S)
    assert listener.posted.empty()
    listener.feed.want(chosen=None)
    for _ in range(2):
        assert looked.acquire(timeout=PATIENCE_S)
    assert listener.posted.empty(), "asking for the same again changes nothing"


def test_another_wish_is_served_at_once(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    job = listener.enqueue()
    listener.until(lambda seen: seen.table.total == 1)
    monkeypatch.setattr("devtrail_tui.tui.feed.TICK_S", 10 * PATIENCE_S)
    for _ in range(2):
        listener.feed.want(chosen=job.id)
        listener.until(lambda seen: seen.request.chosen == job.id)
        listener.feed.want(chosen=None)
        listener.until(lambda seen: seen.request.chosen is None)


def test_a_heartbeat_brings_no_snapshot(listener: Listener) -> None:
    database, now = listener.house.services.database, datetime.now(UTC)
    worker = workers.WorkerRow("w", "host", 1, 0.0, "w", now, now, 1)
    database.write(lambda connection: workers.register(connection, worker)).result()
    listener.until(lambda _: listener.snapshot.header.workers == 1)
    reads = threading.Semaphore(0)
    header_facts = listener.house.services.views.header_facts

    def counted() -> Any:
        reads.release()
        return header_facts()

    listener.house.services.views.header_facts = counted  # type: ignore[method-assign]  # to know that the feed read again
    later = now + timedelta(seconds=10)
    database.write(lambda connection: workers.seen(connection, "w", later)).result()
    assert reads.acquire(timeout=PATIENCE_S)
    job = listener.enqueue()
    snapshot = listener.posted.get(timeout=PATIENCE_S)
    assert isinstance(snapshot, SnapshotReady)
    assert list(snapshot.snapshot.data.table.ids) == [job.id], "the heartbeat was posted"


def test_the_end_of_a_growing_log_is_read_once_a_period(listener: Listener) -> None:
    clock = [0.0]
    listener.feed._monotonic = lambda: clock[0]
    job, database = listener.enqueue(), listener.house.services.database
    note(database, job.id, "first")
    listener.feed.want(chosen=job.id)
    listener.until(lambda seen: seen.log.last == 1)
    note(database, job.id, "second")
    listener.enqueue()
    early = listener.until(lambda seen: seen.table.total == 2)
    assert early.log.last == 1
    clock[0] += LOG_PERIOD_S
    assert listener.until(lambda seen: seen.log.last == 2).log.lines[-1].message == "second"
    note(database, job.id, "third")
    listener.feed.want(log=(1, 3))
    assert listener.until(lambda seen: seen.request.log == (1, 3)).log.last == 3, (
        "who reads further up is served at once"
    )


def test_new_ids_are_added_without_reading_all_again(listener: Listener) -> None:
    for _ in range(3):
        listener.enqueue()
    listener.until(lambda seen: len(seen.table.ids) == 3)
    asked: list[int] = []
    reading = listener.house.services.views.job_ids

    def watched(job_filter: Any = None, newer_than: int = 0) -> Any:
        asked.append(newer_than)
        return reading(job_filter, newer_than)

    listener.house.services.views.job_ids = watched  # type: ignore[method-assign]  # to see what is asked
    newest = listener.enqueue()
    snapshot = listener.until(lambda seen: len(seen.table.ids) == 4)
    assert list(snapshot.table.ids) == [4, 3, 2, 1]
    assert newest.id == 4
    assert set(asked) <= {3, 4}


def test_deleted_jobs_leave_the_list(listener: Listener) -> None:
    jobs = [listener.enqueue() for _ in range(3)]
    listener.feed.want(chosen=jobs[1].id)
    listener.until(lambda seen: len(seen.table.ids) == 3 and seen.job)
    listener.house.services.queue.cancel(jobs[1].id).result()
    listener.house.services.queue.delete(jobs[1].id).result()
    snapshot = listener.until(lambda seen: len(seen.table.ids) == 2)
    assert list(snapshot.table.ids) == [3, 1]
    assert snapshot.job is None


def test_a_filter_follows_what_changes(listener: Listener) -> None:
    jobs = [listener.enqueue(f"job {number}") for number in range(3)]
    listener.feed.want(job_filter=parse("state:cancelled"), filter_text="state:cancelled")
    empty = listener.until(lambda seen: seen.table.filter_text)
    assert len(empty.table.ids) == 0
    assert empty.table.total == 3
    listener.house.services.queue.cancel(jobs[0].id).result()
    assert list(listener.until(lambda seen: len(seen.table.ids)).table.ids) == [jobs[0].id]
    listener.feed.want(job_filter=parse(""), filter_text="")
    assert len(listener.until(lambda seen: not seen.table.filter_text).table.ids) == 3


def test_only_the_wanted_window_of_rows_and_lines_is_read(listener: Listener) -> None:
    jobs = [listener.enqueue() for _ in range(400)]
    last = jobs[-1]
    for number in range(FOLLOWED_LINES + 100):
        note(listener.house.services.database, last.id, f"line {number}")
    listener.feed.want(rows=(300, 310), chosen=last.id)
    snapshot = listener.until(lambda seen: seen.request.rows == (300, 310) and len(seen.table.ids) == 400)
    assert snapshot.table.ids[305] in snapshot.table.rows
    assert len(snapshot.table.rows) < 200
    assert len(snapshot.log.lines) == FOLLOWED_LINES
    assert snapshot.log.lines[-1].seq == snapshot.log.last
    listener.feed.want(log=(10, 20))
    window = listener.until(lambda seen: seen.request.log == (10, 20))
    assert [line.seq for line in window.log.lines] == list(range(10, 21))


def test_a_database_that_is_gone_is_said_once_and_the_feed_goes_on(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener.until(lambda _: True)
    database = listener.house.services.database

    def gone() -> int:
        raise DatabaseUnusable("The database was deleted while it was in use; quit.")

    monkeypatch.setattr("devtrail_tui.tui.feed.HEALTH_PERIOD_S", 0.01)
    with monkeypatch.context() as while_gone:
        while_gone.setattr(database, "version", gone)
        message = listener.posted.get(timeout=PATIENCE_S)
        assert isinstance(message, FeedTrouble)
        assert message.sentence == "The database was deleted while it was in use; quit."
    while not isinstance(message := listener.posted.get(timeout=PATIENCE_S), FeedTrouble):
        pass
    assert message.sentence == ""


def test_a_fault_of_the_program_is_not_swallowed(tmp_path: Path) -> None:
    listener = Listener(House(tmp_path))

    def broken() -> int:
        raise KeyError("a fault")

    listener.house.services.database.version = broken  # type: ignore[method-assign]  # breaks the feed
    listener.feed.start()
    message = listener.posted.get(timeout=PATIENCE_S)
    assert isinstance(message, FeedFault)
    assert isinstance(message.error, KeyError)
    listener.feed.join(PATIENCE_S)
    listener.house.services.close()


def test_a_later_snapshot_replaces_one_that_was_not_handled(listener: Listener) -> None:
    listener.until(lambda _: True)
    snapshot = listener.snapshot
    assert SnapshotReady(snapshot).can_replace(SnapshotReady(snapshot))
    assert not SnapshotReady(snapshot).can_replace(FeedTrouble(""))


def test_a_filtered_list_that_was_not_read_again_is_owed_and_read_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another commit the screen would otherwise keep an old list for ever."""
    services = house.opened().services
    reading, header = JobsReading(), services.views.header_facts()
    request = replace(reading.request, job_filter=parse("state:pending"))
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("devtrail_tui.tui.screens.jobs_reading.time.monotonic", lambda: float(next(clock)))
    assert list(reading.read(services, request, header, 0.0).table.ids) == []
    job = services.queue.enqueue(NewJob("GITHUB_SYNC")).result()
    assert list(reading.read(services, request, header, 1.0).table.ids) == []
    assert reading.overdue, "the feed must come back without a commit"
    assert list(reading.read(services, request, header, 1000.0).table.ids) == [job.id]
    assert not reading.overdue
    services.close()
