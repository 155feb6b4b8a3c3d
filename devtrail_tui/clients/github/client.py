"""The GitHub client (core.pull_request_source.PullRequestSource)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from devtrail_tui.clients.github import parsing
from devtrail_tui.clients.github.answers import FORBIDDEN, NOT_FOUND, GraphError, failure_of
from devtrail_tui.clients.github.calls import Calls
from devtrail_tui.clients.github.endpoint import endpoint
from devtrail_tui.clients.github.failures import RequestRefused, UnexpectedAnswer
from devtrail_tui.clients.github.hydrate import Hydration
from devtrail_tui.clients.github.limiter import CORE, GRAPHQL, GitHubLimits, Limiter, Narrate, Waiting, date_of
from devtrail_tui.clients.github.participation import participation
from devtrail_tui.clients.github.search import Discovery
from devtrail_tui.clients.github.shapes import Node, child, children, text, whole_number
from devtrail_tui.clients.github.transport import Transport
from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import PermanentError, RepositoryExcluded, RepositoryNotFound
from devtrail_tui.core.evidence import PullRequestRef
from devtrail_tui.core.pull_request_source import (
    GITHUB,
    Account,
    DiscoveredPullRequests,
    FetchedPullRequest,
    MergedCounts,
    Participation,
    Repository,
)
from devtrail_tui.core.service import ClientEnvironment, RateLimit
from devtrail_tui.core.text import safe_line

DEFAULT_API_URL = "https://api.github.com"
_REST_RESOURCES = (CORE, GRAPHQL, "search")
_Upcoming = asyncio.Task[list[FetchedPullRequest] | None]


def connect(environment: ClientEnvironment) -> GitHubClient:
    """The client for a job. Raises UsageError for an invalid address."""
    return GitHubClient(
        environment.settings["github_url"],
        environment.secret,
        clock=environment.clock,
        narrate=environment.narrate,
        waiting=environment.waiting,
        pause_s=environment.settings["github_pause_s"],
        excluded=environment.exclusions.repository,
        service_limit=environment.service_limit,
        limits=environment.shared.setdefault("limits", GitHubLimits()),
    )


def clock_ahead_s(asked_at: datetime, answered_at: datetime, their_time: datetime) -> float:
    """Seconds our clock is ahead of theirs. Their time was read between question and answer and has whole seconds: a difference
    within that uncertainty is 0."""
    latest, earliest = answered_at - their_time, asked_at - their_time - timedelta(seconds=1)
    nearest = min(max(timedelta(), earliest), latest)
    return nearest.total_seconds()


class GitHubClient:
    """Finds and fetches merged pull requests with one token.

    `pause_s` is the minimum interval between requests, `timeout_s` the deadline of one exchange, `concurrency` the maximum of
    concurrent requests; `excluded` repositories are not requested. Clients with the same token share their `limits`. `narrate`
    gets sentences for the log; `waiting` a sentence and the end of a limit's wait, then `("", None)`; `service_limit` the
    remaining GraphQL points, which limit a sync. All three must return at once. Use as an async context manager, or call
    `aclose`.
    """

    def __init__(
        self,
        api_url: str = DEFAULT_API_URL,
        token: str = "",
        *,
        clock: Clock,
        narrate: Narrate,
        waiting: Waiting,
        pause_s: float = 0.1,
        timeout_s: float = 60.0,
        connect_timeout_s: float = 10.0,
        concurrency: int = 2,
        rng: random.Random | None = None,
        excluded: Callable[[str], bool] = lambda _name: False,
        service_limit: Callable[[RateLimit], None] = lambda _limit: None,
        limits: GitHubLimits | None = None,
    ) -> None:
        where = endpoint(api_url)
        self._web_host = where.web_host
        self._fetching: set[_Upcoming] = set()
        self._narrate = narrate
        self._excluded = excluded
        self._service_limit = service_limit
        self._login = ""
        self._clock = clock
        self._transport = Transport(where, token, timeout_s=timeout_s, connect_timeout_s=connect_timeout_s)
        self._limiter = Limiter(clock, narrate, waiting, pause_s=pause_s, concurrency=concurrency, limits=limits)
        jitter = rng if rng is not None else random.Random()  # noqa: S311 - jitter, no secret
        self._calls = Calls(where, self._transport, self._limiter, clock, narrate, jitter, self._report)

    async def __aenter__(self) -> GitHubClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop fetching and close all connections."""
        await _stopped(tuple(self._fetching))
        await self._transport.aclose()

    @property
    def host(self) -> str:
        """The web host of evidence, such as github.com."""
        return self._web_host

    async def account(self) -> Account:
        """The token's account, over REST, the only API that lists a classic token's scopes. Raises AuthenticationError,
        PermanentError, TemporaryError."""
        asked_at = self._clock.now()
        user, headers = await self._calls.rest("/user")
        answered_at, their_time = self._clock.now(), date_of(headers)
        node = _object(user)
        scopes = (safe_line(scope, limit=60) for scope in headers.get("x-oauth-scopes", "").split(","))
        name = node.get("name")
        self._login = safe_line(text(node, "login"), limit=100)
        return Account(
            login=self._login,
            id=str(whole_number(node, "id")),
            scopes=tuple(scope for scope in scopes if scope),
            name=safe_line(name, limit=200) if isinstance(name, str) else "",
            clock_ahead_s=clock_ahead_s(asked_at, answered_at, their_time) if their_time else None,
        )

    async def limits(self) -> tuple[RateLimit, ...]:
        """GitHub's current limits; the request is free. Empty if an Enterprise server has limits disabled."""
        try:
            limits_json, _ = await self._calls.rest("/rate_limit")
        except RequestRefused as error:
            if error.kind == NOT_FOUND:
                return ()
            raise
        resources = child(_object(limits_json), "resources")
        return tuple(self._limit(name, child(resources, name)) for name in _REST_RESOURCES if name in resources)

    async def repository(self, name: str) -> Repository:
        """Look up owner/name, following renames. Raises RepositoryNotFound, also for a repository hidden from the token, and
        RepositoryExcluded, also if only its current name is excluded."""
        owner, slash, short = name.partition("/")
        if not (owner and slash and short) or "/" in short:
            raise RepositoryNotFound(f"{safe_line(name, limit=100)} is not owner/name.", repository=name)
        if self._excluded(name):
            raise RepositoryExcluded(safe_line(name, limit=140))
        repository = parsing.repository(name, await self._asked_repository(name, owner, short))
        if self._excluded(repository.name):
            raise RepositoryExcluded(repository.name)
        return repository

    async def discover(
        self, repository: Repository, login: str, start: datetime, end: datetime
    ) -> DiscoveredPullRequests:
        """All pull requests merged in [`start`, `end`) that `login` wrote, commented on or reviewed according to GitHub's search.
        Verify the results with core.involvement. Raises RequestRefused if the token may not see them."""
        return await Discovery(self._calls, self._narrate, repository, login).run(start, end)

    async def participation(self, login: str, start: datetime, end: datetime) -> Participation:
        """The repositories in which `login`, the token's owner, took part in [`start`, `end`); excluded ones are omitted."""
        return await participation(self._calls, self._narrate, login, start, end, self._excluded)

    async def merged_counts(self, repository: Repository, login: str, start: datetime, end: datetime) -> MergedCounts:
        """Counts that explain why `discover` returned nothing."""
        return await Discovery(self._calls, self._narrate, repository, login).merged_counts(start, end)

    async def paths(self, repository: Repository) -> Sequence[str]:
        """The paths of all files of the default branch, in one request; GitHub lists up to 100,000."""
        tree, _ = await self._calls.rest(f"/repos/{repository.name}/git/trees/HEAD?recursive=1")
        files = [node for node in children(_object(tree), "tree") if node.get("type") == "blob"]
        return [safe_line(text(node, "path"), limit=parsing.MOST_PATH) for node in files]

    async def server_version(self) -> str:
        """The version of an Enterprise Server, such as 3.17.2; "" for github.com."""
        try:
            meta, _ = await self._calls.rest("/meta")
        except RequestRefused:
            return ""
        version = _object(meta).get("installed_version")
        return safe_line(version, limit=40) if isinstance(version, str) else ""

    async def hydrate(self, refs: Sequence[PullRequestRef]) -> AsyncGenerator[FetchedPullRequest]:
        """Fetch each pull request completely; every ref yields once. The next batch is fetched while the caller processes the
        current one. When leaving early, close the generator (`aclosing`) or the client to stop fetching."""
        batches = Hydration(self._calls, self._narrate, self._web_host).batches(refs)
        upcoming = self._started(batches)
        try:
            while (batch := await upcoming) is not None:
                upcoming = self._started(batches)
                for hydrated in batch:
                    yield hydrated
        finally:
            await _stopped([upcoming])
            await batches.aclose()

    def _started(self, batches: AsyncIterator[list[FetchedPullRequest]]) -> _Upcoming:
        task = asyncio.create_task(_next(batches), name="github-hydrate")
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)
        return task

    async def _asked_repository(self, name: str, owner: str, short: str) -> Node:
        try:
            answer = await self._calls.graph("Repository", {"owner": owner, "name": short})
        except RequestRefused as error:
            raise _repository_refused(name, GraphError(error.kind, str(error))) from error
        repository = answer.data.get("repository")
        if isinstance(repository, dict):
            return repository
        if answer.errors and answer.errors[0].heavy:
            raise failure_of(answer.errors, self._calls.endpoint.api_host)
        raise _repository_refused(name, answer.errors[0] if answer.errors else GraphError(NOT_FOUND, ""))

    def _report(self, seen: RateLimit) -> None:
        if seen.resource == GRAPHQL:
            self._service_limit(replace(seen, service=GITHUB.name, host=self._web_host, account=self._login))

    def _limit(self, resource: str, node: Node) -> RateLimit:
        """`reset` is in seconds of GitHub's clock."""
        reset = whole_number(node, "reset") - self._clock.now().timestamp()
        seconds = min(max(reset, 0.0), 24 * 3600.0)
        return RateLimit(
            resource,
            whole_number(node, "limit"),
            whole_number(node, "remaining"),
            self._clock.now() + timedelta(seconds=seconds),
        )


async def _next(batches: AsyncIterator[list[FetchedPullRequest]]) -> list[FetchedPullRequest] | None:
    return await anext(batches, None)


async def _stopped(tasks: Sequence[_Upcoming]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # marks the error as retrieved for asyncio


def _object(data: Any) -> Node:
    if not isinstance(data, dict):
        raise UnexpectedAnswer("GitHub's answer is not an object.")
    return data


def _repository_refused(name: str, error: GraphError) -> PermanentError:
    shown_name = safe_line(name, limit=140)
    if error.kind == NOT_FOUND:
        return RepositoryNotFound(
            f"{shown_name} was not found: it does not exist, or the token cannot see it "
            "(private repositories need the repo scope).",
            repository=name,
        )
    if error.kind == FORBIDDEN:
        return RepositoryNotFound(f"The token cannot read {shown_name}: {error.message}", repository=name)
    return RequestRefused(f"{shown_name} could not be looked up: {error.message}", kind=error.kind)
