"""Compares the schema of a file with that of a fresh database of the same revision."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from devtrail_tui.core.text import safe_line
from devtrail_tui.store.sqlite.database_check import reading
from devtrail_tui.store.sqlite.schema_version import alembic_config

Schema = dict[tuple[str, str], str]
"""The statement of each table, index, trigger and view, by its type and name."""
_SCHEMA = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite|_%' ESCAPE '|'"


def schema_difference(path: Path, revision: str) -> str:
    """The first difference, as a clause; empty if there is none. The file is at rest. Raises NotFound, DatabaseUnusable."""
    with reading(path, at_rest=True) as connection:
        present = _schema_of(connection)
    fresh = _fresh_schema(revision)
    for (kind, name), statement in present.items():
        if (kind, name) not in fresh:
            return f"it has the unknown {kind} {safe_line(name, limit=60)}"
        if statement != fresh[kind, name]:
            return f"its {kind} {safe_line(name, limit=60)} is different"
    for kind, name in fresh:
        if (kind, name) not in present:
            return f"it lacks the {kind} {name}"
    return ""


def _schema_of(connection: sqlite3.Connection) -> Schema:
    return {(kind, name): " ".join(statement.split()) for kind, name, statement in connection.execute(_SCHEMA)}


def _fresh_schema(revision: str) -> Schema:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), revision)
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
            return _schema_of(driver)
    finally:
        engine.dispose()
