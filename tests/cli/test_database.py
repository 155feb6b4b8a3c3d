"""`devtrail-tui db`, and what doctor says of the database, as a person meets them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devtrail_tui.clients.github.client import clock_ahead_s
from devtrail_tui.store.sqlite import maintenance, sqlite_file
from devtrail_tui.store.sqlite.schema_version import HEAD
from devtrail_tui.store.sqlite.sqlite_file import has_wal_reset_bug
from tests.cli.command_line import SYNC, CommandLine
from tests.doubles.server import FaultyServer


@pytest.fixture
def made(line: CommandLine, server: FaultyServer, own_home: Path) -> Path:
    """A database with one job that waits."""
    assert line(*SYNC, "--no-wait").code == 0
    return own_home / "data" / "devtrail.db"


def test_a_backup_comes_back(line: CommandLine, made: Path, own_home: Path) -> None:
    said = line("db", "backup")
    assert (said.code, "1 jobs" in said.out) == (0, True)
    assert line("jobs", "cancel", "1").code == 0
    (listed,) = line("db", "backups", "--json").json
    assert (Path(listed["path"]).parent, listed["reason"]) == (own_home / "data" / "backups", "asked")
    assert "made by hand" in line("db", "backups").out
    done = line("db", "restore", Path(listed["path"]).name, "--json")
    assert (done.code, done.json["rows"]["jobs"]) == (0, 1)
    assert Path(done.json["kept"]).exists()
    assert line("jobs", "show", "1", "--json").json["status"] == "PENDING", "as it was when the backup was made"
    assert "before a restore" in line("db", "backups").out


def test_a_backup_to_a_place_of_ones_own(line: CommandLine, made: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.db"
    done = line("db", "backup", "--output", str(target), "--json")
    assert (done.code, done.json["backup"], done.json["schema"]) == (0, str(target), HEAD)
    again = line("db", "backup", "--output", str(target))
    assert (again.code, "already exists" in again.err) == (2, True)
    assert line("db", "restore", str(target)).code == 0


def test_sentences_for_what_cannot_be(line: CommandLine, own_home: Path, tmp_path: Path) -> None:
    for command in (("db", "backup"), ("db", "check"), ("db", "vacuum")):
        said = line(*command)
        assert (said.code, "There is no database at" in said.err) == (2, True), command
    assert not (own_home / "data" / "devtrail.db").exists(), "looking makes nothing"
    said = line("db", "restore", "yesterday.db")
    assert (said.code, "There is no backup yesterday.db" in said.err) == (2, True)
    assert "no backup yet" in line("db", "backups").out
    text = tmp_path / "diary.txt"
    text.write_text("dear diary, ...")
    said = line("db", "restore", str(text), "--json")
    assert (said.code, "is not a SQLite database" in said.json["error"]) == (2, True)


def test_the_check_says_whole_or_what_is_wrong(line: CommandLine, made: Path) -> None:
    said = line("db", "check")
    assert (said.code, "is intact: 1 jobs" in said.out) == (0, True)
    with closing(sqlite3.connect(made)) as driver:
        driver.execute("UPDATE job_counts SET count = 5")
        driver.commit()
    said = line("db", "check")
    assert (said.code, "1 job counters are wrong" in said.out, "db restore" in said.out) == (2, True, True)
    assert line("db", "check", "--json").json["problems"] == ["1 job counters are wrong"]
    seen = line("doctor", "--offline", "--json")
    assert seen.code == 2
    (message,) = (each["message"] for each in seen.json["checks"] if each["name"] == "database")
    assert "1 job counters are wrong" in message


def test_a_database_too_damaged_to_open_can_still_be_looked_after(line: CommandLine, made: Path) -> None:
    assert line("db", "backup").code == 0
    (saved,) = line("db", "backups", "--json").json
    data = bytearray(made.read_bytes())
    data[100:4096] = b"\xa5" * 3996
    made.write_bytes(data)
    said = line("jobs", "list")
    assert (said.code, "devtrail-tui db restore" in said.err) == (2, True)
    assert line("db", "check").code == 2
    assert line("db", "restore", saved["path"]).code == 0
    assert line("jobs", "list").code == 0


def test_vacuum_gives_room_back(line: CommandLine, made: Path) -> None:
    with closing(sqlite3.connect(made)) as driver:
        driver.execute("CREATE TABLE padding AS SELECT hex(randomblob(200000)) AS text")
        driver.execute("DROP TABLE padding")
        driver.commit()
    done = line("db", "vacuum", "--json").json
    assert done["bytesAfter"] < done["bytesBefore"] - 100_000
    assert "now." in line("db", "vacuum").out


def test_doctor_looks_at_sqlite_disk_backups_and_clock(
    line: CommandLine, made: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "has_wal_reset_bug", lambda: True)
    checks = {each["name"]: each for each in line("doctor", "--json").json["checks"]}
    assert checks["disk"]["freeBytes"] > 0
    assert checks["backups"]["message"].startswith("none yet")
    assert checks["clock"]["state"] == "ok"
    assert (checks["SQLite"]["state"], "3.51.3" in checks["SQLite"]["message"]) == ("note", True)
    line("db", "backup")
    monkeypatch.setattr(sqlite_file, "has_wal_reset_bug", lambda: False)
    monkeypatch.setattr(maintenance.DatabaseMaintenance, "free_bytes", lambda _self: 1_000_000)
    checks = {each["name"]: each for each in line("doctor", "--offline", "--json").json["checks"]}
    assert checks["SQLite"]["state"] == "ok"
    assert checks["backups"]["message"].startswith("1, the newest of")
    assert (checks["disk"]["state"], "backups and updates need" in checks["disk"]["message"]) == ("note", True)


@pytest.mark.parametrize(
    ("version", "bug"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_which_sqlite_has_the_wal_reset_bug(version: tuple[int, ...], bug: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert has_wal_reset_bug(version) is bug


@pytest.mark.parametrize(
    ("asked_s", "answered_s", "ahead_s"),
    [(0.2, 0.9, 0), (-3.0, 0.5, 0), (60.0, 61.0, 59.0), (-61.0, -60.0, -60.0), (0.0, 2.0, 0)],
)
def test_a_clock_is_ahead_only_by_what_the_answers_way_cannot_explain(
    asked_s: float, answered_s: float, ahead_s: float
) -> None:
    theirs = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    asked, answered = theirs + timedelta(seconds=asked_s), theirs + timedelta(seconds=answered_s)
    assert clock_ahead_s(asked, answered, theirs) == ahead_s


@pytest.mark.parametrize("command", [("work", "--once", "--json"), (*SYNC, "--no-analyse")])
def test_a_weekly_backup_is_made_by_whoever_works_however_shortly(
    command: tuple[str, ...], line: CommandLine, made: Path, server: FaultyServer
) -> None:
    folder = made.parent / "backups"
    folder.mkdir()
    half = folder / ".devtrail-20260101T000000Z-weekly.db.4194305.unfinished"  # no process has this number
    half.touch()
    with closing(sqlite3.connect(made)) as driver:
        driver.execute("UPDATE jobs SET created_at = created_at - 8 * 86400 * 1000000")
        driver.commit()
    assert line(*command).code == 0
    reasons = [each["reason"] for each in line("db", "backups", "--json").json]
    assert reasons == ["weekly"]
    assert not half.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("CREATE TRIGGER spy AFTER INSERT ON jobs BEGIN DELETE FROM secrets; END", "it has the unknown trigger spy"),
        ("CREATE TABLE strange (a)", "it has the unknown table strange"),
        ("DROP INDEX ix_jobs_due", "it lacks the index ix_jobs_due"),
        ("ALTER TABLE jobs ADD COLUMN mood TEXT", "its table jobs is different"),
        ("UPDATE jobs SET config = 'no JSON'", "1 row of jobs cannot be read"),
        ("UPDATE jobs SET created_at = 'yesterday'", "1 row of jobs cannot be read"),
        ("UPDATE evidence_entries SET content = '{' WHERE id = 1", "1 row of evidence_entries cannot be read"),
    ],
)
def test_a_backup_with_another_schema_or_unreadable_rows_is_refused(
    change: str, words: str, line: CommandLine, synced: int, own_home: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    assert line("db", "backup", "--output", str(copy)).code == 0
    assert line("db", "restore", str(copy)).code == 0
    with closing(sqlite3.connect(copy)) as driver:
        driver.execute(change)
        driver.commit()
    refused = line("db", "restore", str(copy))
    assert refused.code == 2
    assert words in refused.err
    assert len(line("evidence", "list", "--json").json) == synced
