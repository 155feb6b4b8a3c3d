"""A restore: the backup is verified, the change is one step, and what stood there is kept."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from devtrail_tui.core.errors import DatabaseUnusable, NotFound, NotPossible
from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import restore as restore_module
from devtrail_tui.store.sqlite.backup import FOLDER, Reason, back_up
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.restore import is_open_elsewhere, restore, verified
from devtrail_tui.store.sqlite.schema_version import HEAD
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from tests.doubles.clock import START, ManualClock


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def with_jobs(path: Path, number: int) -> Path:
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    database.open()
    queue = JobQueue(database, ManualClock())
    for _ in range(number):
        queue.enqueue(NewJob("T", {"padding": "x" * 3000})).result()
    database.close()
    return path


def jobs_in(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        count: int = connection.execute("SELECT count(*) FROM jobs").fetchone()[0]
    return count


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return with_jobs(folder / "devtrail.db", 3)


@pytest.fixture
def saved(path: Path) -> Path:
    """A backup of three jobs; there are five by now."""
    made = back_up(path, Reason.ASKED, START)
    with_jobs(path, 2)
    return made.path


@contextmanager
def open_in_another_process(path: Path) -> Iterator[None]:
    code = (
        "import sys; from devtrail_tui.store.sqlite.engine import SqliteDatabase;"
        f" database = SqliteDatabase('sqlite:///{path}'); database.open(); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        yield
        other.communicate("")


def test_a_restore_brings_back_and_keeps(path: Path, saved: Path) -> None:
    done = restore(path, saved, START)
    assert (done.contents.rows["jobs"], jobs_in(path)) == (3, 3)
    assert done.kept == path.parent / FOLDER / "devtrail-20260302T093000Z-restore.db"
    assert jobs_in(done.kept) == 5
    assert saved.exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names_in(path.parent) == [FOLDER, "devtrail.db"]
    restore(path, done.kept, START)
    assert jobs_in(path) == 5


def test_a_restore_where_nothing_is_left(path: Path, saved: Path) -> None:
    path.unlink()
    done = restore(path, saved, START)
    assert (done.kept, jobs_in(path)) == (None, 3)


def test_a_damaged_database_is_kept_to_its_last_byte(path: Path, saved: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xa5" * 3996
    path.write_bytes(data)
    done = restore(path, saved, START)
    assert done.kept is not None
    assert done.kept.name.endswith("-damaged.db")
    assert done.kept.read_bytes() == bytes(data)
    assert stat.S_IMODE(done.kept.stat().st_mode) == 0o600
    assert jobs_in(path) == 3


@pytest.mark.usefixtures("processes")
def test_the_journal_of_the_old_database_does_not_get_into_the_new_one(path: Path, saved: Path) -> None:
    """A worker that was killed leaves a -wal whose pages SQLite would read into whatever file stands beside it."""
    code = (
        "import os; from devtrail_tui.core.job import NewJob; from devtrail_tui.core.clock import SystemClock;"
        "from devtrail_tui.store.sqlite.engine import SqliteDatabase; from devtrail_tui.store.queue import JobQueue;"
        f"database = SqliteDatabase('sqlite:///{path}'); database.open();"
        "[JobQueue(database, SystemClock()).enqueue(NewJob('T')).result() for _ in range(9)]; os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert path.with_name("devtrail.db-wal").stat().st_size > 0
    done = restore(path, saved, START)
    assert jobs_in(done.kept or path) == 14
    again = SqliteDatabase(f"sqlite:///{path}", synchronous="NORMAL")
    again.open()
    with again.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 3
    assert integrity_problems(again.path) == []
    again.close()


def test_a_backup_that_is_no_good_is_refused_and_nothing_changes(path: Path, saved: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    torn = Path(shutil.copy(saved, tmp_path / "torn.db"))
    data = bytearray(torn.read_bytes())
    data[4096 * 20 : 4096 * 24] = b"\xa5" * 4096 * 4
    torn.write_bytes(data)
    text = tmp_path / "diary.db"
    text.write_text("my diary, not a database")
    newer = Path(shutil.copy(saved, tmp_path / "newer.db"))
    strange = tmp_path / "songs.db"
    with closing(sqlite3.connect(newer)) as one, closing(sqlite3.connect(strange)) as two:
        one.execute("UPDATE alembic_version SET version_num = '0099'")
        one.commit()
        two.execute("CREATE TABLE songs (title)")
    live = Path(shutil.copy(saved, tmp_path / "live.db"))
    (tmp_path / "live.db-wal").write_bytes(b"x")
    for bad, error, says in (
        (torn, DatabaseUnusable, "is damaged"),
        (text, DatabaseUnusable, "is not a SQLite database"),
        (newer, DatabaseUnusable, "has schema 0099, this version knows up to"),
        (strange, DatabaseUnusable, "is not a DevTrail database"),
        (live, NotPossible, "is in use"),
        (tmp_path / "missing.db", NotFound, "There is no database"),
        (path, NotPossible, "is the database itself"),
    ):
        with pytest.raises(error, match=says):
            restore(path, bad, START)
    assert path.read_bytes() == before
    assert names_in(path.parent / FOLDER) == [saved.name]


@pytest.mark.usefixtures("processes")
def test_a_database_that_is_open_elsewhere_is_left_alone_unless_told(path: Path, saved: Path) -> None:
    assert not is_open_elsewhere(path)
    with open_in_another_process(path):
        assert is_open_elsewhere(path)
        with pytest.raises(NotPossible, match="is open in another DevTrail"):
            restore(path, saved, START)
        assert jobs_in(path) == 5
        restore(path, saved, START, although_open=True)
    assert not is_open_elsewhere(path)
    again = SqliteDatabase(f"sqlite:///{path}", synchronous="NORMAL")
    again.open()
    with again.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 3
    again.close()


def test_who_has_it_open_notices_that_it_was_replaced(path: Path, saved: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    database.open()
    restore(path, saved, START, although_open=True)
    with pytest.raises(DatabaseUnusable, match="deleted or replaced"):
        JobQueue(database, ManualClock()).enqueue(NewJob("T")).result()
    database.close()
    assert jobs_in(path) == 3


def test_a_restore_that_fails_leaves_the_database(path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restore_module, "move_into_place", fails)
    with pytest.raises(DatabaseUnusable, match="No space left on device"):
        restore(path, saved, START)
    assert jobs_in(path) == 5
    assert names_in(path.parent) == [FOLDER, "devtrail.db"]


def test_a_verified_backup_says_what_is_in_it(saved: Path) -> None:
    found = verified(saved)
    assert found.revision == HEAD
    assert found.sentence == "3 jobs, 0 evidence entries, 0 verdicts, 0 analyses"


def test_a_database_that_is_gone_is_not_made_anew_while_there_are_backups(path: Path, saved: Path) -> None:
    path.unlink()
    database = SqliteDatabase(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnusable, match=f"is missing, but has backups; .* db restore {saved.name}"):
        database.open()
    assert not path.exists()
    restore(path, saved, START)
    database.open()
    database.close()
