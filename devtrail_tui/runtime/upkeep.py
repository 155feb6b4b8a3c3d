"""A worker's periodic duties: database health, orphaned jobs, old events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import timedelta

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.job import Claim
from devtrail_tui.runtime.duties import Duties, Duty
from devtrail_tui.runtime.lease_watch import LeaseWatch
from devtrail_tui.runtime.process import alive, this_process
from devtrail_tui.runtime.store_retry import PASSES
from devtrail_tui.store.database import Database, await_commit
from devtrail_tui.store.queue import JobQueue, prune_events

HEALTH_S = 2.0
"""Interval of database health checks."""
PRUNE_S = 3600.0
"""Interval of deleting old events."""
EVENT_RETENTION = timedelta(days=30)
"""How long status events are kept for their readers."""
RESCUE_S = 1.0
"""Maximum interval between two searches for orphaned jobs."""
LOOKS_A_LEASE = 8
"""Searches per lease: an orphaned job of another host is then found well before one and a half leases have passed."""
_logger = logging.getLogger(__name__)


def duties_of_worker(
    database: Database, queue: JobQueue, clock: Clock, lease_s: float, running: Callable[[], Collection[Claim]]
) -> Duties:
    """The duties of one worker; `running` returns the claims of its running jobs."""
    watch = LeaseWatch(clock, lease_s)

    async def check_health() -> None:
        await asyncio.to_thread(database.check_health)

    async def prune() -> None:
        await await_commit(prune_events(database, clock.now() - EVENT_RETENTION))

    async def rescue() -> None:
        try:
            rescued = await await_commit(
                queue.rescue(host=this_process().host, alive=alive, spare=running(), ran_out=watch.ran_out)
            )
        except PASSES as error:
            _logger.warning("the search for orphaned jobs failed: %s", error)
            return
        for job in rescued:
            _logger.warning("job %d was left by a dead worker; it is %s now", job.id, job.status)

    return Duties(
        clock.monotonic,
        Duty("health", HEALTH_S, check_health),
        Duty("rescue", min(RESCUE_S, lease_s / LOOKS_A_LEASE), rescue),
        Duty("events", PRUNE_S, prune),
    )
