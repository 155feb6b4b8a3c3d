"""The failures in a row that a job's attempts record: how often it failed, and since when a service is down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from devtrail_tui.store.database import Database
from devtrail_tui.store.queue.endings import RELEASED, RETRIED, WAITED, WAITED_AFTER_PROGRESS
from devtrail_tui.store.tables import job_attempts

_MOST = 2_000
"""Attempts to look at: more than fit into a day of the longest pauses."""
_FAILURES = (RETRIED, WAITED, WAITED_AFTER_PROGRESS)
_NEUTRAL = (RELEASED, "lost")
"""Outcomes that say nothing about the service: a stop, a crash."""
_NEWEST_FIRST = (
    select(job_attempts.c.outcome, job_attempts.c.started_at, job_attempts.c.ended_at)
    .where(job_attempts.c.job_id == bindparam("job"), job_attempts.c.outcome.is_not(None))
    .order_by(job_attempts.c.claim_no.desc())
    .limit(_MOST)
)


@dataclass(frozen=True, slots=True)
class FailuresInARow:
    """The number of failed attempts since the last other end, and the start of the outage they waited for, if they did."""

    count: int
    outage_since: datetime | None


def failures_in_a_row(database: Database, job_id: int) -> FailuresInARow:
    """The failures in a row of a job's ended attempts. A save ends an outage, but not the row: a job that saves and then fails
    must not run without a pause."""
    count, since, is_outage = 0, None, True
    with database.read() as connection:
        for outcome, started_at, ended_at in connection.execute(_NEWEST_FIRST, {"job": job_id}):
            if outcome in _NEUTRAL:
                continue
            if outcome not in _FAILURES:
                break
            count += 1
            if is_outage and outcome != RETRIED:
                since = started_at if outcome == WAITED else ended_at
            is_outage = is_outage and outcome == WAITED
    return FailuresInARow(count, since)
