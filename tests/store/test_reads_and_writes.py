"""Reads and writes: what is seen together, what is undone together, what a full disk, a cancel or a close leaves."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from devtrail_tui.core.errors import DatabaseFull, DatabaseUnusable
from devtrail_tui.core.job import Job, NewJob
from devtrail_tui.store.database import await_commit
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.sqlite_errors import store_error
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from tests.doubles.clock import ManualClock
from tests.store.conftest import opened

PATIENCE_S = 20.0


def test_parameters_stay_out_of_error_texts(database: SqliteDatabase) -> None:
    def work(connection: object) -> None:
        with database.read() as reader:
            reader.execute(text("SELECT missing FROM jobs WHERE title = :secret"), {"secret": "ghp_hidden"})

    with pytest.raises(Exception, match="no such column") as failed:
        database.write(work).result()
    assert "ghp_hidden" not in str(failed.value)


def test_a_reader_sees_one_moment(database: SqliteDatabase, queue: JobQueue) -> None:
    queue.enqueue(NewJob("T")).result()
    count = text("SELECT count(*) FROM jobs")
    with database.read() as connection:
        assert connection.execute(count).scalar_one() == 1
        queue.enqueue(NewJob("T")).result()
        assert connection.execute(count).scalar_one() == 1
    with database.read() as connection:
        assert connection.execute(count).scalar_one() == 2


def test_reads_go_on_beside_a_write_and_each_other(database: SqliteDatabase, queue: JobQueue) -> None:
    queue.enqueue(NewJob("T")).result()
    inside, release = threading.Event(), threading.Event()

    def slow(connection: object) -> None:
        inside.set()
        release.wait()

    writing = database.write(slow)
    inside.wait()
    counts: list[int] = []

    def read() -> None:
        with database.read() as connection:
            counts.append(connection.execute(text("SELECT count(*) FROM jobs")).scalar_one())

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    release.set()
    writing.result()
    assert counts == [1] * 8


def test_writes_keep_their_order_and_do_not_undo_each_other(database: SqliteDatabase) -> None:
    gate = threading.Event()
    order: list[int] = []

    def add(number: int) -> None:
        def work(connection: object) -> int:
            connection.execute(text("INSERT INTO queue_pauses VALUES (:type, '', 0)"), {"type": str(number)})  # type: ignore[attr-defined]  # the test's connection
            order.append(number)
            if number % 3 == 0:
                raise LookupError(f"no {number}")
            return number

        futures.append(database.write(work))

    futures: list[Future[int]] = []
    database.write(lambda _connection: gate.wait())
    for number in range(1, 10):
        add(number)
    gate.set()
    for number, future in enumerate(futures, start=1):
        if number % 3 == 0:
            with pytest.raises(LookupError, match=f"no {number}"):
                future.result()
        else:
            assert future.result() == number
    assert order == list(range(1, 10))
    with database.read() as connection:
        stored = connection.execute(text("SELECT type FROM queue_pauses ORDER BY 1")).scalars().all()
    assert stored == ["1", "2", "4", "5", "7", "8"]


def test_a_shared_transaction_that_breaks_is_done_piece_by_piece(database: SqliteDatabase) -> None:
    gate = threading.Event()
    tries = 0

    def breaks(connection: object) -> None:
        nonlocal tries
        tries += 1
        connection.exec_driver_sql("ROLLBACK")  # type: ignore[attr-defined]  # what SQLite does by itself on a full disk
        raise OSError("disk full")

    database.write(lambda _connection: gate.wait())
    add = text("INSERT INTO queue_pauses VALUES ('A', '', 0)")
    good = database.write(lambda connection: connection.execute(add).rowcount)
    bad = database.write(breaks)
    gate.set()
    assert good.result() == 1
    assert isinstance(bad.exception(), OSError)
    assert tries == 2
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM queue_pauses")).scalar_one() == 1


def test_a_full_disk_undoes_what_did_not_fit_and_nothing_else(database: SqliteDatabase, queue: JobQueue) -> None:
    def limit(pages: int) -> None:
        database.write(
            lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()
        ).result()

    def add(kilobytes: int) -> Future[Job]:
        return queue.enqueue(NewJob("T", {"padding": "x" * 1024 * kilobytes}))

    kept = add(1).result()
    with database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    limit(pages + 20)
    gate = threading.Event()
    database.write(lambda _connection: gate.wait())
    futures = [add(1), add(500), add(1)]
    gate.set()
    first, second, third = (future.exception() for future in futures)
    assert (first, third) == (None, None)
    assert isinstance(second, DatabaseFull)
    assert "is full" in str(second)
    limit(1_000_000)
    last = add(500).result()
    assert integrity_problems(database.path) == []
    with database.read() as connection:
        stored = connection.execute(text("SELECT id FROM jobs ORDER BY 1")).scalars().all()
        counted = connection.execute(text("SELECT count FROM job_counts")).scalar_one()
    assert stored == [kept.id, futures[0].result().id, futures[2].result().id, last.id]
    assert counted == 4


def test_a_broken_rule_is_an_error_of_the_piece(database: SqliteDatabase) -> None:
    add = text("INSERT INTO queue_pauses VALUES ('A', '', 0)")
    database.write(lambda connection: connection.execute(add).rowcount).result()
    with pytest.raises(IntegrityError):
        database.write(lambda connection: connection.execute(add).rowcount).result()


def test_a_write_cancelled_while_it_waits_is_not_done(database: SqliteDatabase) -> None:
    gate = threading.Event()
    database.write(lambda _connection: gate.wait())
    add = text("INSERT INTO queue_pauses VALUES ('A', '', 0)")
    waiting = database.write(lambda connection: connection.execute(add).rowcount)
    assert waiting.cancel()
    gate.set()
    database.write(lambda _connection: None).result()
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM queue_pauses")).scalar_one() == 0


def test_version_and_listeners_hear_of_changes_only(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database, elsewhere = opened(path), opened(path)
    heard: SimpleQueue[str] = SimpleQueue()

    def fails() -> None:
        raise RuntimeError("a listener's mistake")

    database.on_commit(fails)
    unsubscribe = database.on_commit(lambda: heard.put("changed"))
    before = database.version()
    JobQueue(database, ManualClock()).claim("w", lease_s=1).result()
    assert (database.version(), heard.qsize()) == (before, 0)
    JobQueue(database, ManualClock()).enqueue(NewJob("T")).result()
    heard.get(timeout=PATIENCE_S)
    database.write(lambda _connection: None).result()
    own = database.version()
    assert own != before
    assert "a listener of the database failed" in caplog.text
    JobQueue(elsewhere, ManualClock()).enqueue(NewJob("T")).result()
    heard.get(timeout=PATIENCE_S)
    assert database.version() != own
    unsubscribe()
    JobQueue(database, ManualClock()).enqueue(NewJob("T")).result()
    database.close()
    elsewhere.close()
    assert heard.empty(), "once for each change"


def test_close_does_what_waits_and_refuses_the_rest(path: Path) -> None:
    database = opened(path)
    queue = JobQueue(database, ManualClock())
    gate = threading.Event()
    database.write(lambda _connection: gate.wait())
    waiting = [queue.enqueue(NewJob("T")) for _ in range(300)]
    gate.set()
    database.close()
    assert [future.result().id for future in waiting] == list(range(1, 301))
    with pytest.raises(DatabaseUnusable, match="already closed"):
        queue.enqueue(NewJob("T")).result()
    with pytest.raises(DatabaseUnusable, match="not open"), database.read():
        pass
    with pytest.raises(DatabaseUnusable, match="not open"):
        database.version()


async def test_a_cancel_is_raised_after_the_write_is_done(database: SqliteDatabase) -> None:
    gate, begun = threading.Event(), threading.Event()

    def work(connection: object) -> int:
        begun.set()
        gate.wait()
        return connection.execute(text("INSERT INTO queue_pauses VALUES ('A', '', 0)")).rowcount  # type: ignore[attr-defined,no-any-return]  # the test's connection

    writing = database.write(work)
    task = asyncio.create_task(await_commit(writing))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=0)
    assert not done, "the cancel waits for the commit"
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert writing.result() == 1


async def test_await_commit_hands_on_results_and_errors(database: SqliteDatabase) -> None:
    assert await await_commit(database.write(lambda _connection: 5)) == 5

    def fails(connection: object) -> None:
        raise LookupError("missing")

    with pytest.raises(LookupError, match="missing"):
        await await_commit(database.write(fails))


def test_errors_that_are_not_about_the_file_stay_what_they_are() -> None:
    assert store_error(ValueError("x"), Path("x"), 1) is None
    assert store_error(sqlite3.OperationalError("no such table"), Path("x"), 1) is None
