"""How many jobs of each type are in each state, kept by the statements that change a state.

Kept by statements and not by triggers: they stand beside the change they count, cost nothing on writes that change no state
(progress, log), and read the same on every database.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from devtrail_tui.core.job import Status

_ADD = text(
    "INSERT INTO job_counts (status, type, count) VALUES (:status, :type, :change) "
    "ON CONFLICT (status, type) DO UPDATE SET count = job_counts.count + excluded.count"
)


def count_new(connection: Connection, type_name: str, status: Status) -> None:
    """A job was added."""
    connection.execute(_ADD, {"status": status.value, "type": type_name, "change": 1})


def count_moved(connection: Connection, type_name: str, before: Status, after: Status) -> None:
    """A job went from one state to another."""
    connection.execute(
        _ADD,
        [
            {"status": before.value, "type": type_name, "change": -1},
            {"status": after.value, "type": type_name, "change": 1},
        ],
    )


def count_deleted(connection: Connection, type_name: str, status: Status, number: int) -> None:
    """Jobs were deleted."""
    connection.execute(_ADD, {"status": status.value, "type": type_name, "change": -number})
