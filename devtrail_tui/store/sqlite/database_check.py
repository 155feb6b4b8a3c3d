"""Checks a database file and counts its contents. Read-only; the file may be open elsewhere."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer

from devtrail_tui.core.errors import NotFound
from devtrail_tui.core.status import Level, Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count_of
from devtrail_tui.store.column_types import Json, UtcTime
from devtrail_tui.store.sqlite.sqlite_file import opened, problems_by
from devtrail_tui.store.tables import metadata

_MOST_PROBLEMS = 20
_COUNTED = ("jobs", "evidence_entries", "verdicts", "criteria", "analyses", "reports")
"""The main tables, for the summary."""
_RULES: Mapping[str, str] = {
    "{0} job counters are wrong": """
        SELECT count(*) FROM (
            SELECT status, type, sum(n) AS n FROM (
                SELECT status, type, count AS n FROM job_counts UNION ALL
                SELECT status, type, -count(*) FROM jobs GROUP BY status, type
            ) GROUP BY status, type HAVING sum(n) <> 0)""",
    "the log of {0} jobs has gaps": """
        SELECT count(*) FROM (
            SELECT jobs.id FROM jobs LEFT JOIN job_logs ON job_id = jobs.id GROUP BY jobs.id
            HAVING count(seq) <> last_seq OR coalesce(max(seq), 0) <> last_seq)""",
    "{0} jobs that are not running have an owner": """
        SELECT count(*) FROM jobs
        WHERE status <> 'RUNNING' AND (worker_id IS NOT NULL OR lease_expires_at IS NOT NULL)""",
    "{0} running jobs have no owner": """
        SELECT count(*) FROM jobs WHERE status = 'RUNNING' AND (worker_id IS NULL OR lease_expires_at IS NULL)""",
    "{0} attempts have no end although their job is not running": """
        SELECT count(*) FROM job_attempts JOIN jobs ON jobs.id = job_id
        WHERE ended_at IS NULL AND (status <> 'RUNNING' OR job_attempts.claim_no <> jobs.claim_no)""",
    "{0} matches refer to a missing analysis": """
        SELECT count(*) FROM evidence_criteria
        WHERE analysis_id IS NOT NULL AND analysis_id NOT IN (SELECT id FROM analyses)""",
    "{0} matches refer to a missing criterion": """
        SELECT count(*) FROM evidence_criteria WHERE criterion_id NOT IN (SELECT id FROM criteria)""",
    "{0} pull requests are stored twice": """
        SELECT count(*) FROM (
            SELECT 1 FROM evidence_entries WHERE node_id IS NOT NULL GROUP BY host, node_id, login HAVING count(*) > 1)""",
}
"""Rules without a constraint in the schema: a sentence for the problem, and a query for its count."""
_ONE_OF = {("jobs", "status"): tuple(Status), ("job_logs", "level"): tuple(Level)}
"""Columns with a fixed set of values."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a database: schema revision (empty for none) and rows by table."""

    revision: str
    rows: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """The counts in words."""
        rows = self.rows
        return (
            f"{rows.get('jobs', 0):,} jobs, {rows.get('evidence_entries', 0):,} evidence entries, "
            f"{rows.get('verdicts', 0):,} verdicts, {rows.get('analyses', 0):,} analyses"
        )


def contents(path: Path, *, at_rest: bool = False) -> Contents:
    """The contents of the file. `at_rest`: nobody has it open, so it is read without its -wal and -shm files.

    Raises NotFound, DatabaseUnusable, DatabaseBusy.
    """
    with reading(path, at_rest=at_rest) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        versioned = "alembic_version" in tables
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone() if versioned else None
        rows = {
            name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608 - our own names
            for name in _COUNTED
            if name in tables
        }
    return Contents(safe_line(str(version[0]), limit=40) if version else "", rows)


def problems(path: Path, *, at_rest: bool = False, rules: bool = True) -> list[str]:
    """The problems of the file, a clause each, empty if there are none: SQLite's full integrity check, foreign keys, and
    (`rules`, for the current schema) counters and inconsistent rows. Reads the whole file.

    Raises NotFound, DatabaseUnusable if it is not a database, DatabaseBusy.
    """
    with reading(path, at_rest=at_rest) as connection:
        # The rules are checked only on an intact file.
        return problems_by(connection, f"PRAGMA integrity_check({_MOST_PROBLEMS})") or [
            *_dangling(connection),
            *(_broken_rules(connection) if rules else ()),
            *(_unreadable_rows(connection) if rules else ()),
        ]


def _dangling(connection: sqlite3.Connection) -> Iterator[str]:
    counts = Counter((table, parent) for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"))
    for (table, parent), number in counts.items():
        yield f"{number} rows of {table} refer to missing rows of {parent}"


def _broken_rules(connection: sqlite3.Connection) -> Iterator[str]:
    for sentence, statement in _RULES.items():
        number = connection.execute(statement).fetchone()[0]
        if number:
            yield sentence.format(number)


def _unreadable_rows(connection: sqlite3.Connection) -> Iterator[str]:
    """Rows with a value that its column's type does not accept; SQLite stores any."""
    for table in metadata.sorted_tables:
        conditions = " OR ".join(filter(None, (_odd_value(table.name, column) for column in table.columns)))
        statement = f"SELECT count(*) FROM {table.name} WHERE {conditions}"  # noqa: S608 - our own names
        number = connection.execute(statement).fetchone()[0] if conditions else 0
        if number:
            yield f"{count_of(number, 'row')} of {table.name} cannot be read"


def _odd_value(table: str, column: Column[Any]) -> str:
    """The condition of a value that is not of the column's type; empty for text."""
    name = f'"{column.name}"'
    if (table, column.name) in _ONE_OF:
        values = ", ".join(f"'{each}'" for each in _ONE_OF[table, column.name])
        return f"{name} NOT IN ({values})"
    if isinstance(column.type, Json):
        return f"NOT json_valid(coalesce({name}, 'null'))"
    if isinstance(column.type, Float):
        return f"typeof({name}) NOT IN ('real', 'integer', 'null')"
    if isinstance(column.type, Integer | Boolean | UtcTime):
        return f"typeof({name}) NOT IN ('integer', 'null')"
    return ""


@contextmanager
def reading(path: Path, *, at_rest: bool = False) -> Iterator[sqlite3.Connection]:
    """A read-only connection with one consistent view. Raises NotFound, DatabaseUnusable, DatabaseBusy."""
    if not path.is_file():
        raise NotFound(f"There is no database at {path}.")
    mode = "mode=ro&immutable=1" if at_rest else "mode=rw"  # a shared database cannot be read without its -shm
    with opened(path, "cannot be read", mode=mode) as connection:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        yield connection
