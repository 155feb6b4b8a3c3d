"""Reads the schema's version and migrates an older schema.

The version is read with plain SQL; Alembic (0.1 s to import) is imported only to migrate.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import DatabaseUnusable, StoreError
from devtrail_tui.core.text import safe_line
from devtrail_tui.store.sqlite.backup import Reason, back_up, prune

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS = ("0001", "0002", "0003", "0004")
"""The revisions in `migrations/versions`, oldest first; a test compares them."""
HEAD = REVISIONS[-1]
MIGRATION_BACKUPS = 3
"""Number of kept migration backups: a start that is killed repeatedly must not fill the disk."""


def bring_up_to_date(engine: Engine, path: Path, clock: Clock) -> None:
    """Migrate an older schema to HEAD, after a backup.

    `engine` begins IMMEDIATE: the write lock is held from the second version check to the commit, so of two programs that start
    at once one migrates and the other finds it done. Raises DatabaseUnusable for a database of a newer version or of another
    program.
    """
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
        if _checked_version(driver, path) == HEAD:
            return
        # Rebuilding a table drops it, which would cascade to the rows that refer to it
        # (https://www.sqlite.org/lang_altertable.html#otheralter). Has no effect inside a transaction, so it comes before.
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                revision = _checked_version(driver, path)  # re-check under the write lock
                if revision == HEAD:
                    return
                if revision is not None:
                    _back_up_first(path, clock)
                _migrate(connection)
                _refuse_dangling(driver, path)
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _refuse_dangling(driver: sqlite3.Connection, path: Path) -> None:
    dangling = driver.execute("PRAGMA foreign_key_check").fetchone()
    if dangling is not None:
        raise DatabaseUnusable(
            f"{path} could not be updated (rows of {dangling[0]} refer to missing rows of {dangling[2]}), and is unchanged. "
            "Check it with devtrail-tui db check."
        )


def _checked_version(driver: sqlite3.Connection, path: Path) -> str | None:
    """The revision of the database, None for an empty database."""
    tables = {name for (name,) in driver.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return None
    if "alembic_version" not in tables or "jobs" not in tables:
        raise DatabaseUnusable(f"{path} belongs to another program; name another file in DEVTRAIL_DATABASE_URL.")
    row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = str(row[0]) if row else ""
    if revision not in REVISIONS:
        raise DatabaseUnusable(
            f"{path} was written by a newer version of DevTrail (schema {safe_line(revision, limit=40)}, "
            f"this one knows up to {HEAD}); update DevTrail."
        )
    return revision


def _back_up_first(path: Path, clock: Clock) -> None:
    """Back up the database before the migration. Raises DatabaseUnusable if that fails."""
    try:
        back_up(path, Reason.MIGRATION, clock.now())
    except StoreError as error:
        raise DatabaseUnusable(f"{path} must be backed up before it is updated. {error}") from error
    prune(path, Reason.MIGRATION, MIGRATION_BACKUPS, clock.now())


def _migrate(connection: Connection) -> None:
    from alembic import command  # 0.1 s, only for a migration

    command.upgrade(alembic_config(connection), HEAD)


def alembic_config(connection: Connection) -> Config:
    """The location of the migrations, and their connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "devtrail_tui.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
