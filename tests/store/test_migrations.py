"""The schema: one truth in two places, brought up to date once, with a backup, and never down."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from devtrail_tui.core.errors import DatabaseUnusable
from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite import schema_version
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.schema_version import REVISIONS
from devtrail_tui.store.tables import metadata
from tests.doubles.clock import ManualClock

NEXT = f"{int(REVISIONS[-1]) + 1:04}"
"""A revision that a later version might bring."""


def new_database(path: Path) -> Path:
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    database.open()
    JobQueue(database, ManualClock()).enqueue(NewJob("T")).result()
    database.close()
    return path


def schema_of(driver: sqlite3.Connection) -> dict[str, object]:
    """Everything SQLite knows of each table: columns, keys, options, indexes with their expressions."""
    found: dict[str, object] = {}
    rows = driver.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'alembic%'")
    for kind, name, table, sql in rows.fetchall():
        if table == "alembic_version" or name == "sqlite_sequence":
            continue
        if kind == "table":
            found[name] = (
                driver.execute(f"PRAGMA table_xinfo({name})").fetchall(),
                driver.execute(f"PRAGMA foreign_key_list({name})").fetchall(),
                "AUTOINCREMENT" in sql,
                "WITHOUT ROWID" in sql,
            )
        else:
            found[name] = (
                table,
                driver.execute(f"PRAGMA index_xinfo({name})").fetchall(),
                " ".join((sql or "").split()),
            )
    return found


def test_the_migrations_and_the_tables_agree(tmp_path: Path) -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        metadata.create_all(connection)
        declared = schema_of(connection.connection.driver_connection)  # type: ignore[arg-type]  # it is sqlite3's
    engine.dispose()
    with closing(sqlite3.connect(new_database(tmp_path / "devtrail.db"))) as migrated:
        assert schema_of(migrated) == declared


def test_every_table_of_the_design_is_there() -> None:
    assert set(metadata.tables) == {
        "jobs", "job_attempts", "job_dependencies", "job_logs", "job_counts", "schedules", "queue_pauses", "workers",
        "evidence_entries", "evidence_criteria", "criteria", "verdicts", "analyses", "reports", "sync_cursors", "secrets",
        "job_events", "service_limits", "rubrics",
    }  # fmt: skip


def test_the_known_revisions_are_those_that_ship() -> None:
    config = Config()
    config.set_main_option("script_location", "devtrail_tui.store:migrations")
    config.set_main_option("path_separator", "os")
    shipped = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(shipped)) == schema_version.REVISIONS
    assert files("devtrail_tui.store").joinpath("migrations/script.py.mako").is_file()


def test_the_schema_compiles_for_postgresql() -> None:
    from sqlalchemy.dialects import postgresql

    for table in metadata.sorted_tables:
        str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # dialects are untyped
        for index in table.indexes:
            str(CreateIndex(index).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # as above


@pytest.mark.parametrize("revision", ["0099", "3f2a", ""])
def test_a_newer_database_is_refused_by_name_and_left_alone(tmp_path: Path, revision: str) -> None:
    path = new_database(tmp_path / "devtrail.db")
    with closing(sqlite3.connect(path)) as driver:
        driver.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        driver.commit()
        before = schema_of(driver)
    with pytest.raises(DatabaseUnusable, match=rf"newer version of DevTrail \(schema {revision}.*update DevTrail"):
        new_database(path)
    with closing(sqlite3.connect(path)) as driver:
        assert schema_of(driver) == before


def test_an_older_database_is_backed_up_then_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_database(tmp_path / "devtrail.db")

    def migrate(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN mood TEXT")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (NEXT,))

    monkeypatch.setattr(schema_version, "REVISIONS", (*REVISIONS, NEXT))
    monkeypatch.setattr(schema_version, "HEAD", NEXT)
    monkeypatch.setattr(schema_version, "_migrate", migrate)
    before = os.umask(0)
    try:
        database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
        database.open()
        database.close()
    finally:
        os.umask(before)
    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.name == "devtrail-20260302T093000Z-migration.db"
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as driver:
        assert driver.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
        assert driver.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISIONS[-1],)
    with closing(sqlite3.connect(path)) as driver:
        assert driver.execute("SELECT mood FROM jobs").fetchall() == [(None,)]


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_database(tmp_path / "devtrail.db")

    def migrate(connection: Connection) -> None:
        connection.exec_driver_sql("DROP TABLE jobs")
        raise OSError("the machine is going down")

    monkeypatch.setattr(schema_version, "REVISIONS", (*REVISIONS, NEXT))
    monkeypatch.setattr(schema_version, "HEAD", NEXT)
    monkeypatch.setattr(schema_version, "_migrate", migrate)
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    with pytest.raises(OSError, match="going down"):
        database.open()
    monkeypatch.undo()
    database.open()
    database.close()
    with closing(sqlite3.connect(path)) as driver:
        assert driver.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


def test_without_a_backup_nothing_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_database(tmp_path / "devtrail.db")
    (tmp_path / "backups").touch()
    monkeypatch.setattr(schema_version, "REVISIONS", (*REVISIONS, NEXT))
    monkeypatch.setattr(schema_version, "HEAD", NEXT)
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    with pytest.raises(DatabaseUnusable, match="must be backed up before"):
        database.open()


@pytest.mark.usefixtures("processes")
def test_a_database_that_is_up_to_date_imports_no_alembic(tmp_path: Path) -> None:
    path = new_database(tmp_path / "devtrail.db")
    code = (
        "import sys\n"
        "from devtrail_tui.store.sqlite.engine import SqliteDatabase\n"
        f"database = SqliteDatabase('sqlite:///{path}')\n"
        "database.open(); database.close()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('alembic', 'mako', 'textual', 'httpx')])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"
