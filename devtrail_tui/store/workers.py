"""Registered workers: possible owners of jobs, and whether their processes still run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from devtrail_tui.store.sqlite.upsert import upsert
from devtrail_tui.store.tables import workers

Alive = Callable[[int, float], bool]
"""`alive(pid, start_time)`: whether the process `pid` of this host, started at `start_time` (seconds), still runs."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A row of `workers`. `process_started_at` is in seconds as in runtime.process; it identifies a reused pid."""

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
    """The process of a worker id."""

    host: str
    pid: int
    start: float

    def gone(self, host: str, alive: Alive) -> bool:
        """Whether it is known to have ended; only processes of `host`, this one, can be checked."""
        return self.host == host and not alive(self.pid, self.start)


def worker_id(host: str, pid: int, process_started_at: float, random: str) -> str:
    """The id `host:pid:start:random`, `start` in milliseconds; `random` distinguishes workers of one process."""
    return f"{host}:{pid}:{round(process_started_at * 1000)}:{random}"


def process_of(identity: str) -> OwnerProcess | None:
    """The process of a worker id, None if it is not one. A host may contain colons (IPv6)."""
    try:
        host, pid, start_ms, _ = identity.rsplit(":", 3)
        return OwnerProcess(host, int(pid), int(start_ms) / 1000)
    except ValueError:
        return None


_REGISTER = upsert(workers, "title", "concurrency", "last_seen_at")
_FORGET_OLD = delete(workers).where(workers.c.last_seen_at < bindparam("before"))
FORGOTTEN_AFTER = timedelta(days=7)
"""Rows of killed workers are deleted after this time."""
_KNOWN = select(workers.c.id)
_SEEN = update(workers).where(workers.c.id == bindparam("worker")).values(last_seen_at=bindparam("now"))
_FORGET = delete(workers).where(workers.c.id == bindparam("worker"))


def register(connection: Connection, worker: WorkerRow) -> None:
    """Insert or update the worker, and delete workers that were killed long ago."""
    connection.execute(_FORGET_OLD, {"before": worker.last_seen_at - FORGOTTEN_AFTER})
    connection.execute(_REGISTER, asdict(worker))


def known(connection: Connection) -> Sequence[str]:
    """The ids of all registered workers."""
    return connection.execute(_KNOWN).scalars().all()


def seen(connection: Connection, identity: str, now: datetime) -> None:
    """Record that the worker is live at `now`."""
    connection.execute(_SEEN, {"worker": identity, "now": now})


def forget(connection: Connection, identity: str) -> None:
    """Remove the worker, which has ended."""
    connection.execute(_FORGET, {"worker": identity})
