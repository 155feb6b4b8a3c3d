"""A row of `jobs` as the frozen job that leaves the store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from devtrail_tui.core.job import Job, Progress, Status
from devtrail_tui.store.tables import jobs

JOB_COLUMNS = tuple(jobs.c[name] for name in Job.__dataclass_fields__)
"""What a job is made of, in the order of its fields."""
_STATUS = tuple(Job.__dataclass_fields__).index("status")
_REALS = tuple(tuple(Job.__dataclass_fields__).index(name) for name in ("progress", "spent_usd"))
_DETAIL = tuple(Job.__dataclass_fields__).index("progress_detail")


def job_of(row: Row[Any]) -> Job:
    """The job in a row of JOB_COLUMNS."""
    values = list(row)
    values[_STATUS] = Status(values[_STATUS])
    for index in _REALS:  # SQLite's RETURNING gives a whole real number back as an integer
        values[index] = float(values[index])
    values[_DETAIL] = Progress.from_json(values[_DETAIL])
    return Job(*values)
