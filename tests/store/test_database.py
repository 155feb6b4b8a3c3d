"""Opening a database, its two dependencies, and every sentence for one that cannot be used."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull, DatabaseUnusable
from devtrail_tui.core.job import Job, NewJob
from devtrail_tui.store.database import await_commit
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import sqlite_file
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.sqlite_errors import store_error
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from devtrail_tui.store.sqlite.writer import Writer
from tests.doubles.clock import ManualClock

PATIENCE_S = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "devtrail.db"


def opened(path: Path, *, busy_timeout_s: float = 15) -> SqliteDatabase:
    database = SqliteDatabase(
        f"sqlite:///{path}", clock=ManualClock(), busy_timeout_s=busy_timeout_s, synchronous="NORMAL"
    )
    database.open()
    return database


@pytest.fixture
def locked(path: Path) -> Iterator[tuple[SqliteDatabase, sqlite3.Connection]]:
    """A database whose write lock another program holds."""
    database = opened(path, busy_timeout_s=0.05)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield database, other
        database.close()


def test_a_new_database_is_private(path: Path) -> None:
    before = os.umask(0)
    try:
        database = opened(path)
        JobQueue(database, ManualClock()).enqueue(NewJob("T")).result()
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == {"devtrail.db": 0o600, "devtrail.db-wal": 0o600, "devtrail.db-shm": 0o600}


def test_opening_again_finds_what_was_stored(path: Path) -> None:
    first = opened(path)
    first.open()
    JobQueue(first, ManualClock()).enqueue(NewJob("T")).result()
    first.close()
    first.close()
    second = opened(path)
    with second.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs")).scalar_one() == 1
    second.close()


def test_the_recipe_is_in_force(path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{path}", busy_timeout_s=3)
    database.open()

    def pragma(name: str) -> object:
        return database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar()).result()

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2
    assert pragma("busy_timeout") == 3000
    assert pragma("foreign_keys") == 1
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1
    database.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:hunter2@db/devtrail", "SQLite only, not postgresql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("devtrail.db", "not a database URL"),
        ("", "not a database URL"),
    ],
)
def test_an_address_that_cannot_be_used(url: str, says: str) -> None:
    with pytest.raises(DatabaseUnusable, match=says) as refused:
        SqliteDatabase(url)
    assert "hunter2" not in str(refused.value)


def test_a_text_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my diary, not a database")
    with pytest.raises(DatabaseUnusable, match="is not a SQLite database; move it away"):
        opened(path)
    assert path.read_text() == "my diary, not a database"


def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title)")
    with pytest.raises(DatabaseUnusable, match="belongs to another program"):
        opened(path)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]


def test_a_folder_in_the_way(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DatabaseUnusable, match="is not a file"):
        opened(path)


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnusable, match=r"cannot be created .* name another path"):
        opened(tmp_path / "file" / "devtrail.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file(path: Path) -> None:
    opened(path).close()
    path.chmod(0o400)
    with pytest.raises(DatabaseUnusable, match="cannot be written; check your write permission"):
        opened(path)


def test_a_file_we_may_not_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(path).close()
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    with pytest.raises(DatabaseUnusable, match="cannot be written; check your write permission"):
        opened(path)


def test_a_write_that_sqlite_refuses_as_read_only(path: Path) -> None:
    database = opened(path)
    with pytest.raises(DatabaseUnusable, match="cannot be written"), database.read() as connection:
        connection.execute(text("DELETE FROM jobs"))
    database.close()


@pytest.mark.parametrize("whole", [True, False])
def test_a_damaged_file(path: Path, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a parameter of the test
    database = opened(path)
    queue = JobQueue(database, ManualClock())
    for future in [queue.enqueue(NewJob("T", {"padding": "x" * 3000})) for _ in range(40)]:
        future.result()
    database.close()
    data = bytearray(path.read_bytes())
    torn = slice(4096 * 20, 4096 * 28) if whole else slice(100, 4096)
    data[torn] = b"\xa5" * (torn.stop - torn.start)
    path.write_bytes(data)
    if not whole:
        monkeypatch.setattr(sqlite_file, "FULL_CHECK_BYTES", 0)
    with pytest.raises(DatabaseUnusable, match="is damaged"):
        opened(path)


def test_the_full_check_finds_what_the_quick_one_skips(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = opened(path)
    queue = JobQueue(database, ManualClock())
    for future in [queue.enqueue(NewJob("T", {"padding": "x" * 3000})) for _ in range(40)]:
        future.result()
    assert integrity_problems(database.path) == []
    database.close()
    data = bytearray(path.read_bytes())
    data[4096 * 50 : 4096 * 58] = b"\xa5" * 4096 * 8
    path.write_bytes(data)
    monkeypatch.setattr(sqlite_file, "FULL_CHECK_BYTES", 0)
    database = opened(path)
    assert integrity_problems(database.path) != []
    database.close()


def test_an_old_sqlite_is_named() -> None:
    with pytest.raises(DatabaseUnusable, match=r"SQLite 3\.31\.1, but 3\.35 is needed"):
        sqlite_file.check_library((3, 31, 1))


def test_where_wal_does_not_work(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class OnNetworkDrive(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
            return super().execute("PRAGMA journal_mode=DELETE" if "journal_mode" in sql else sql, parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=OnNetworkDrive))
    with pytest.raises(DatabaseUnusable, match="a network drive"):
        opened(path)


def test_a_lock_held_too_long(locked: tuple[SqliteDatabase, sqlite3.Connection]) -> None:
    database, other = locked
    queue = JobQueue(database, ManualClock())
    for _ in range(2):
        with pytest.raises(DatabaseBusy, match=r"kept .* locked for 0\.05 s; close it or wait"):
            queue.enqueue(NewJob("T")).result()
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs")).scalar_one() == 0
    other.execute("ROLLBACK")
    assert queue.enqueue(NewJob("T")).result().id == 1


def test_those_who_wait_for_one_lock_wait_together(
    locked: tuple[SqliteDatabase, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = locked
    alone: list[object] = []
    one_by_one = Writer._alone

    def counted(writer: Writer, connection: Connection, piece: Any) -> None:
        alone.append(piece)
        one_by_one(writer, connection, piece)

    monkeypatch.setattr(Writer, "_alone", counted)
    futures = [database.write(lambda _connection: None) for _ in range(20)]
    assert all(isinstance(future.exception(), DatabaseBusy) for future in futures)
    assert len(alone) <= 1, "only the first may have found nobody to wait with"


def test_a_deleted_or_replaced_file_is_noticed(path: Path) -> None:
    database = opened(path)
    queue = JobQueue(database, ManualClock())
    queue.enqueue(NewJob("T")).result()
    database.check_alive()
    moved = path.rename(path.with_name("moved.db"))
    with pytest.raises(DatabaseUnusable, match="deleted or replaced"):
        database.check_alive()
    with pytest.raises(DatabaseUnusable, match="deleted or replaced"):
        queue.enqueue(NewJob("T")).result()
    assert not path.exists()
    shutil.copy(moved, path)
    with pytest.raises(DatabaseUnusable, match="deleted or replaced"):
        database.check_alive()
    database.close()


@pytest.mark.parametrize("step", ["access", "stat", "check"])
def test_a_file_that_goes_in_the_middle_of_a_look_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever is seen of a file that is gone (no permission, an error of the disk), that it is gone is what to say."""
    database = opened(path)
    owner, name = {"access": (os, "access"), "stat": (Path, "stat"), "check": (sqlite_file, "integrity_problems")}[step]
    real = getattr(owner, name)

    def gone_just_before(*arguments: Any, **named: Any) -> Any:
        if arguments[0] == path:
            monkeypatch.undo()
            path.parent.rename(path.parent.with_name("elsewhere"))
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, gone_just_before)
    with pytest.raises(DatabaseUnusable, match="was deleted or replaced while it was open"):
        database.check_health()
    assert not path.exists()
    database.close()


