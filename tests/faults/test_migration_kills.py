"""Promise 15: a migration that is killed leaves the old database or the new one, never something between; a backup comes first;
programs that start at once migrate once."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from devtrail_tui.core.errors import DatabaseUnusable
from devtrail_tui.store.sqlite import schema_version
from devtrail_tui.store.sqlite.backup import FOLDER, Reason, backups
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.faults.worker_processes import PATIENCE_S
from tests.house.program import CHECKOUT

MANY = 10
"""From so many kills on, one at least must have met the migration."""
_FILL = (
    (
        "INSERT INTO jobs (type, title, search_text, repositories, status, priority, progress, config, attempt, max_attempts,"
        " claim_no, crashes, last_seq, run_at, spent_usd, created_at, updated_at, completed_at)"
        " SELECT 'T', 'job ' || i, '', '', 'COMPLETED', 0, 100.0, '{}', 1, 5, 1, 0, 1, i, 0.0, i, i, i FROM n"
    ),
    "INSERT INTO job_logs (job_id, seq, attempt, timestamp, level, message) SELECT i, 1, 1, i, 'info', 'line ' || i FROM n",
    (
        "INSERT INTO evidence_entries (type, title, description, search_text, content, login, host, node_id, occurred_at,"
        " {figures} components, roles, analysis_state, analysis_note, created_at, updated_at)"
        " SELECT 'PR', 'pull ' || i, 'what was done ' || i, '', '{{}}', 'ada', 'github.com', 'PR_' || i, i, {ones} '[]', '[]',"
        " 'NOT_ANALYSED', '', i, i FROM n"
    ),
    "INSERT INTO reports (title, format, config, content, created_at) SELECT 'report ' || i, 'md', '{}', '', i FROM n",
)


@pytest.fixture(params=schema_version.REVISIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty database of every earlier schema."""
    folder = tmp_path / "old"
    folder.mkdir(mode=0o700)
    path = folder / "devtrail.db"
    with pytest.MonkeyPatch.context() as patch:
        known = schema_version.REVISIONS[: schema_version.REVISIONS.index(request.param) + 1]
        patch.setattr(schema_version, "REVISIONS", known)
        patch.setattr(schema_version, "HEAD", request.param)
        database = SqliteDatabase(f"sqlite:///{path}", synchronous="NORMAL")
        database.open()
        database.close()
    return path


def fill(path: Path, rows: int) -> None:
    """So many rows in each of the tables that the next revision touches, and in one that refers to them."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "  # noqa: S608 - a number
    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(evidence_entries)")]
        figures = [name for name in ("additions", "deletions", "changed_files") if name in columns]
        for each in _FILL:
            statement = each
            if "{figures}" in each:  # until revision 0003 they were columns of their own, and may not be empty
                names, ones = "".join(f"{name}, " for name in figures), "1, " * len(figures)
                statement = each.format(figures=names, ones=ones)
            into, select = statement.split(" SELECT ", 1)
            connection.execute(f"{into} {numbers} SELECT {select}")
        connection.commit()


def state(path: Path) -> tuple[str, tuple[object, ...]]:
    """The revision, and everything a half migration would have changed."""
    with closing(sqlite3.connect(path)) as connection:

        def one(statement: str) -> object:
            return connection.execute(statement).fetchone()[0]

        assert one("PRAGMA integrity_check") == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        schema = tuple(connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall())
        tables = [name for kind, name, _ in schema if kind == "table" and not name.startswith("sqlite_")]
        counts = tuple((name, one(f"SELECT count(*) FROM {name}")) for name in sorted(tables))  # noqa: S608 - our own
        filled = one("SELECT count(words) FROM evidence_entries") if "moved_reports" in tables else None
        return str(one("SELECT version_num FROM alembic_version")), (schema, counts, filled)


class Program:
    """The next version, started on a database."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.next_schema", f"sqlite:///{path}"],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def said(self) -> Iterator[str]:
        """Its lines as they come."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line.strip()

    def wait(self) -> int:
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def migrate(path: Path) -> float:
    """Let the next version open it; the seconds between its two lines."""
    program = Program(path)
    lines = program.said()
    assert next(lines) == "migrating"
    began = time.monotonic()
    assert next(lines) == "open"
    took = time.monotonic() - began
    assert program.wait() == 0
    return took


counts = pytest.mark.parametrize(("rows", "kills"), [(1_000, 2), pytest.param(100_000, 20, marks=pytest.mark.full)])


@pytest.mark.usefixtures("processes")
@counts
def test_killed_in_the_middle(old: Path, tmp_path: Path, rows: int, kills: int) -> None:
    fill(old, rows)
    before = state(old)
    whole = Path(shutil.copytree(old.parent, tmp_path / "whole")) / old.name
    lasts = migrate(whole)
    after = state(whole)
    assert after[0] == "9999"
    counts_before: dict[str, int] = dict(before[1][1])  # type: ignore[call-overload]  # pairs
    counts_after: dict[str, int] = dict(after[1][1])  # type: ignore[call-overload]  # pairs
    new_tables = dict.fromkeys(counts_after.keys() - counts_before.keys(), 0)
    assert counts_after == {**counts_before, **new_tables, "reports": 0, "moved_reports": rows}
    assert after[1][2] == rows
    rng, left_old = random.Random(rows), 0
    for number in range(kills):
        path = Path(shutil.copytree(old.parent, tmp_path / f"kill-{number}")) / old.name
        program = Program(path)
        assert next(program.said()) == "migrating"
        threading.Event().wait(rng.uniform(0, lasts))
        program.process.send_signal(signal.SIGKILL)
        program.wait()
        (kept,) = backups(path)
        assert kept.reason is Reason.MIGRATION
        assert state(kept.path)[1][1] == before[1][1], "the backup came first, and is whole"
        found = state(path)
        assert found in (before, after)
        left_old += found == before
        if found == before:
            migrate(path)
        assert state(path) == after
        shutil.rmtree(path.parent)
    print(
        f"{rows} rows, {kills} kills: {left_old} left the old, {kills - left_old} the new; migrating takes {lasts:.2f} s"
    )
    assert left_old > 0 or kills < MANY, "no kill met the migration"


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(("rows", "starts"), [(200, 3), pytest.param(100_000, 8, marks=pytest.mark.full)])
def test_many_starts_migrate_once(old: Path, rows: int, starts: int) -> None:
    fill(old, rows)
    programs = [Program(old) for _ in range(starts)]
    said = [list(program.said()) for program in programs]
    assert [program.wait() for program in programs] == [0] * starts
    assert sum(lines.count("migrating") for lines in said) == 1
    assert all(lines[-1] == "open" for lines in said)
    assert len(list((old.parent / FOLDER).iterdir())) == 1
    assert state(old)[0] == "9999"


def test_a_migration_that_leaves_rows_without_their_parents_is_undone(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(old, 10)
    before = state(old)
    monkeypatch.setattr(schema_version, "REVISIONS", (*schema_version.REVISIONS, "9999"))
    monkeypatch.setattr(schema_version, "HEAD", "9999")
    monkeypatch.setattr(
        schema_version, "_migrate", lambda connection: connection.execute(text("DELETE FROM jobs WHERE id = 3"))
    )
    database = SqliteDatabase(f"sqlite:///{old}", synchronous="NORMAL")
    with pytest.raises(DatabaseUnusable, match="rows of job_logs refer to missing rows of jobs"):
        database.open()
    assert state(old) == before
