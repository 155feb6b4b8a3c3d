"""The watcher of changes: told once for each, also where the database cannot be read for a while; ended with its database."""

from __future__ import annotations

import sqlite3
import threading
import time
from queue import SimpleQueue
from typing import cast

import pytest

from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import change_watcher
from devtrail_tui.store.sqlite.change_watcher import ChangeWatcher
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.doubles.clock import ManualClock

PATIENCE_S = 20.0


class Connection:
    """Stands in for the watcher's connection and its cursor; `version` is None where the database cannot be read."""

    def __init__(self) -> None:
        self.version: int | None = 1

    def cursor(self) -> Connection:
        return self

    @property
    def connection(self) -> Connection:
        return self

    def execute(self, _statement: str) -> Connection:
        if self.version is None:
            raise sqlite3.OperationalError("disk I/O error")
        return self

    def fetchone(self) -> tuple[int | None]:
        return (self.version,)

    def close(self) -> None:
        self.version = None


def watching(connection: Connection) -> ChangeWatcher:
    """A watcher of a file whose time tells it nothing."""
    watcher = ChangeWatcher("/nowhere/devtrail.db-wal")
    watcher.open(cast(sqlite3.Connection, connection))
    return watcher


def watchers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "devtrail-change-watcher"]


def test_trouble_is_told_once_and_its_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = threading.Event()
    monkeypatch.setattr(time, "sleep", lambda _seconds: asleep.wait(PATIENCE_S))
    connection, told = Connection(), SimpleQueue[None]()
    watcher = watching(connection)
    watcher.subscribe(lambda: told.put(None))
    assert watcher.look()
    assert told.qsize() == 0
    connection.version = None
    assert [watcher.look(), watcher.look()] == [False, False]
    assert told.qsize() == 1
    connection.version = 1
    assert watcher.look()
    assert told.qsize() == 2
    watcher.close()
    asleep.set()


def test_the_thread_outlives_trouble_and_rests_longer_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: SimpleQueue[float] = SimpleQueue()
    monkeypatch.setattr(time, "sleep", pauses.put)
    connection, told = Connection(), SimpleQueue[None]()
    watcher = watching(connection)
    watcher.subscribe(lambda: told.put(None))
    connection.version = None
    told.get(timeout=PATIENCE_S)
    while pauses.get(timeout=PATIENCE_S) != change_watcher.RETRY_S:
        continue
    connection.version = 2
    told.get(timeout=PATIENCE_S)
    watcher.close()
    assert told.empty()


def test_it_begins_with_the_first_subscriber_and_ends_with_the_database(database: SqliteDatabase) -> None:
    before = len(watchers())
    JobQueue(database, ManualClock()).enqueue(NewJob("T")).result()
    assert len(watchers()) == before
    for _ in range(2):
        database.on_commit(lambda: None)
        assert len(watchers()) == before + 1
    database.close()
    assert len(watchers()) == before
