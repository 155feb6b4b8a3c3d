"""New jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from devtrail_tui.core.errors import AlreadyQueued
from devtrail_tui.core.job import Job, NewJob
from devtrail_tui.store.queue.transitions import create
from devtrail_tui.store.tables import PENDING, RUNNING, jobs

_ACTIVE_TWIN = select(jobs.c.id).where(
    jobs.c.unique_key == bindparam("key"), or_(jobs.c.status == PENDING, jobs.c.status == RUNNING)
)


def enqueue(connection: Connection, new: NewJob, now: datetime) -> Job:
    """Store a job as PENDING. Raises AlreadyQueued if an active job has the same `unique_key`."""
    refuse_twin(connection, new.unique_key)
    return create(connection, _values_of(new, now), now)


def refuse_twin(connection: Connection, unique_key: str | None) -> None:
    """Raises AlreadyQueued if an active job has this key."""
    if unique_key is None:
        return
    twin = connection.execute(_ACTIVE_TWIN, {"key": unique_key}).scalar_one_or_none()
    if twin is not None:
        sentence = f"Job {twin} does the same and is not finished yet; wait for it, or cancel it first."
        raise AlreadyQueued(sentence, job_id=twin)


def _values_of(new: NewJob, now: datetime) -> dict[str, Any]:
    names = new.config.get("repositories")
    repositories = [name for name in names if isinstance(name, str)] if isinstance(names, list | tuple) else []
    return {
        "type": new.type,
        "title": new.title,
        "search_text": new.title.casefold(),
        "repositories": "".join(f"\n{name}" for name in repositories) + "\n" if repositories else "",
        "priority": new.priority,
        "progress": 0.0,
        "config": dict(new.config),
        "attempt": 0,
        "max_attempts": new.max_attempts,
        "claim_no": 0,
        "crashes": 0,
        "last_seq": 0,
        "run_at": new.run_at or now,
        "timeout_s": new.timeout_s,
        "unique_key": new.unique_key,
        "needs_worker": new.needs_worker,
        "retry_of": new.retry_of,
        "spent_usd": 0.0,
        "created_at": now,
        "updated_at": now,
    }
