"""What the tests of the Claude client share: a pull request, criteria, a clock, an analyser with its server, child processes."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from devtrail_tui.clients.claude.child_process import ClaudeProcess
from devtrail_tui.clients.claude.client import ClaudeAnalyser
from devtrail_tui.clients.claude.request import Judging
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.context import Analyser, AnalysisRequest
from devtrail_tui.core.evidence import ChangedFile, Comment, Criterion, PullRequest, Review, Role
from devtrail_tui.core.job import Level
from devtrail_tui.demo.records import Person
from devtrail_tui.demo.server import CLAUDE_KEY
from devtrail_tui.demo.world import World
from tests.doubles.clock import HastyClock, ManualClock
from tests.doubles.server import FaultyServer

MODEL = "claude-sonnet-5-5"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MakePullRequest = Callable[..., PullRequest]
MakeAnalyser = Callable[..., ClaudeAnalyser]
PATIENCE_S = 60.0
SECRETS = {
    "ANTHROPIC_API_KEY": CLAUDE_KEY,
    "GITHUB_TOKEN": "ghp_canary",
    "GH_ENTERPRISE_TOKEN": "canary2",
    "DEVTRAIL_SECRET_KEY": "canary3",
    "DEVTRAIL_DATABASE_URL": "postgresql://me:canary4@host/db",
    "NPM_AUTH_TOKEN": "canary5",
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def make_pull_request() -> MakePullRequest:
    merged = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    plain = PullRequest(
        host="github.com",
        node_id="PR_1",
        number=123,
        url="https://github.com/acme/shop/pull/123",
        repository="acme/shop",
        title="Fix retry storm after a payment timeout",
        body="Root cause: the client retried without a limit.\n\nRetries are now bounded,\nwith jitter.",
        author="mona",
        author_kind="User",
        branch="retry-storm",
        created_at=merged - timedelta(days=2),
        merged_at=merged,
        updated_at=merged,
        additions=120,
        deletions=30,
        changed_files=2,
        files=(ChangedFile("src/services/payments/retry.py", 100, 20), ChangedFile("tests/test_retry.py", 20, 10)),
        comments=(Comment("hubot", "That explains last week's incident.", merged),),
        reviews=(Review("hubot", "APPROVED", "Clear description and good tests.", merged),),
        review_comments=(Comment("mona", "The limit is five, see the runbook.", merged, path="src/retry.py"),),
        labels=("reliability",),
    )

    def make(**changes: Any) -> PullRequest:
        return replace(plain, **changes)

    return make


@pytest.fixture
def criteria() -> list[Criterion]:
    return [
        Criterion("debugging", "Reliability", "Finding root causes", "Tracks a fault down to its real cause."),
        Criterion("resilience", "Reliability", "Resilience", "Timeouts and retries with limits."),
        Criterion("testing", "Craft", "Testing", "Proves behaviour with tests."),
        Criterion("explaining", "Collaboration", "Clear writing", "Explains a change in its description."),
        Criterion("hiring", "Leadership", "Hiring", "Interviews fairly.", pr_detectable=False),
    ]


@dataclass
class Desk:
    """An analyser, its server, and everything it said."""

    server: FaultyServer
    clock: ManualClock
    lines: list[tuple[Level, str]] = field(default_factory=list)
    waits: list[tuple[str, datetime | None]] = field(default_factory=list)
    opened: list[ClaudeAnalyser] = field(default_factory=list)

    def analyser(
        self, *, key: str = CLAUDE_KEY, model: str = MODEL, user_context: str = "", language: str = "", **options: Any
    ) -> ClaudeAnalyser:
        made = ClaudeAnalyser(
            key,
            Judging(model, user_context, language),
            clock=self.clock,
            random=random.Random(5),
            narrate=lambda level, line: self.lines.append((level, line)),
            waiting=lambda sentence, until: self.waits.append((sentence, until)),
            **({"base_url": self.server.url} | options),
        )
        self.opened.append(made)
        return made

    def as_protocol(self) -> Analyser:
        return self.analyser(concurrency=7)

    def said(self) -> str:
        return "\n".join(line for _, line in self.lines)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(World(Person("mona", "Mona", 1), [], [])) as running:
        yield running
        running.faults.clear()


@pytest.fixture
async def desk(server: FaultyServer, clock: ManualClock) -> AsyncIterator[Desk]:
    opened = Desk(server, clock)
    yield opened
    for each in opened.opened:
        await each.aclose()


@pytest.fixture
def sent(desk: Desk, make_pull_request: Callable[..., PullRequest], criteria: list[Criterion]) -> AnalysisRequest:
    return desk.analyser().prepare(make_pull_request(), ["payments"], criteria, login="mona", roles=[Role.AUTHOR])


@pytest.fixture(scope="module")
def warm() -> Iterator[ClaudeProcess]:
    """One for all tests that leave it alive."""
    process = ClaudeProcess(SystemClock(), environ={**os.environ, **SECRETS})
    process.start()
    yield process
    process.close()


@pytest.fixture
def own() -> Iterator[ClaudeProcess]:
    """One for a test that harms it."""
    process = ClaudeProcess(SystemClock())
    yield process
    process.close()


@pytest.fixture
def analyser(server: FaultyServer) -> MakeAnalyser:
    def make(process: ClaudeProcess, *, key: str = CLAUDE_KEY, model: str = MODEL, attempts: int = 6) -> ClaudeAnalyser:
        return ClaudeAnalyser(
            key,
            Judging(model),
            clock=HastyClock(),
            random=random.Random(3),
            narrate=lambda *_: None,
            waiting=lambda *_: None,
            base_url=server.url,
            connection=process,
            attempts=attempts,
        )

    return make


def pid_of(process: ClaudeProcess) -> int:
    """The child's process id."""
    assert process._child is not None
    return process._child.process.pid


def gone(pid: int) -> None:
    """Wait for the end of a process that need not be ours."""
    try:
        psutil.Process(pid).wait(PATIENCE_S)
    except psutil.NoSuchProcess:
        return
