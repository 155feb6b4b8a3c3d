"""The workers that live: who may own a job, and whether its process still runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from devtrail_tui.store.sqlite.upsert import upsert
from devtrail_tui.store.tables import workers

Alive = Callable[[int, float], bool]
"""`alive(pid, start_time)`: whether the process `pid` of this host still runs and began at `start_time` (seconds)."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A row of `workers`. `process_started_at` is in seconds as runtime.process tells it: a reused pid has another."""

    id: str
    host: str
    pid: int
    process_started_at: float
    title: str
    started_at: datetime
    last_seen_at: datetime
    concurrency: int


@dataclass(frozen=True, slots=True)
class OwnerProcess:
    """The process behind a worker id."""

    host: str
    pid: int
    start: float

    def gone(self, host: str, alive: Alive) -> bool:
        """Whether it is known to have ended: only a process of `host`, this one, can be known."""
        return self.host == host and not alive(self.pid, self.start)


def worker_id(host: str, pid: int, process_started_at: float, random: str) -> str:
    """The id `host:pid:start:random`, `start` in milliseconds; `random` sets two workers of one process apart."""
    return f"{host}:{pid}:{round(process_started_at * 1000)}:{random}"


def process_of(identity: str) -> OwnerProcess | None:
    """The process a worker id names, or None where it is no such id. A host may hold colons (IPv6)."""
    try:
        host, pid, start_ms, _ = identity.rsplit(":", 3)
        return OwnerProcess(host, int(pid), int(start_ms) / 1000)
    except ValueError:
        return None


_REGISTER = upsert(workers, "title", "concurrency", "last_seen_at")
_FORGET_OLD = delete(workers).where(workers.c.last_seen_at < bindparam("before"))
FORGOTTEN_AFTER = timedelta(days=7)
"""A worker that was killed leaves its row; after so long nobody wants to know of it any more."""
_KNOWN = select(workers.c.id)
_SEEN = update(workers).where(workers.c.id == bindparam("worker")).values(last_seen_at=bindparam("now"))
_FORGET = delete(workers).where(workers.c.id == bindparam("worker"))


def register(connection: Connection, worker: Worker) -> None:
    """Add the worker, or bring what is known of it up to date. Workers that were killed long ago are forgotten."""
    connection.execute(_FORGET_OLD, {"before": worker.last_seen_at - FORGOTTEN_AFTER})
    connection.execute(_REGISTER, asdict(worker))


def known(connection: Connection) -> Sequence[str]:
    """The ids of all that registered and were not forgotten."""
    return connection.execute(_KNOWN).scalars().all()


def seen(connection: Connection, identity: str, now: datetime) -> None:
    """The worker was alive at `now`."""
    connection.execute(_SEEN, {"worker": identity, "now": now})


def forget(connection: Connection, identity: str) -> None:
    """The worker has ended."""
    connection.execute(_FORGET, {"worker": identity})
