"""A database that is locked, or goes or breaks while it is open."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull, DatabaseUnusable
from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import sqlite_file
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.writer import Writer
from tests.doubles.clock import ManualClock
from tests.store.conftest import opened


@pytest.fixture
def locked(path: Path) -> Iterator[tuple[SqliteDatabase, sqlite3.Connection]]:
    """A database whose write lock another program holds."""
    database = opened(path, busy_timeout_s=0.05)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield database, other
        database.close()


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
