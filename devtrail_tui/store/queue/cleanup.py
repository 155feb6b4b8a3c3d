"""Deletes finished jobs and old events."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime

from sqlalchemy import Connection, bindparam, select
from sqlalchemy import delete as sqlalchemy_delete

from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.job import Status
from devtrail_tui.store.database import Database
from devtrail_tui.store.queue.requests import existing
from devtrail_tui.store.queue.transitions import remove
from devtrail_tui.store.tables import job_events, jobs

_BATCH = 500
"""Jobs deleted per transaction, so that a large clean-up does not block running jobs."""
_EVENTS_AT_ONCE = 5_000
_OLD = (
    select(jobs.c.id)
    .where(jobs.c.completed_at <= bindparam("until"), jobs.c.status.in_(bindparam("statuses", expanding=True)))
    .order_by(jobs.c.completed_at)
    .limit(_BATCH)
)
_OLD_EVENTS = (
    select(job_events.c.id)
    .where(job_events.c.created_at < bindparam("before"))
    .order_by(job_events.c.created_at)
    .limit(_EVENTS_AT_ONCE)
)
_PRUNE = sqlalchemy_delete(job_events).where(job_events.c.id.in_(_OLD_EVENTS))


def delete(connection: Connection, job_id: int, now: datetime) -> int:
    """Delete a finished job with its log; its evidence stays. Raises NotPossible, NotFound."""
    if not remove(connection, job_id, now):
        status = existing(connection, job_id).status.lower()
        raise NotPossible(f"Job {job_id} is {status}; cancel it before you delete it.")
    return 1


def cleanup(database: Database, until: datetime, statuses: Sequence[Status], now: datetime) -> Future[int]:
    """Delete jobs that ended by `until`, in batches so that other writes come in between. The future returns their number."""
    total: Future[int] = Future()
    total.set_running_or_notify_cancel()  # the caller cannot cancel the future

    def delete_batch(connection: Connection) -> int:
        parameters = {"until": until, "statuses": [status.value for status in statuses]}
        ids = connection.execute(_OLD, parameters).scalars().all()
        return sum(remove(connection, job_id, now) for job_id in ids)

    def go_on(deleted: int, batch: Future[int]) -> None:
        error = batch.exception()
        if error is not None:
            total.set_exception(error)
        elif batch.result() < _BATCH:
            total.set_result(deleted + batch.result())
        else:
            deleted += batch.result()
            database.write(delete_batch).add_done_callback(lambda following: go_on(deleted, following))

    database.write(delete_batch).add_done_callback(lambda first: go_on(0, first))
    return total


def prune_events(database: Database, before: datetime) -> Future[int]:
    """Delete some thousands of the oldest events from before a time; the future returns their number. Without old events it does
    not take the write lock."""
    parameters = {"before": before}
    with database.read() as connection:
        if connection.execute(_OLD_EVENTS, parameters).first() is not None:
            return database.write(lambda connection: connection.execute(_PRUNE, parameters).rowcount)
    none: Future[int] = Future()
    none.set_result(0)
    return none
