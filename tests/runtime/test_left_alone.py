"""A handler that does not end when it is told to: its job ends without it, and it can do nothing more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from devtrail_tui.core.context import AnalysisRequest, Context
from devtrail_tui.core.errors import JobEnded
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Level, Progress, Status
from devtrail_tui.core.pull_request_source import GITHUB
from devtrail_tui.runtime.job_thread import stuck_threads
from tests.house.desk import PATIENCE_S
from tests.runtime.conftest import Bench

ANSWER = Analysis(
    "k" * 64, "claude-sonnet-5-5", "{}", "end_turn", {}, 0.25, "req_1", datetime(2026, 11, 20, tzinfo=UTC)
)
REQUEST = AnalysisRequest("k" * 64, {"model": "claude-sonnet-5-5"}, 0.5, None, 10, frozenset(), ())


class Blocking:
    """A handler that blocks its loop until it is released, then goes on with `then`."""

    def __init__(self, then: Callable[[Context], Awaitable[object]]) -> None:
        self._then = then
        self._released = threading.Event()
        self.blocks = threading.Event()
        self.over = threading.Event()

    async def __call__(self, _config: Any, context: Context) -> dict[str, Any]:
        context.log("before")
        context.progress(Progress(percent=30))
        self.blocks.set()
        self._released.wait(PATIENCE_S)
        try:
            await self._then(context)
        finally:
            self.over.set()
        return {}

    def release(self) -> None:
        """Let it go on, and wait until nothing of it is left."""
        self._released.set()
        assert self.over.wait(PATIENCE_S)
        for thread in threading.enumerate():
            if thread.name.startswith("job-"):
                thread.join(PATIENCE_S)
        assert stuck_threads() == 0


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devtrail_tui.runtime.executor.END_GRACE_S", 0.1)


@pytest.fixture
def blocked(bench: Bench) -> Iterator[Callable[..., tuple[Blocking, int]]]:
    """Starts a worker on a job that blocks, and waits until it does."""
    made: list[Blocking] = []

    def start(then: Callable[[Context], Awaitable[object]]) -> tuple[Blocking, int]:
        made.append(Blocking(then))
        bench.job_type("BLOCKS", made[-1])
        job = bench.launch("BLOCKS")
        bench.start()
        assert made[-1].blocks.wait(PATIENCE_S)
        return made[-1], job.id

    yield start
    for each in made:
        each.release()


async def nothing(_context: Context) -> None:
    pass


def cancel(bench: Bench, job_id: int) -> None:
    bench.services.queue.cancel(job_id).result()
    bench.wait_until(lambda: bench.job(job_id).status is Status.CANCELLED)


def test_what_a_blocked_job_said_before_is_shown_and_stays(
    bench: Bench, blocked: Callable[..., tuple[Blocking, int]]
) -> None:
    _, job_id = blocked(nothing)
    bench.wait_until(lambda: bench.job(job_id).progress == 30)
    assert [line.message for line in bench.log(job_id)] == ["before"]
    cancel(bench, job_id)
    assert [line.message for line in bench.log(job_id)] == [
        "before",
        f"The handler does not end; its thread job-{job_id} is abandoned.",
        "Cancelled. Saved results are kept.",
    ]
    assert stuck_threads() == 1


PORTS: dict[str, Callable[[Context], Any]] = {
    "log": lambda context: context.log("too late"),
    "progress": lambda context: context.progress(Progress()),
    "save": lambda context: context.save(cursor={"": {"late": True}}),
    "source": lambda context: context.source(GITHUB),
    "analyser": lambda context: context.analyser(model="claude-sonnet-5-5"),
    "secret": lambda context: context.secret("github"),
    "has_secret": lambda context: context.has_secret("github"),
    "evidence": lambda context: context.evidence.pull_request(1),
    "criteria": lambda context: context.criteria.detectable(),
    "find": lambda context: context.analyses.find("k" * 64),
    "lease": lambda context: context.analyses.lease(REQUEST),
}


def test_every_port_refuses_once_the_job_has_ended(bench: Bench, blocked: Callable[..., tuple[Blocking, int]]) -> None:
    refused: list[str] = []

    async def ask_all(context: Context) -> None:
        for name, ask in PORTS.items():
            try:
                asked = ask(context)
                if asyncio.iscoroutine(asked):
                    await asked
            except JobEnded:
                refused.append(name)

    handler, job_id = blocked(ask_all)
    cancel(bench, job_id)
    handler.release()
    assert refused == list(PORTS)
    assert not bench.services.evidence.cursor(job_id)
    assert bench.services.analyses.under_way([REQUEST.key]) == set()


def test_what_was_paid_for_is_recorded_all_the_same(bench: Bench, blocked: Callable[..., tuple[Blocking, int]]) -> None:
    async def keep(context: Context) -> None:
        await context.analyses.keep(ANSWER)

    handler, job_id = blocked(keep)
    cancel(bench, job_id)
    handler.release()
    bench.wait_until(lambda: bench.services.analyses.find(ANSWER.key) is not None)
    assert bench.job(job_id).spent_usd == 0.25


def test_a_handler_that_swallows_its_cancellation_does_nothing_more(bench: Bench) -> None:
    swallowed = 0
    passed = threading.Event()

    async def deaf(_config: Any, _context: Context) -> dict[str, Any]:
        nonlocal swallowed
        try:
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    swallowed += 1
        finally:
            passed.set()

    bench.job_type("DEAF", deaf)
    job = bench.launch("DEAF")
    bench.start()
    bench.wait_until(lambda: bench.job(job.id).status is Status.RUNNING)
    cancel(bench, job.id)
    assert passed.wait(PATIENCE_S)
    assert swallowed == 1
    bench.stop()
    assert stuck_threads() == 0


def test_what_a_handler_leaves_running_ends_with_it(bench: Bench) -> None:
    ended: list[str] = []

    async def part() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("part")

    async def leaves(_config: Any, context: Context) -> dict[str, Any]:
        context.log("left", Level.INFO)
        tasks = [asyncio.create_task(part())]
        await asyncio.sleep(0)
        return {"tasks": len(tasks)}

    bench.job_type("LEAVES", leaves)
    job = bench.launch("LEAVES")
    bench.work()
    assert (bench.job(job.id).status, bench.job(job.id).result) == (Status.COMPLETED, {"tasks": 1})
    assert ended == ["part"]
