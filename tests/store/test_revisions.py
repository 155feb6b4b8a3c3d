"""A database of revision 0001, with many entries, carried over to the present one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine

from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.schema_version import HEAD, alembic_config
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from tests.doubles.clock import ManualClock

JUDGED_EVERY = 4
DAY_US = 86_400_000_000
START_US = 1_740_000_000_000_000
_COLUMNS = (
    "id", "type", "title", "description", "search_text", "content", "login", "host", "node_id", "pr_number", "repository",
    "occurred_at", "merged_at", "pr_updated_at", "additions", "deletions", "changed_files",
    "days_open", "review_rounds", "components", "roles",
    "analysis_state", "analysis_note", "analysis_id", "analysed_at", "job_id", "created_at", "updated_at",
)  # fmt: skip


def old_database(path: Path) -> Path:
    """An empty database of revision 0001."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
    engine.dispose()
    return path


def entry(number: int, **changes: Any) -> dict[str, Any]:
    """A row of `evidence_entries` as revision 0001 stored it."""
    judged = number % JUDGED_EVERY == 0
    return {
        "id": number, "type": "PR", "title": f"Change {number}", "description": "Retries", "search_text": "retries",
        "content": json.dumps({"number": number}), "login": "ada", "host": "github.com", "node_id": f"PR_{number}",
        "pr_number": number, "repository": "acme/shop", "occurred_at": START_US + number, "merged_at": START_US + number,
        "pr_updated_at": START_US + number, "additions": 1, "deletions": 2, "changed_files": 3,
        "days_open": 2.75, "review_rounds": 2, "components": "[]",
        "roles": '["author"]', "analysis_state": "analysed" if judged else "not_analysed", "analysis_note": "",
        "analysis_id": number if judged else None, "analysed_at": START_US + DAY_US if judged else None, "job_id": 1,
        "created_at": START_US, "updated_at": START_US,
    } | changes  # fmt: skip


def add_entries(driver: sqlite3.Connection, rows: Iterable[dict[str, Any]]) -> None:
    places = ", ".join(f":{name}" for name in _COLUMNS)
    driver.executemany(f"INSERT INTO evidence_entries ({', '.join(_COLUMNS)}) VALUES ({places})", rows)  # noqa: S608 - our own names


def add_match(driver: sqlite3.Connection, evidence_id: int, criterion: str) -> None:
    driver.execute(
        "INSERT INTO evidence_criteria (evidence_id, criterion_id, confidence, explanation, quotes, created_at) "
        "VALUES (?, ?, 0.8, 'It says so', '[]', ?)",
        (evidence_id, criterion, START_US),
    )


def migrated(path: Path) -> sqlite3.Connection:
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    database.open()
    assert integrity_problems(database.path) == []
    database.close()
    return sqlite3.connect(path)


