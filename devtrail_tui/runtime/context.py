"""The context of a running job: implements `core.context.Context` over the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import tzinfo
from functools import partial
from typing import Any

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import Analyser
from devtrail_tui.core.errors import SecretMissing
from devtrail_tui.core.evidence import (
    Criterion,
    EvidenceEntry,
    KnownPullRequest,
    NewEvidence,
    NewJudgement,
    Ownership,
    PullRequest,
)
from devtrail_tui.core.job import TIME_ZONE, Claim, Job, Level, Progress
from devtrail_tui.core.plain_values import check_fields, described, plain
from devtrail_tui.core.service import S, ServiceSpec
from devtrail_tui.core.time_zones import zone_of
from devtrail_tui.runtime.job_output import ClientScope, JobOutput, JobStores
from devtrail_tui.runtime.ledger import Ledger
from devtrail_tui.store.evidence_store import EvidenceStore

_WHAT_CALLS_COST = ("keep", "keep_late", "release", "release_late", "uncertain")
"""Ledger calls that are accepted after the job has ended: a late answer was paid for too."""


class JobContext:
    """One claimed run. The handler uses it in its own thread; the worker's loop stores its output, and closes it when the job
    has ended."""

    def __init__(self, job: Job, claim: Claim, secret_references: Mapping[str, str], stores: JobStores) -> None:
        self._job = job
        self._claim = claim
        self._references = secret_references
        self._stores = stores
        self.output = JobOutput(job, claim, stores)
        self._cursor: dict[str, Any] = {}
        self._clients: dict[object, Any] = {}
        self._exits = AsyncExitStack()
        self.progressed = False
        """Whether this run stored something new."""
        self.evidence = self._guarded(_Evidence(stores.evidence))
        self.criteria = self._guarded(_Criteria(claim, stores))
        ledger = Ledger(claim, stores.analyses, stores.store_retry, stores.clock, self.output.add_spent)
        self.analyses = self._guarded(ledger, open_for=_WHAT_CALLS_COST)

    @property
    def job_id(self) -> int:
        return self._job.id

    @property
    def spent_usd(self) -> float:
        return self.output.spent_usd

    @property
    def clock(self) -> Clock:
        return self._stores.clock

    @property
    def zone(self) -> tzinfo | None:
        return zone_of(str(self._job.config.get(TIME_ZONE, "")))

    @property
    def cursor(self) -> Mapping[str, Any]:
        return self._cursor

    def open(self) -> None:
        """Load the state of earlier attempts; blocks, so call it in the job's thread."""
        self._cursor = dict(self._stores.evidence.cursor(self._job.id))

    async def close(self) -> None:
        """Close the job's clients."""
        await self._exits.aclose()

    def log(self, message: str, level: Level = Level.INFO) -> None:
        self.output.check_open()
        self.output.note(*_checked_line(level, message))

    def progress(self, progress: Progress) -> None:
        self.output.check_open()
        if not isinstance(progress, Progress):
            raise TypeError(f"A job's progress is a Progress, not {described(progress)}.")
        check_fields(progress, "The progress")
        self.output.show(progress)

    async def save(
        self,
        evidence: Sequence[NewEvidence] = (),
        *,
        judgements: Sequence[NewJudgement] = (),
        ownership: Ownership | None = None,
        cursor: Mapping[str, Any] | None = None,
        log: Sequence[tuple[Level, str]] = (),
    ) -> Sequence[KnownPullRequest]:
        self.output.check_open()
        now, moved = self._stores.clock.now(), plain(dict(cursor or {}), "cursor")
        log_lines = [(now, level, message) for message, level in (_checked_line(*line) for line in log)]
        save = partial(self._stores.evidence.save, judgements=judgements, ownership=ownership, cursor=moved)
        saved = await self._stores.store_retry.write(
            lambda: self.output.lines.write(lambda lines: save(self._claim, evidence, log=[*lines, *log_lines]))
        )
        self._cursor.update(moved)
        self.progressed = self.progressed or saved.changed
        return saved.entries

    async def source(self, spec: ServiceSpec[S]) -> S:
        return await self._client(spec, lambda scope: self._stores.clients.source(spec, scope))

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        clients = self._stores.clients
        return await self._client((model, about), lambda scope: clients.analyser(scope, model=model, about=about))

    async def _client(self, key: object, make: Callable[[ClientScope], Awaitable[S]]) -> S:
        self.output.check_open()
        if key not in self._clients:
            scope = ClientScope(
                self.secret,
                lambda level, message: self.log(message, level),
                partial(self.output.waiting, key),
                self.output.service_limit,
            )
            opened_client = await self._exits.enter_async_context(aclosing(await make(scope)))
            self._clients[key] = self._guarded(opened_client)
        client: S = self._clients[key]
        return client

    def has_secret(self, name: str) -> bool:
        self.output.check_open()
        try:
            return bool(self._stores.secrets.resolve(name, self._references.get(name, "")))
        except SecretMissing:
            return False

    async def secret(self, name: str) -> str:
        self.output.check_open()
        return await asyncio.to_thread(self._stores.secrets.resolve, name, self._references.get(name, ""))

    def _guarded(self, port: Any, open_for: Collection[str] = ()) -> Any:
        return _Guarded(port, self.output.check_open, open_for)


class _Guarded:
    """A port that refuses calls after the job has ended, except some methods."""

    def __init__(self, port: Any, check: Callable[[], None], open_for: Collection[str]) -> None:
        self._port = port
        self._check = check
        self._open_for = open_for

    def __getattr__(self, name: str) -> Any:
        if name not in self._open_for:
            self._check()
        return getattr(self._port, name)


def _checked_line(level: Level, message: str) -> tuple[str, Level]:
    """A line's text and level. Raises TypeError, ValueError in the handler's frame if they are invalid."""
    if not isinstance(message, str):
        raise TypeError(f"A log line is a str, not {described(message)}.")
    return message, Level(level)


class _Evidence:
    """Read access to evidence; reads run off the loop."""

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

    async def latest_cursor(self, key: str) -> Any:
        return await asyncio.to_thread(self._store.latest_cursor, key)

    async def pull_request(self, evidence_id: int) -> PullRequest:
        return await asyncio.to_thread(self._store.pull_request, evidence_id)


class _Criteria:
    """The job's rubric."""

    def __init__(self, claim: Claim, stores: JobStores) -> None:
        self._claim = claim
        self._stores = stores

    async def detectable(self) -> Sequence[Criterion]:
        present = await asyncio.to_thread(self._stores.criteria.list)
        rubric = await self._stores.store_retry.write(lambda: self._stores.rubrics.fixed(self._claim, present))
        return [criterion for criterion in rubric if criterion.pr_detectable]
