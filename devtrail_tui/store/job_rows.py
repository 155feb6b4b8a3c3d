"""Shared parts of statements on `jobs`: the claim fence, row conversion, IN lists of any length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, select

from devtrail_tui.core.errors import CancelRequested, ClaimLost
from devtrail_tui.core.job import Claim, Job, Progress, Status
from devtrail_tui.store.column_types import Unreadable
from devtrail_tui.store.tables import RUNNING, jobs

OF_CLAIM = and_(jobs.c.id == bindparam("job"), jobs.c.claim_no == bindparam("claim"))
FENCE = and_(OF_CLAIM, jobs.c.status == RUNNING)
"""The condition of every write of a running job; `fenced_by` returns its parameters."""
_CANCELLED = select(jobs.c.cancel_requested_at).where(FENCE)

JOB_COLUMNS = tuple(jobs.c[name] for name in Job.__dataclass_fields__)
"""The columns of a job, in the order of its fields."""
_FIELDS = tuple(Job.__dataclass_fields__)
_STATUS, _DETAIL = _FIELDS.index("status"), _FIELDS.index("progress_detail")
_TITLE = _FIELDS.index("title")
_STATUSES = frozenset(Status)
UNREADABLE = " (unreadable)"
"""Marks a row that nothing of ours has written."""
_REALS = tuple(_FIELDS.index(name) for name in ("progress", "spent_usd"))
_LONGEST_LIST = 500
"""Maximum values of one IN list; older SQLite builds allow 999 parameters."""


def fenced_by(claim: Claim) -> dict[str, Any]:
    """The parameters of OF_CLAIM and FENCE."""
    return {"job": claim.job_id, "claim": claim.claim_no}


def refuse_on(connection: Connection, claim: Claim, refused: str) -> None:
    """Raise the reason why a write of this claim is refused: CancelRequested if its job was cancelled, otherwise ClaimLost."""
    if connection.execute(_CANCELLED, fenced_by(claim)).scalar_one_or_none() is not None:
        raise CancelRequested(f"Job {claim.job_id} is being cancelled; {refused}.")
    raise ClaimLost(f"Job {claim.job_id} is no longer this worker's; {refused}.")


def number_of(value: Any) -> float:
    """A stored number; 0 for what is none in an odd row."""
    return float(value) if isinstance(value, int | float) else 0.0


def status_of(text: Any) -> Status:
    """A stored status; FAILED for an unknown one."""
    return Status(text) if text in _STATUSES else Status.FAILED


def job_of(row: Row[Any]) -> Job:
    """The job in a row of JOB_COLUMNS."""
    columns = list(row)
    if columns[_STATUS] not in _STATUSES or any(isinstance(column, Unreadable) for column in columns):
        columns[_TITLE] += UNREADABLE
    columns[_STATUS] = status_of(columns[_STATUS])
    for index in _REALS:  # SQLite's RETURNING returns whole reals as integers
        columns[index] = number_of(columns[index])
    columns[_DETAIL] = Progress.from_json(columns[_DETAIL])
    return Job(*columns)


def in_list(column: Any) -> Any:
    """The condition that `column` is one of the values passed to `rows_of`."""
    return column.in_(bindparam("values", expanding=True))


def rows_of(
    connection: Connection, statement: Select[Any], values: Sequence[Any], **parameters: Any
) -> Iterator[Row[Any]]:
    """The rows of a statement with one `in_list`, run with as many values at a time as fit."""
    for start in range(0, len(values), _LONGEST_LIST):
        yield from connection.execute(statement, {"values": list(values[start : start + _LONGEST_LIST]), **parameters})
