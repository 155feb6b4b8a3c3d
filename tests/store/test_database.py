"""Opening a database, its two dependencies, and every sentence for one that cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from devtrail_tui.core.errors import DatabaseUnusable
from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import sqlite_file
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from tests.doubles.clock import ManualClock
from tests.store.conftest import opened


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


def test_a_database_must_be_opened_first(path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnusable, match="not open"):
        database.write(lambda _connection: None)
    assert not path.exists()


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
