"""A program that is one schema further: opens the database, migrating it to a revision that only the tests know.

`python -m tests.faults.next_schema URL` says `migrating` just before it changes anything, and `open` once it is done.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic.config import Config
from sqlalchemy import Connection

from devtrail_tui.store import migrations
from devtrail_tui.store.sqlite import schema_version
from devtrail_tui.store.sqlite.engine import SqliteDatabase

REVISIONS = (*schema_version.REVISIONS, "9999")
_FOLDER = Path(__file__).with_name("revisions")


def install() -> None:
    """Make this process know the next revision."""
    original = schema_version.alembic_config
    shipped = Path(migrations.__file__).with_name("versions")

    def config(connection: Connection) -> Config:
        print("migrating", flush=True)
        made = original(connection)
        made.set_main_option("version_locations", f"{shipped}:{_FOLDER}")
        return made

    schema_version.alembic_config = config
    schema_version.REVISIONS = REVISIONS  # type: ignore[assignment]  # one longer than what ships
    schema_version.HEAD = REVISIONS[-1]


def main(url: str) -> None:
    """Open and close the database."""
    install()
    database = SqliteDatabase(url)
    database.open()
    print("open", flush=True)
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
