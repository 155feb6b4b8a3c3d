"""What the tests of the GitHub client share: a clock that only waiting moves, what was said, and the demo's GitHub."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.core.evidence import PullRequestRef
from devtrail_tui.core.job import Level
from devtrail_tui.core.pull_request_source import FetchedPullRequest
from devtrail_tui.core.service import RateLimit
from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.server import GITHUB_TOKEN
from devtrail_tui.demo.world import World
from tests.doubles.clock import ManualClock
from tests.doubles.server import FaultyServer

TODAY = date(2026, 11, 20)
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2030, 1, 1, tzinfo=UTC)
MakeClient = Callable[..., GitHubClient]


@dataclass
class Said:
    """What the client told its owner."""

    lines: list[tuple[Level, str]] = field(default_factory=list)
    waits: list[tuple[str, datetime | None]] = field(default_factory=list)
    limits: list[RateLimit] = field(default_factory=list)

    def narrate(self, level: Level, message: str) -> None:
        self.lines.append((level, message))

    def waiting(self, sentence: str, until: datetime | None) -> None:
        self.waits.append((sentence, until))

    @property
    def text(self) -> str:
        return "\n".join(message for _, message in self.lines)


async def fetched(client: GitHubClient, refs: list[PullRequestRef]) -> list[FetchedPullRequest]:
    async with aclosing(client.hydrate(refs)) as results:
        return [each async for each in results]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(TODAY)


@pytest.fixture
async def server(world: World) -> AsyncIterator[FaultyServer]:
    async with FaultyServer(world) as running:
        yield running


@pytest.fixture
async def make_client(clock: ManualClock, said: Said) -> AsyncIterator[MakeClient]:
    """Makes clients that are closed with the test."""
    made: list[GitHubClient] = []

    def make(url: str, token: str = GITHUB_TOKEN, **options: Any) -> GitHubClient:
        settings = {"pause_s": 0.0, "timeout_s": 10.0, "rng": random.Random(1), **options}
        settings |= {"narrate": said.narrate, "waiting": said.waiting, "service_limit": said.limits.append}
        made.append(GitHubClient(url, token, clock=clock, **settings))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def client(make_client: MakeClient, server: FaultyServer) -> GitHubClient:
    return make_client(server.url)


@pytest.fixture
async def refs(client: GitHubClient, server: FaultyServer) -> list[PullRequestRef]:
    """Everything the user did in acme/shop, found; the server's book is empty again."""
    shop = await client.repository("acme/shop")
    discovered = await client.discover(shop, server.world.viewer.login, LONG_AGO, FAR_AHEAD)
    server.recorder.clear()
    return list(discovered.refs)
