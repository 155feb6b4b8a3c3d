"""What a running job sees: `core.context.Context` made real over the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import Analyser
from devtrail_tui.core.errors import ClaimLost, JobEnded, SecretMissing
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
from devtrail_tui.core.plain_values import check_fields, described, plain
from devtrail_tui.core.progress import Waiting
from devtrail_tui.core.service import RateLimit, S, ServiceSpec
from devtrail_tui.runtime.ledger import Ledger
from devtrail_tui.runtime.log_buffer import LogBuffer
from devtrail_tui.runtime.store_retry import StoreRetry
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.criteria_store import CriteriaStore
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.rubrics import Rubrics
from devtrail_tui.store.secrets import Secrets

_WHAT_CALLS_COST = ("keep", "keep_late", "release", "uncertain")
"""What is recorded of the ledger's calls even after the job has ended: an answer that comes late was paid for all the same."""
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


class JobContext:
    """One claimed run. The handler uses it in its own thread; the worker's loop stores what it shows, and refuses it everything
    once the job has ended."""

    def __init__(self, job: Job, claim: Claim, secret_references: Mapping[str, str], stores: JobStores) -> None:
        self._job = job
        self._claim = claim
        self._references = secret_references
        self._stores = stores
        self._log = LogBuffer()
        self._refused = False
        self._progress = job.progress_detail
        self._progress_due = False
        self._waits: dict[object, Waiting] = {}
        self._limits: dict[tuple[str, ...], RateLimit] = {}
        self._spent_usd = job.spent_usd
        self._cursor: dict[str, Any] = {}
        self._clients: dict[object, Any] = {}
        self._exits = AsyncExitStack()
        self.evidence = self._guarded(_Evidence(stores.evidence))
        self.criteria = self._guarded(_Criteria(self, claim, stores))
        ledger = Ledger(claim, stores.analyses, stores.store_retry, stores.clock, self.add_spent)
        self.analyses = self._guarded(ledger, open_for=_WHAT_CALLS_COST)

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
    def store_retry(self) -> StoreRetry:
        """Waits out a store that cannot write for now."""
        return self._stores.store_retry

    @property
    def cursor(self) -> Mapping[str, Any]:
        return self._cursor

    def open(self) -> None:
        """Read what earlier attempts left; in the job's own thread, which it may hold up."""
        self._cursor = dict(self._stores.evidence.cursor(self._job.id))

    async def close(self) -> None:
        """Close the clients that were made."""
        await self._exits.aclose()

    def refuse(self) -> None:
        """The job has ended: from here on a handler that goes on gets JobEnded for whatever it asks."""
        self._refused = True

    def check_open(self) -> None:
        """Raises JobEnded once the job has ended."""
        if self._refused:
            raise JobEnded(f"Job {self._job.id} has ended; nothing more is done for it.")

    def log(self, message: str, level: Level = Level.INFO) -> None:
        self.check_open()
        self.note(*_checked_line(level, message))

    def note(self, message: str, level: Level) -> None:
        """A line of our own, also after the end."""
        self._log.add((self._stores.clock.now(), level, message))

    def progress(self, progress: Progress) -> None:
        self.check_open()
        if not isinstance(progress, Progress):
            raise TypeError(f"A job's progress is a Progress, not {described(progress)}.")
        check_fields(progress, "The progress")
        self._show(progress)

    def _show(self, progress: Progress) -> None:
        waiting = next(iter(tuple(self._waits.values())), None)
        self._progress = replace(progress, spent_usd=self._spent_usd, waiting=waiting)
        self._progress_due = True

    def waiting(self, client: object, sentence: str, until: datetime | None) -> None:
        """Show, or with an empty sentence take away, what one of the job's clients waits for."""
        if sentence:
            self._waits[client] = Waiting(sentence, until)
        else:
            self._waits.pop(client, None)
        self._show(self._progress)

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
        self.check_open()
        now, moved = self._stores.clock.now(), plain(dict(cursor or {}), "cursor")
        log_lines = [(now, level, message) for message, level in (_checked_line(*line) for line in log)]
        save = partial(self._stores.evidence.save, judgements=judgements, ownership=ownership, cursor=moved)
        stored = await self.store_retry.write(
            lambda: self._log.write(lambda lines: save(self._claim, evidence, log=[*lines, *log_lines]))
        )
        self._cursor.update(moved)
        return stored

    async def source(self, spec: ServiceSpec[S]) -> S:
        return await self._client(spec, lambda scope: self._stores.clients.source(spec, scope))

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        clients = self._stores.clients
        return await self._client((model, about), lambda scope: clients.analyser(scope, model=model, about=about))

    async def _client(self, key: object, make: Callable[[ClientScope], Awaitable[S]]) -> S:
        self.check_open()
        if key not in self._clients:
            scope = ClientScope(
                self.secret,
                lambda level, message: self.log(message, level),
                partial(self.waiting, key),
                self.service_limit,
            )
            opened_client = await self._exits.enter_async_context(aclosing(await make(scope)))
            self._clients[key] = self._guarded(opened_client)
        client: S = self._clients[key]
        return client

    def has_secret(self, name: str) -> bool:
        self.check_open()
        try:
            return bool(self._stores.secrets.resolve(name, self._references.get(name, "")))
        except SecretMissing:
            return False

    async def secret(self, name: str) -> str:
        self.check_open()
        return await asyncio.to_thread(self._stores.secrets.resolve, name, self._references.get(name, ""))

    async def flush(self) -> None:
        """Store the lines and the progress that wait. Raises ClaimLost."""
        append, progress = self._stores.job_log.append, self._stores.queue.progress
        stored = True
        if self._log:
            stored = await self.store_retry.write(lambda: self._log.write(partial(append, self._claim)))
        if stored and self._progress_due:
            self._progress_due = False
            limits, self._limits = tuple(self._limits.values()), {}
            stored = await self.store_retry.write(lambda: progress(self._claim, self._progress, limits))
        if not stored:
            raise ClaimLost(f"Job {self._job.id} was taken over by another worker.")

    async def keep_flushing(self) -> None:
        """Flush every 200 ms until cancelled. Raises ClaimLost, or StoreError when the database is of no use any more."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    def add_spent(self, usd: float) -> None:
        """Money was paid for this job."""
        self._spent_usd += usd
        self._show(self._progress)

    def _guarded(self, port: Any, open_for: Collection[str] = ()) -> Any:
        return _Guarded(port, self.check_open, open_for)


class _Guarded:
    """A port that refuses once its job has ended, but for some of its methods."""

    def __init__(self, port: Any, check: Callable[[], None], open_for: Collection[str]) -> None:
        self._port = port
        self._check = check
        self._open_for = open_for

    def __getattr__(self, name: str) -> Any:
        if name not in self._open_for:
            self._check()
        return getattr(self._port, name)


def _checked_line(level: Level, message: str) -> tuple[str, Level]:
    """A line's text and level. Raises TypeError, ValueError for what is none, in the handler's own frame."""
    if not isinstance(message, str):
        raise TypeError(f"A log line is a str, not {described(message)}.")
    return message, Level(level)


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
        rubric = await self._context.store_retry.write(lambda: self._stores.rubrics.fixed(self._claim, present))
        return [criterion for criterion in rubric if criterion.pr_detectable]