def test_an_error_of_the_disk_is_not_taken_for_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = opened(path)

    def fails(*_arguments: Any, **_named: Any) -> list[str]:
        raise DatabaseFull("the disk reported an error")

    monkeypatch.setattr(sqlite_file, "integrity_problems", fails)
    with pytest.raises(DatabaseFull, match="reported an error"):
        database.check_health()
    monkeypatch.undo()
    database.check_health()
    database.close()


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


def test_a_database_must_be_opened_first(path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnusable, match="not open"):
        database.write(lambda _connection: None)
    assert not path.exists()


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


@pytest.mark.usefixtures("processes")
def test_opening_it_once_more_here_does_not_let_go_of_it(path: Path) -> None:
    """POSIX drops all of a process's locks on a file when it closes any descriptor of it. Unlocked, the database would lose its
    journal to the next program that closes it, and what is written here afterwards with it."""
    first, second = opened(path), opened(path)
    second.close()
    first.write(lambda connection: connection.execute(text("CREATE TABLE kept (number INTEGER)"))).result()
    program = (
        f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT * FROM kept').fetchall(); c.close()"  # noqa: S608 - the test's own path
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert path.with_name(f"{path.name}-wal").exists()
    first.write(lambda connection: connection.execute(text("INSERT INTO kept VALUES (7)"))).result()
    first.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