@pytest.mark.parametrize("entries", [10_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_many_entries_are_carried_over(tmp_path: Path, entries: int) -> None:
    path = old_database(tmp_path / "devtrail.db")
    with closing(sqlite3.connect(path)) as driver:
        add_entries(driver, (entry(number) for number in range(1, entries + 1)))
        for number in range(JUDGED_EVERY, entries + 1, JUDGED_EVERY):
            add_match(driver, number, "testing")
        driver.execute(
            'INSERT INTO analyses (id, "key", model, answer, stop_reason, usage, cost_usd, request_id, job_id, created_at) '
            "VALUES (1, 'k', 'claude-sonnet-5-5', '{}', 'end_turn', '{}', 0.01, 'r', 1, ?)",
            (START_US,),
        )
        driver.commit()
    with closing(migrated(path)) as driver:
        assert driver.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        states = "SELECT analysis_state, judged_pr_updated_at IS NULL, count(*) FROM evidence_entries GROUP BY 1, 2 ORDER BY 1"
        judged = entries // JUDGED_EVERY
        assert driver.execute(states).fetchall() == [("analysed", 0, judged), ("not_analysed", 1, entries - judged)]
        assert driver.execute("SELECT count(*) FROM evidence_criteria").fetchone() == (judged,)
        assert driver.execute("SELECT title, account_id, judged_by FROM evidence_entries WHERE id = 7").fetchone() == (
            "Change 7", None, None,
        )  # fmt: skip
        assert driver.execute("SELECT answered_at, uncertain_usd FROM analyses").fetchone() == (START_US, 0)


def test_a_matched_entry_that_had_become_not_analysed_is_judged_before_the_latest_change(tmp_path: Path) -> None:
    path = old_database(tmp_path / "devtrail.db")
    with closing(sqlite3.connect(path)) as driver:
        add_entries(driver, [entry(1, analysis_state="not_analysed", analysed_at=START_US, analysis_id=9)])
        add_match(driver, 1, "testing")
        driver.commit()
    with closing(migrated(path)) as driver:
        row = driver.execute(
            "SELECT analysis_state, judged_pr_updated_at, analysed_at FROM evidence_entries"
        ).fetchone()
        assert row == ("analysed", None, START_US)


@pytest.mark.parametrize("newest_is_judged", [True, False])
def test_rows_that_differ_in_letter_case_only_become_one(tmp_path: Path, *, newest_is_judged: bool) -> None:
    """The newest state of the pull request stays, and the newest judgement, whichever rows they stood in."""
    path = old_database(tmp_path / "devtrail.db")
    older, newer = (1, 2) if newest_is_judged else (2, 1)
    judged = {"analysis_state": "analysed", "analysed_at": START_US + 5, "analysis_id": 5}
    with closing(sqlite3.connect(path)) as driver:
        add_entries(
            driver,
            [
                entry(older, login="Ada", node_id="PR_1", title="Old title", pr_updated_at=START_US),
                entry(newer, login="ada", node_id="PR_1", title="New title", pr_updated_at=START_US + 9),
                entry(3, login="ADA", node_id="PR_3"),
                entry(5, login="grace", node_id="PR_1"),
            ],
        )
        driver.execute(
            "UPDATE evidence_entries SET analysis_state = :analysis_state, analysed_at = :analysed_at, "
            "analysis_id = :analysis_id WHERE id = 2",
            judged,
        )
        add_match(driver, 2, "testing")
        driver.execute("INSERT INTO verdicts VALUES (1, 'testing', 'accepted', NULL, 'mine', 0, 0)")
        driver.commit()
    with closing(migrated(path)) as driver:
        rows = driver.execute(
            "SELECT id, login, title, analysis_state, analysed_at FROM evidence_entries ORDER BY id"
        ).fetchall()
        assert rows == [
            (newer, "ada", "New title", "analysed", START_US + 5),
            (3, "ADA", "Change 3", "not_analysed", None),
            (5, "grace", "Change 5", "not_analysed", None),
        ]
        assert driver.execute("SELECT evidence_id, criterion_id FROM evidence_criteria").fetchall() == [
            (newer, "testing")
        ]
        assert driver.execute("SELECT evidence_id, verdict FROM verdicts").fetchall() == [(newer, "accepted")]
        assert driver.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_carried_over_entry_is_read_as_before(tmp_path: Path) -> None:
    path = old_database(tmp_path / "devtrail.db")
    with closing(sqlite3.connect(path)) as driver:
        add_entries(driver, [entry(4)])
        add_match(driver, 4, "testing")
        driver.commit()
    database = SqliteDatabase(f"sqlite:///{path}", clock=ManualClock(), synchronous="NORMAL")
    database.open()
    (read,) = EvidenceStore(database, ManualClock()).entries()
    database.close()
    assert (read.id, read.title, [match.criterion_id for match in read.matches]) == (4, "Change 4", ["testing"])
    assert read.figures == {
        "additions": 1,
        "deletions": 2,
        "changed_files": 3,
        "days_open": 2.75,
        "hours_to_first_review": None,
        "review_rounds": 2,
    }
