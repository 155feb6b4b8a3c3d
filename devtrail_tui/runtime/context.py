"""What a running job sees: `core.context.Context` made real over the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import Analyser, RateLimit
from devtrail_tui.core.errors import ClaimLost, SecretMissing
from devtrail_tui.core.evidence import (
    Criterion,
    EvidenceEntry,
    KnownPullRequest,
    NewEvidence,
    NewJudgement,
    Ownership,
    PullRequest,
)
from devtrail_tui.core.job import Claim, Job, Level, Progress
from devtrail_tui.core.progress import Waiting
from devtrail_tui.core.service import S, ServiceSpec
from devtrail_tui.runtime.ledger import Ledger
from devtrail_tui.runtime.patience import Patience
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.criteria_store import CriteriaStore
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.rubrics import Rubrics
from devtrail_tui.store.secrets import Secrets

T = TypeVar("T")

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
    patience: Patience


class JobContext:
    """One claimed run. Lives on the worker's event loop; nothing in it is for other threads."""

    def __init__(self, job: Job, claim: Claim, secret_references: Mapping[str, str], stores: JobStores) -> None:
        self._job = job
        self._claim = claim
        self._references = secret_references
        self._stores = stores
        self._lines: list[tuple[datetime, Level, str]] = []
        self._progress = job.progress_detail
        self._progress_due = False
        self._waits: dict[object, Waiting] = {}
        self._limits: dict[tuple[str, ...], RateLimit] = {}
        self._spent_usd = job.spent_usd
        self._cursor: dict[str, Any] = {}
        self._flushing = asyncio.Lock()
        self._clients: dict[object, Any] = {}
        self._exits = AsyncExitStack()
        self.evidence = _Evidence(stores.evidence)
        self.criteria = _Criteria(self, claim, stores)
        self.analyses = Ledger(claim, stores.analyses, stores.patience, stores.clock, self.add_spent)

    @property
    def job_id(self) -> int:
        return self._job.id

    @property
    def attempt(self) -> int:
        return self._job.attempt

    @property
    def spent_usd(self) -> float:
        return self._spent_usd

    @property
    def clock(self) -> Clock:
        return self._stores.clock

    @property
    def patience(self) -> Patience:
        """Waits out a store that cannot write for now."""
        return self._stores.patience

    @property
    def cursor(self) -> Mapping[str, Any]:
        return self._cursor

    async def open(self) -> None:
        """Read what earlier attempts left."""
        self._cursor = dict(await asyncio.to_thread(self._stores.evidence.cursor, self._job.id))

    async def close(self) -> None:
        """Close the clients that were made."""
        await self._exits.aclose()

    def log(self, message: str, level: Level = Level.INFO) -> None:
        self._lines.append((self._stores.clock.now(), level, message))

    def progress(self, progress: Progress) -> None:
        waiting = next(iter(self._waits.values()), None)
        self._progress = replace(progress, spent_usd=self._spent_usd, waiting=waiting)
        self._progress_due = True

    def waiting(self, client: object, sentence: str, until: datetime | None) -> None:
        """Show, or with an empty sentence take away, what one of the job's clients waits for."""
        if sentence:
            self._waits[client] = Waiting(sentence, until)
        else:
            self._waits.pop(client, None)
        self.progress(self._progress)

    def service_limit(self, limit: RateLimit) -> None:
        """A client saw what is left of its service's limit; stored with the next flush."""
        self._limits[limit.service, limit.host, limit.account, limit.resource] = limit
        self._progress_due = True

    async def save(
        self,
        evidence: Sequence[NewEvidence] = (),
        *,
        judgements: Sequence[NewJudgement] = (),
        ownership: Ownership | None = None,
        cursor: Mapping[str, Any] | None = None,
        log: Sequence[tuple[Level, str]] = (),
    ) -> Sequence[KnownPullRequest]:
        now = self._stores.clock.now()
        async with self._flushing:
            lines = [*self._take_lines(), *((now, level, message) for level, message in log)]
            save = partial(self._stores.evidence.save, judgements=judgements, ownership=ownership, cursor=cursor)
            known = await self._written(lines, lambda: save(self._claim, evidence, log=lines))
            self._cursor.update(cursor or {})
        return known

    async def source(self, spec: ServiceSpec[S]) -> S:
        return await self._client(spec, lambda scope: self._stores.clients.source(spec, scope))

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        clients = self._stores.clients
        return await self._client((model, about), lambda scope: clients.analyser(scope, model=model, about=about))

    async def _client(self, key: object, make: Callable[[ClientScope], Awaitable[S]]) -> S:
        if key not in self._clients:
            scope = ClientScope(
                self.secret,
                lambda level, message: self.log(message, level),
                partial(self.waiting, key),
                self.service_limit,
            )
            self._clients[key] = await self._exits.enter_async_context(aclosing(await make(scope)))
        client: S = self._clients[key]
        return client

    def has_secret(self, name: str) -> bool:
        try:
            return bool(self._stores.secrets.resolve(name, self._references.get(name, "")))
        except SecretMissing:
            return False

    async def secret(self, name: str) -> str:
        return await asyncio.to_thread(self._stores.secrets.resolve, name, self._references.get(name, ""))

    async def flush(self) -> None:
        """Store the lines and the progress that wait. Raises ClaimLost."""
        async with self._flushing:
            lines = self._take_lines()
            append = self._stores.job_log.append
            if lines and not await self._written(lines, lambda: append(self._claim, lines)):
                raise ClaimLost(f"Job {self._job.id} was taken over by another worker.")
            if self._progress_due:
                self._progress_due = False
                progress = self._stores.queue.progress
                limits, self._limits = tuple(self._limits.values()), {}
                if not await self.patience.write(lambda: progress(self._claim, self._progress, limits)):
                    raise ClaimLost(f"Job {self._job.id} was taken over by another worker.")

    async def keep_flushing(self) -> None:
        """Flush every 200 ms until cancelled. Raises ClaimLost, or StoreError when the database is of no use any more."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    def add_spent(self, usd: float) -> None:
        """Money was paid for this job."""
        self._spent_usd += usd
        self.progress(self._progress)

    async def _written(self, lines: list[tuple[datetime, Level, str]], attempt: Callable[[], Future[T]]) -> T:
        """Write log lines, alone or with more; lines that were not stored in the end wait for the next flush."""
        last: list[Future[T]] = []

        def begin() -> Future[T]:
            last[:] = [attempt()]
            return last[0]

        try:
            return await self.patience.write(begin)
        except BaseException:
            if not last or last[0].cancelled() or last[0].exception() is not None:
                self._lines[:0] = lines
            raise

    def _take_lines(self) -> list[tuple[datetime, Level, str]]:
        lines, self._lines = self._lines, []
        return lines


class _Evidence:
    """The reading door; reads run off the loop."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    async def known_nodes(
        self, host: str, account_id: str | None, login: str, node_ids: Sequence[str]
    ) -> Mapping[str, KnownPullRequest]:
        return await asyncio.to_thread(self._store.known_nodes, host, account_id, login, node_ids)

    async def lacks_identity(self, ownership: Ownership) -> bool:
        return await asyncio.to_thread(self._store.lacks_identity, ownership)

    async def not_analysed(self, login: str | None, repositories: Sequence[str]) -> Sequence[EvidenceEntry]:
        return await asyncio.to_thread(self._store.not_analysed, login, repositories)

    async def pull_request(self, evidence_id: int) -> PullRequest:
        return await asyncio.to_thread(self._store.pull_request, evidence_id)


class _Criteria:
    """The job's rubric."""

    def __init__(self, context: JobContext, claim: Claim, stores: JobStores) -> None:
        self._context = context
        self._claim = claim
        self._stores = stores

    async def detectable(self) -> Sequence[Criterion]:
        present = await asyncio.to_thread(self._stores.criteria.list)
        rubric = await self._context.patience.write(lambda: self._stores.rubrics.fixed(self._claim, present))
        return [each for each in rubric if each.pr_detectable]
