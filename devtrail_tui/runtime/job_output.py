"""The output of a running job: log lines, progress, waits, limits, dollars. It is stored every 200 ms."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import Analyser
from devtrail_tui.core.errors import ClaimLost, JobEnded
from devtrail_tui.core.job import Claim, Job, Level, Progress
from devtrail_tui.core.progress import Waiting
from devtrail_tui.core.service import RateLimit, S, ServiceSpec
from devtrail_tui.runtime.log_buffer import LogBuffer
from devtrail_tui.runtime.store_retry import StoreRetry
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.criteria_store import CriteriaStore
from devtrail_tui.store.database import Database
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.rubrics import Rubrics
from devtrail_tui.store.secrets import Secrets

FLUSH_S = 0.2
"""Maximum time a log line or progress value stays in memory only, while the store can write."""


@dataclass(frozen=True, slots=True)
class ClientScope:
    """The access of a client to its job; without a job it is silent."""

    secret: Callable[[str], Awaitable[str]]
    narrate: Callable[[Level, str], None] = lambda _level, _line: None
    waiting: Callable[[str, datetime | None], None] = lambda _sentence, _until: None
    service_limit: Callable[[RateLimit], None] = lambda _limit: None


class ClientFactory(Protocol):
    """Creates clients of outside services; the caller closes them."""

    async def source(self, spec: ServiceSpec[S], scope: ClientScope) -> S:
        """The client of a service. Raises SecretMissing, PermanentError for an unknown service."""
        ...

    async def analyser(self, scope: ClientScope, *, model: str, about: str = "") -> Analyser:
        """The Claude client. Raises SecretMissing."""
        ...


@dataclass(frozen=True, slots=True)
class JobStores:
    """The stores behind a job's context."""

    database: Database
    queue: JobQueue
    job_log: JobLog
    evidence: EvidenceStore
    criteria: CriteriaStore
    analyses: Analyses
    rubrics: Rubrics
    secrets: Secrets
    clients: ClientFactory
    clock: Clock
    store_retry: StoreRetry


class JobOutput:
    """Any thread may add output; only the worker's loop calls `flush` and `keep_flushing`."""

    def __init__(self, job: Job, claim: Claim, stores: JobStores) -> None:
        self._claim = claim
        self._stores = stores
        self._refused = False
        self.lines = LogBuffer()
        self.spent_usd = job.spent_usd
        self._progress = job.progress_detail
        self._progress_due = False
        self._waits: dict[object, Waiting] = {}
        self.longest_wait_s = math.inf
        self.long_wait: Waiting | None = None
        """A wait longer than `longest_wait_s`, for which the job should not be kept."""
        self._limits: dict[tuple[str, ...], RateLimit] = {}

    def refuse(self) -> None:
        """Close the output: further calls of the handler raise JobEnded."""
        self._refused = True

    def check_open(self) -> None:
        """Raises JobEnded once the job has ended."""
        if self._refused:
            raise JobEnded(f"Job {self._claim.job_id} has ended; the call is refused.")

    def note(self, message: str, level: Level) -> None:
        """Log a line of the runtime, also after the end."""
        self.lines.add((self._stores.clock.now(), level, message))

    def show(self, progress: Progress) -> None:
        waiting = next(iter(tuple(self._waits.values())), None)
        self._progress = replace(progress, spent_usd=self.spent_usd, waiting=waiting)
        self._progress_due = True

    def waiting(self, client: object, sentence: str, until: datetime | None) -> None:
        """Show the wait of one of the job's clients; an empty sentence ends it."""
        if sentence:
            self._waits[client] = wait = Waiting(sentence, until)
            if until is not None and (until - self._stores.clock.now()).total_seconds() > self.longest_wait_s:
                self.long_wait = wait
        else:
            self._waits.pop(client, None)
        self.show(self._progress)

    def service_limit(self, limit: RateLimit) -> None:
        """Record a service limit reported by a client; stored with the next flush."""
        self._limits[limit.service, limit.host, limit.account, limit.resource] = limit
        self._progress_due = True

    async def flush(self) -> None:
        """Store pending lines and progress. Raises ClaimLost."""
        append, progress = self._stores.job_log.append, self._stores.queue.progress
        stored = True
        if self.lines:
            stored = await self._stores.store_retry.write(lambda: self.lines.write(partial(append, self._claim)))
        if stored and self._progress_due:
            self._progress_due = False
            limits, self._limits = tuple(self._limits.values()), {}
            stored = await self._stores.store_retry.write(lambda: progress(self._claim, self._progress, limits))
        if not stored:
            raise ClaimLost(f"Job {self._claim.job_id} was taken over by another worker.")

    async def keep_flushing(self) -> None:
        """Flush every 200 ms until cancelled. Raises ClaimLost, or StoreError if the database is unusable."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    def add_spent(self, usd: float) -> None:
        """Add to the job's cost."""
        self.spent_usd += usd
        self.show(self._progress)
