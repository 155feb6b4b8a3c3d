"""Backups: whole, private, named by when and why, made once a week by whoever comes first, and few."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from devtrail_tui.core.errors import DatabaseUnusable, NotFound, StoreError
from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import backup as backup_module
from devtrail_tui.store.sqlite.backup import FOLDER, Reason, back_up, backups, prune, weekly_backup
from devtrail_tui.store.sqlite.database_check import contents, problems
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.doubles.clock import START, ManualClock


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_backup_is_whole_private_and_named(database: SqliteDatabase, queue: JobQueue) -> None:
    for _ in range(3):
        queue.enqueue(NewJob("T")).result()
    before = os.umask(0)
    try:
        made = back_up(database.path, Reason.ASKED, START)
        again = back_up(database.path, Reason.ASKED, START)
    finally:
        os.umask(before)
    assert made.path == database.path.parent / FOLDER / "devtrail-20260302T093000Z-asked.db"
    assert again.path.name == "devtrail-20260302T093000Z-2-asked.db"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert contents(made.path, at_rest=True).rows["jobs"] == 3
    assert problems(made.path, at_rest=True) == []
    assert [each.path for each in backups(database.path)] == [again.path, made.path]
    assert names_in(made.path.parent) == sorted([made.path.name, again.path.name]), "nothing half is left"


def test_a_backup_holds_what_was_committed_while_others_write(database: SqliteDatabase, queue: JobQueue) -> None:
    """Pages that lie only in the -wal are in it, and a transaction that is under way is not."""
    queue.enqueue(NewJob("T")).result()
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO queue_pauses VALUES ('half', '', 0)")
        made = back_up(database.path, Reason.ASKED, START)
        other.execute("ROLLBACK")
    with closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM queue_pauses)").fetchone() == (
            1,
            0,
        )


def test_where_no_backup_can_be_made(database: SqliteDatabase, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no database"):
        back_up(tmp_path / "other.db", Reason.ASKED, START)
    there = tmp_path / "there.db"
    there.write_text("precious")
    with pytest.raises(DatabaseUnusable, match="already exists"):
        back_up(database.path, Reason.ASKED, START, there)
    assert there.read_text() == "precious"
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        back_up(database.path, Reason.ASKED, START, tmp_path / "missing" / "b.db")
    (database.path.parent / FOLDER).touch()
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        back_up(database.path, Reason.ASKED, START)


def test_a_backup_that_is_interrupted_leaves_nothing(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(backup_module, "move_into_place", fails)
    with pytest.raises(DatabaseUnusable, match="Input/output error"):
        back_up(database.path, Reason.ASKED, START)
    assert names_in(database.path.parent / FOLDER) == []


def test_what_a_killed_program_left_half_is_removed(database: SqliteDatabase) -> None:
    folder = database.path.parent / FOLDER
    folder.mkdir()
    dead = folder / f".devtrail-20260101T000000Z-asked.db.{2**22 + 1}.unfinished"  # above the largest process id
    alive = folder / ".devtrail-20260101T000000Z-asked.db.1.unfinished"
    dead.touch()
    alive.touch()
    back_up(database.path, Reason.ASKED, START)
    assert (dead.exists(), alive.exists()) == (False, True)


def test_only_our_own_backups_are_listed_and_pruned(database: SqliteDatabase) -> None:
    folder = database.path.parent / FOLDER
    for days in range(4):
        back_up(database.path, Reason.WEEKLY, START + timedelta(days=days))
    kept = back_up(database.path, Reason.ASKED, START - timedelta(days=400))
    strangers = [folder / name for name in ("devtrail-x-weekly.db", "other-20260302T093000Z-weekly.db", "notes.txt")]
    for each in strangers:
        each.touch()
    prune(database.path, Reason.WEEKLY, 2, START + timedelta(days=4))
    listed = backups(database.path)
    assert [each.made_at.day for each in listed[:2]] == [5, 4]
    assert [each.path for each in listed[2:]] == [kept.path]
    assert all(each.exists() for each in strangers)


def test_a_weekly_backup_comes_once_a_week_and_five_are_kept(
    database: SqliteDatabase, queue: JobQueue, clock: ManualClock
) -> None:
    assert weekly_backup(database.path, clock.now()) is None, "there is nothing to lose"
    queue.enqueue(NewJob("T")).result()
    clock.advance(7 * 86400 - 60)
    assert weekly_backup(database.path, clock.now()) is None
    clock.advance(120)
    for week in range(8):
        assert weekly_backup(database.path, clock.now()) is not None, week
        assert weekly_backup(database.path, clock.now()) is None
        clock.advance(7 * 86400)
    listed = backups(database.path)
    assert [each.reason for each in listed] == [Reason.WEEKLY] * 5
    assert listed[0].made_at == clock.now() - timedelta(days=7)


def test_a_backup_by_hand_puts_the_weekly_one_off(
    database: SqliteDatabase, queue: JobQueue, clock: ManualClock
) -> None:
    queue.enqueue(NewJob("T")).result()
    clock.advance(30 * 86400)
    back_up(database.path, Reason.ASKED, clock.now() - timedelta(days=3))
    assert weekly_backup(database.path, clock.now()) is None


def test_of_many_that_start_at_once_one_makes_it(database: SqliteDatabase, queue: JobQueue, clock: ManualClock) -> None:
    queue.enqueue(NewJob("T")).result()
    clock.advance(30 * 86400)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: weekly_backup(database.path, clock.now()), range(8)))
    assert sum(each is not None for each in made) == 1
    assert len(backups(database.path)) == 1


def test_a_weekly_backup_that_was_killed_does_not_end_them_all(
    database: SqliteDatabase, queue: JobQueue, clock: ManualClock
) -> None:
    queue.enqueue(NewJob("T")).result()
    clock.advance(30 * 86400)
    lock = database.path.parent / FOLDER / ".devtrail-weekly.unfinished"
    lock.parent.mkdir()
    lock.touch()
    assert weekly_backup(database.path, clock.now()) is None, "another program may be at it"
    os.utime(lock, (1, 1))
    assert weekly_backup(database.path, clock.now()) is not None
    assert not lock.exists()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE job_counts SET count = 7", "2 job counters are wrong"),
        ("DELETE FROM job_logs", "the log of 1 jobs has gaps"),
        ("UPDATE jobs SET worker_id = 'w'", "1 jobs that are not running have an owner"),
        ("UPDATE jobs SET status = 'RUNNING'", "2 job counters are wrong"),
        ("INSERT INTO job_attempts VALUES (1, 9, 1, 'w', 0, NULL, NULL, NULL)", "1 attempts have no end"),
        ("INSERT INTO sync_cursors VALUES (99, '', '{}', 0)", "1 rows of sync_cursors refer to missing rows of jobs"),
    ],
)
def test_the_check_names_what_is_wrong(database: SqliteDatabase, queue: JobQueue, damage: str, says: str) -> None:
    job = queue.enqueue(NewJob("T")).result()
    queue.cancel(job.id).result()
    assert problems(database.path) == []
    with closing(sqlite3.connect(database.path)) as other:
        other.execute(damage)
        other.commit()
    assert any(says in each for each in problems(database.path)), problems(database.path)


def test_the_check_names_torn_pages(database: SqliteDatabase, queue: JobQueue, tmp_path: Path) -> None:
    for _ in range(40):
        queue.enqueue(NewJob("T", {"padding": "x" * 3000})).result()
    torn = Path(shutil.copy(back_up(database.path, Reason.ASKED, START).path, tmp_path / "torn.db"))
    data = bytearray(torn.read_bytes())
    data[4096 * 20 : 4096 * 28] = b"\xa5" * 4096 * 8
    torn.write_bytes(data)
    assert problems(torn, at_rest=True)
    torn.write_text("no database at all")
    with pytest.raises(DatabaseUnusable, match="is not a SQLite database"):
        problems(torn, at_rest=True)


def test_an_aborted_backup_leaves_nothing(
    database: SqliteDatabase, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_STEPS", 1)
    with pytest.raises(StoreError):
        back_up(database.path, Reason.WEEKLY, clock.now(), aborted=lambda: True)
    assert not list((database.path.parent / FOLDER).iterdir())


def test_a_clock_that_was_ahead_once_stops_no_backup_and_removes_none(
    database: SqliteDatabase, queue: JobQueue, clock: ManualClock
) -> None:
    queue.enqueue(NewJob("T")).result()
    ahead = clock.now() + timedelta(days=400)
    back_up(database.path, Reason.WEEKLY, ahead)
    for _ in range(7):
        clock.advance(8 * 86400)
        assert weekly_backup(database.path, clock.now()) is not None
    listed = backups(database.path)
    assert len(listed) == 5
    assert all(each.made_at < ahead for each in listed)


def test_a_database_from_the_future_is_backed_up(database: SqliteDatabase, queue: JobQueue, clock: ManualClock) -> None:
    queue.enqueue(NewJob("T")).result()
    clock.advance(-100 * 86400)
    assert weekly_backup(database.path, clock.now()) is not None
    assert weekly_backup(database.path, clock.now()) is None
