"""GITHUB_SYNC run for real: services on a database of their own, against the demo's GitHub and Claude."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.evidence import EvidenceDetail
from devtrail_tui.core.job import Job, LogLine
from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.demo.world import World
from devtrail_tui.runtime.worker import Worker
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from tests.doubles.server import FaultyServer

PATIENCE_S = 20.0


class HastyClock(SystemClock):
    """Time in which every wait is over at once: the clock jumps instead. The waits are written down, in seconds."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=sum(self.waits))

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


class Desk:
    """One person's program: their environment, their database, the server they talk to."""

    def __init__(self, server: FaultyServer, folder: Path, *, claude: bool = True) -> None:
        self.server = server
        self.clock = HastyClock()
        self.environ = {"DEVTRAIL_HOME": str(folder), "PATH": "", "GITHUB_TOKEN": GITHUB_TOKEN}
        if claude:
            self.environ["ANTHROPIC_API_KEY"] = CLAUDE_KEY
        self._workers: list[tuple[Worker, threading.Thread]] = []
        self.services = self._open()

    def _open(self) -> Services:
        settings = load_settings(
            self.environ,
            github_url=self.server.url,
            anthropic_base_url=self.server.url,
            github_pause_s=0.0,
        )
        services = Services(settings, environ=self.environ, clock=self.clock)
        services.open()
        return services

    def launch(self, *repositories: str, **raw: Any) -> Job:
        """Enqueue a sync of all repositories, or of those named."""
        names = repositories or tuple(repository.full_name for repository in self.server.world.repositories)
        return launch_job(self.services, "GITHUB_SYNC", {"repositories": list(names), **raw})

    def sync(self, *repositories: str, **raw: Any) -> Job:
        """Launch one and work until nothing can run."""
        return self.work(self.launch(*repositories, **raw))

    def work(self, job: Job) -> Job:
        """Run the worker until nothing can run now; the job as it stands then."""
        make_worker(self.services, once=True).run()
        return self.job(job)

    def start(self) -> tuple[Worker, threading.Thread]:
        """Run a worker in a thread."""
        worker = make_worker(self.services)
        thread = threading.Thread(target=worker.run)
        self._workers.append((worker, thread))
        thread.start()
        return worker, thread

    def job(self, job: Job) -> Job:
        return self.services.views.job(job.id)

    def log(self, job: Job) -> str:
        """The job's whole log as text."""
        lines: Sequence[LogLine] = self.services.job_log.page(job.id, first_seq=1, limit=10_000)
        return "\n".join(f"{line.level}: {line.message}" for line in lines)

    def evidence(self) -> dict[tuple[str, int], EvidenceDetail]:
        """Everything that is stored, by repository and number."""
        details = [self.services.evidence.detail(number) for number in self.services.evidence.ids()]
        return {(each.entry.repository or "", each.entry.pr_number or 0): each for each in details}

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Look again after every commit until `holds`. Fails when nothing is written any more, or nothing but heartbeats."""
        committed, deadline = threading.Event(), time.monotonic() + 2 * PATIENCE_S
        unsubscribe = self.services.database.on_commit(committed.set)
        try:
            while not holds():
                assert committed.wait(PATIENCE_S), "nothing was written any more"
                assert time.monotonic() < deadline, "it was waited for in vain"
                committed.clear()
        finally:
            unsubscribe()

    def close(self) -> None:
        for worker, thread in self._workers:
            worker.stop()
            thread.join(PATIENCE_S)
        self.services.close()


@pytest.fixture(scope="session")
def world() -> World:
    today: date = datetime.now(UTC).date()
    return build_world(today)


@pytest.fixture
def server(world: World) -> Iterator[FaultyServer]:
    with FaultyServer(world) as running:
        yield running


@pytest.fixture
def desk(server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(server, tmp_path)
    yield made
    made.close()


@pytest.fixture
def desk_without_claude(server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(server, tmp_path, claude=False)
    yield made
    made.close()


def expected(world: World, *repositories: str) -> dict[tuple[str, int], frozenset[str]]:
    """The user's merged pull requests of the last year with their roles, read from the data itself."""
    login = world.viewer.login
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    since = (midnight - timedelta(days=365)).astimezone(UTC)
    until = (midnight + timedelta(days=1)).astimezone(UTC)
    found: dict[tuple[str, int], frozenset[str]] = {}
    for pull in world.pull_requests:
        if pull.merged_at is None or not since <= pull.merged_at < until:
            continue
        if repositories and pull.repository.full_name not in repositories:
            continue
        roles = set()
        if pull.author_login == login:
            roles.add("author")
        if login in pull.commenters:
            roles.add("commenter")
        if login in pull.reviewers and pull.author_login != login:
            roles.add("reviewer")
        if roles:
            found[pull.repository.full_name, pull.number] = frozenset(roles)
    return found
