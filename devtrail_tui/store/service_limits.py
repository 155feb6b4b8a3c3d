"""Rate limits of outside services, as last reported by a job's client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from devtrail_tui.core.service import RateLimit
from devtrail_tui.store.sqlite.upsert import upsert
from devtrail_tui.store.tables import service_limits

_STORE = upsert(service_limits, "limit", "remaining", "reset_at", "seen_at")
_LATEST = (
    select(*(service_limits.c[name] for name in RateLimit.__dataclass_fields__))
    .where(service_limits.c.reset_at > bindparam("now"))
    .order_by(service_limits.c.seen_at.desc())
    .limit(1)
)


def store(connection: Connection, limits: Iterable[RateLimit], now: datetime) -> None:
    """Store limits reported at `now`."""
    if rows := [{**asdict(limit), "seen_at": now} for limit in limits]:
        connection.execute(_STORE, rows)


def latest(connection: Connection, now: datetime) -> RateLimit | None:
    """The limit reported last among those whose window has not ended at `now`."""
    row = connection.execute(_LATEST, {"now": now}).one_or_none()
    return None if row is None else RateLimit(*row)
