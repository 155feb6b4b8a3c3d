"""The limiter: pauses, places and limits that several clients keep together."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from devtrail_tui.clients.github.failures import Limited
from devtrail_tui.clients.github.limiter import (
    CORE,
    GRAPHQL,
    GitHubLimits,
    Limiter,
)
from devtrail_tui.core.clock import SystemClock
from tests.clients.github.conftest import Said
from tests.doubles.clock import ManualClock


def a_limiter(clock: ManualClock, said: Said, *, pause_s: float = 0.0, concurrency: int = 100) -> Limiter:
    return Limiter(clock, said.narrate, said.waiting, pause_s=pause_s, concurrency=concurrency)


async def test_the_smallest_pause_between_requests(clock: ManualClock, said: Said) -> None:
    limiter = a_limiter(clock, said, pause_s=0.1)
    starts = []
    for took in (0.0, 0.04, 0.5, 0.0):
        async with limiter.turn(GRAPHQL):
            starts.append(clock.monotonic())
            clock.advance(took)
    assert starts == pytest.approx([0.0, 0.1, 0.2, 0.7])
    assert said.lines == []


@pytest.mark.parametrize(("resource", "most"), [(GRAPHQL, 2000), (CORE, 900)])
async def test_no_more_than_githubs_number_a_minute(clock: ManualClock, said: Said, resource: str, most: int) -> None:
    limiter = a_limiter(clock, said)
    for _ in range(most):
        async with limiter.turn(resource):
            clock.advance(0.001)
    before = clock.monotonic()
    async with limiter.turn(resource):
        assert clock.monotonic() == pytest.approx(60)
    assert before < 3
    assert len(said.lines) == 1


async def test_at_most_so_many_at_once(clock: ManualClock, said: Said) -> None:
    limiter = a_limiter(clock, said, concurrency=2)
    inside, most, full, free = 0, 0, asyncio.Event(), asyncio.Event()

    async def request() -> None:
        nonlocal inside, most
        async with limiter.turn(GRAPHQL):
            inside += 1
            most = max(most, inside)
            if inside == 2:
                full.set()
            await free.wait()
            inside -= 1

    tasks = [asyncio.create_task(request()) for _ in range(6)]
    await full.wait()
    for _ in range(10):
        await asyncio.sleep(0)  # room for a third to come in, if it could
    free.set()
    await asyncio.gather(*tasks)
    assert most == 2


async def test_one_limit_holds_everybody_and_is_said_once(clock: ManualClock, said: Said) -> None:
    limiter = a_limiter(clock, said)
    limiter.hold(GRAPHQL, Limited(30, everything=True), 1, "github.com")
    starts: dict[str, float] = {}

    async def request(resource: str) -> None:
        async with limiter.turn(resource):
            starts[resource] = clock.monotonic()

    await asyncio.gather(request(GRAPHQL), request(CORE))
    assert starts == {GRAPHQL: 30, CORE: 30}
    assert len(said.lines) == 1


class OwnLoop:
    """A client's limiter in an event loop and a thread of its own, as each job has one."""

    def __init__(self, limits: GitHubLimits, pause_s: float = 0.0) -> None:
        self.said = Said()
        self.starts: list[float] = []
        self.limiter = Limiter(
            SystemClock(), self.said.narrate, self.said.waiting, pause_s=pause_s, concurrency=2, limits=limits
        )

    def run(self, requests: int) -> threading.Thread:
        thread = threading.Thread(target=lambda: asyncio.run(self._ask(requests)))
        thread.start()
        return thread

    async def _ask(self, requests: int) -> None:
        async def ask() -> None:
            async with self.limiter.turn(GRAPHQL):
                self.starts.append(time.monotonic())

        await asyncio.gather(*(ask() for _ in range(requests)))


def test_clients_of_several_jobs_keep_the_pause_together() -> None:
    limits = GitHubLimits()
    loops = [OwnLoop(limits, pause_s=0.01) for _ in range(4)]
    for thread in [each.run(10) for each in loops]:
        thread.join()
    starts = limits.starts[GRAPHQL]
    assert len(starts) == 40
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 0.01 - 1e-9


def test_a_limit_that_one_job_met_is_waited_out_by_all_and_said_by_each() -> None:
    limits = GitHubLimits()
    loops = [OwnLoop(limits) for _ in range(3)]
    loops[0].limiter.hold(GRAPHQL, Limited(0.3, everything=True), 1, "github.com")
    until = limits.held[GRAPHQL]
    for thread in [each.run(4) for each in loops]:
        thread.join()
    assert datetime.now(UTC) >= until
    assert [len(each.starts) for each in loops] == [4, 4, 4]
    assert [len(each.said.lines) for each in loops] == [1, 1, 1]
    assert [each.said.waits[-1] for each in loops] == [("", None)] * 3


def test_a_job_that_is_blocked_while_it_waits_keeps_no_other_from_its_requests() -> None:
    limits = GitHubLimits()
    blocked, other = OwnLoop(limits, pause_s=0.01), OwnLoop(limits, pause_s=0.01)
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(blocked._ask(3))]
    while len(blocked.starts) < 1:
        loop.run_until_complete(asyncio.sleep(0))  # then nobody runs it: its next request waits for its pause
    other.run(3).join()
    assert len(other.starts) == 3
    loop.run_until_complete(asyncio.gather(*tasks))
    loop.close()


async def test_a_primary_limit_holds_its_own_resource_only(clock: ManualClock, said: Said) -> None:
    limiter = a_limiter(clock, said)
    limiter.hold(GRAPHQL, Limited(30, everything=False), 1, "github.com")
    async with limiter.turn(CORE):
        assert clock.monotonic() == 0


def test_headers_that_say_nothing_are_passed_over(clock: ManualClock, said: Said) -> None:
    limiter = a_limiter(clock, said)
    for headers in ({}, {"x-ratelimit-limit": "many", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}):
        assert limiter.learn(GRAPHQL, headers) is None
