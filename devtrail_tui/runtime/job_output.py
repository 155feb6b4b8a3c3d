"""What a running job shows: log lines, progress, waits, limits, dollars. It is stored every 200 ms."""

from __future__ import annotations

import asyncio
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
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.rubrics import Rubrics
from devtrail_tui.store.secrets import Secrets

FLUSH_S = 0.2
"""Longest time a log line or a progress value stays in memory only, while the store can write."""


@dataclass(frozen=True, slots=True)
class ClientScope:
    """What a client gets of the job it is made for; silent where there is none."""

    secret: Callable[[str], Awaitable[str]]
    narrate: Callable[[Level, str], None] = lambda _level, _line: None
    waiting: Callable[[str, datetime | None], None] = lambda _sentence, _until: None
    service_limit: Callable[[RateLimit], None] = lambda _limit: None


class ClientFactory(Protocol):
    """Makes clients of outside services; whoever asks closes them."""

    async def source(self, spec: ServiceSpec[S], scope: ClientScope) -> S:
        """The client of a service. Raises SecretMissing, PermanentError for one nobody provides."""
        ...

    async def analyser(self, scope: ClientScope, *, model: str, about: str = "") -> Analyser:
        """What asks Claude. Raises SecretMissing."""
        ...


@dataclass(frozen=True, slots=True)
class JobStores:
    """The stores a job writes to and reads from, through its context only."""

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
    """Any thread may add to it; `flush` and `keep_flushing` belong to the worker's loop."""

    def __init__(self, job: Job, claim: Claim, stores: JobStores) -> None:
        self._claim = claim
        self._stores = stores
        self._refused = False
        self.lines = LogBuffer()
        self.spent_usd = job.spent_usd
        self._progress = job.progress_detail
        self._progress_due = False
        self._waits: dict[object, Waiting] = {}
        self._limits: dict[tuple[str, ...], RateLimit] = {}

    def refuse(self) -> None:
        """The job has ended: from here on a handler that goes on gets JobEnded for whatever it asks."""
        self._refused = True

    def check_open(self) -> None:
        """Raises JobEnded once the job has ended."""
        if self._refused:
            raise JobEnded(f"Job {self._claim.job_id} has ended; nothing more is done for it.")

    def note(self, message: str, level: Level) -> None:
        """A line of our own, also after the end."""
        self.lines.add((self._stores.clock.now(), level, message))

    def show(self, progress: Progress) -> None:
        waiting = next(iter(tuple(self._waits.values())), None)
        self._progress = replace(progress, spent_usd=self.spent_usd, waiting=waiting)
        self._progress_due = True

    def waiting(self, client: object, sentence: str, until: datetime | None) -> None:
        """Show, or with an empty sentence take away, what one of the job's clients waits for."""
        if sentence:
            self._waits[client] = Waiting(sentence, until)
        else:
            self._waits.pop(client, None)
        self.show(self._progress)

    def service_limit(self, limit: RateLimit) -> None:
        """A client saw what is left of its service's limit; stored with the next flush."""
        self._limits[limit.service, limit.host, limit.account, limit.resource] = limit
        self._progress_due = True

    async def flush(self) -> None:
        """Store the lines and the progress that wait. Raises ClaimLost."""
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
        """Flush every 200 ms until cancelled. Raises ClaimLost, or StoreError when the database is of no use any more."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    def add_spent(self, usd: float) -> None:
        """Money was paid for this job."""
        self.spent_usd += usd
        self.show(self._progress)
