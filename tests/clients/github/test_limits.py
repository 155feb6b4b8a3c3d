"""GitHub's limits: recognised in all their forms, waited out visibly, given up in the end."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from devtrail_tui.clients.github.answers import limited
from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.clients.github.failures import Limited
from devtrail_tui.clients.github.limiter import (
    CORE,
    GRAPHQL,
    GitHubLimits,
    Limiter,
    going_on,
    seconds_of_retry_after,
    seconds_until_reset,
)
from devtrail_tui.clients.github.transport import HttpAnswer
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.errors import PermanentError, TemporaryError
from devtrail_tui.core.job import Level
from tests.clients.github.conftest import START, MakeClient, Said
from tests.doubles.clock import ManualClock
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def answer(status: int, data: Any, **headers: str) -> tuple[HttpAnswer, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, httpx.Headers(names), json.dumps(data).encode()), data


SECONDARY = {"message": "You have exceeded a secondary rate limit."}
PRIMARY = {"message": "API rate limit exceeded for user ID 1."}
RATE_LIMITED = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}


@pytest.mark.parametrize(
    ("status", "data", "headers", "expected"),
    [
        (429, SECONDARY, {"retry_after": "7"}, Limited(7, everything=True)),
        (403, SECONDARY, {"retry_after": "7"}, Limited(7, everything=True)),
        (403, SECONDARY, {}, Limited(None, everything=True)),
        (429, {}, {}, Limited(None, everything=True)),
        (429, None, {}, Limited(None, everything=True)),
        (
            403,
            PRIMARY,
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(EPOCH + 90)},
            Limited(90, everything=False),
        ),
        (
            429,
            PRIMARY,
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(EPOCH + 90), "retry_after": "5"},
            Limited(5, everything=False),
        ),
        (
            200,
            RATE_LIMITED,
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(EPOCH + 90)},
            Limited(90, everything=False),
        ),
        (200, RATE_LIMITED, {}, Limited(None, everything=True)),
        (200, {"data": None, "errors": [SECONDARY]}, {"retry_after": "3"}, Limited(3, everything=True)),
        (403, PRIMARY, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "soon"}, Limited(None, everything=False)),
        (403, {"message": "Resource not accessible by personal access token"}, {}, None),
        (403, {"message": "Must have admin rights"}, {"x_ratelimit_remaining": "4000"}, None),
        (403, SECONDARY, {"x_github_sso": "required; url=https://x.example"}, None),
        (200, {"data": {"viewer": {}}}, {"x_ratelimit_remaining": "0"}, None),
        (200, {"data": {}, "errors": [{"type": "NOT_FOUND", "message": "no", "path": ["repository"]}]}, {}, None),
        (200, {"data": {}, "errors": [{"message": "the rate limit service", "path": ["nodes", 1]}]}, {}, None),
        (401, {"message": "Bad credentials"}, {"retry_after": "3"}, None),
        (502, None, {"retry_after": "3"}, None),
    ],
)
def test_what_is_a_limit(status: int, data: Any, headers: Mapping[str, str], expected: Limited | None) -> None:
    assert limited(*answer(status, data, **headers), NOW) == expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("12", 12),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), 0),
        ("99999999999999999999", 24 * 3600),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert seconds_of_retry_after({"retry-after": value}, NOW) == seconds


def test_a_wrong_clock_of_ours_does_not_change_the_wait() -> None:
    """GitHub's Date tells when its reset is counted from."""
    headers = {"x-ratelimit-reset": str(EPOCH + 40), "date": format_datetime(NOW, usegmt=True)}
    assert seconds_until_reset(headers, NOW + timedelta(hours=5)) == 40
    assert seconds_until_reset(headers, NOW - timedelta(hours=5)) == 40


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (0.2, "continuing in 1 s"),
        (12, "continuing in 12 s"),
        (119, "continuing in 119 s"),
        (600, "continuing in 10 min"),
        (3600, "continuing in 60 min"),
        (3601, "continuing at 2026-11-20 13:00 UTC"),
    ],
)
def test_the_sentence_of_a_wait(seconds: float, sentence: str) -> None:
    assert going_on(NOW + timedelta(seconds=seconds), NOW) == f"GitHub's limit: {sentence}"


@pytest.mark.parametrize("status", [403, 429])
async def test_a_secondary_limit_is_waited_out(
    client: GitHubClient, server: FaultyServer, clock: ManualClock, said: Said, status: int
) -> None:
    server.faults.next("repo", GitHubFault.secondary_limit(12, status))
    assert (await client.repository("acme/shop")).name == "acme/shop"
    assert clock.slept == [12]
    assert said.lines == [(Level.WARNING, "GitHub's limit: continuing in 12 s")]
    assert said.waits == [("GitHub's limit", START + timedelta(seconds=12)), ("", None)]


async def test_graphqls_limit_comes_with_status_200(
    client: GitHubClient, server: FaultyServer, clock: ManualClock
) -> None:
    server.faults.next("repo", GitHubFault.graphql_limit(reset_in=30))
    await client.repository("acme/shop")
    assert sum(clock.slept) == pytest.approx(30, abs=2)


async def test_rests_primary_limit(client: GitHubClient, server: FaultyServer, clock: ManualClock) -> None:
    server.faults.next("user", GitHubFault.primary_limit(reset_in=30))
    await client.account()
    assert sum(clock.slept) == pytest.approx(30, abs=2)


async def test_points_that_are_spent_are_waited_for_before_asking(
    client: GitHubClient, server: FaultyServer, clock: ManualClock, said: Said
) -> None:
    """The last answer said that nothing is left: the next request would only be refused."""
    server.faults.next(
        "repo",
        Fault.status(
            200,
            {"data": {"repository": {"id": "R", "nameWithOwner": "acme/shop", "isPrivate": True}}},
            x_ratelimit_limit="5000",
            x_ratelimit_remaining="0",
            x_ratelimit_reset=str(int(datetime.now(UTC).timestamp()) + 100),
            x_ratelimit_resource="graphql",
        ),
    )
    await client.repository("acme/shop")
    assert ([each.remaining for each in said.limits], clock.slept) == ([0], [])
    await client.repository("acme/shop")
    assert sum(clock.slept) == pytest.approx(100, abs=2)
    assert server.count("repo") == 2
    assert said.limits[-1].remaining > 0
    assert said.waits[-1] == ("", None)


async def test_without_a_word_from_github_the_waits_double_then_it_is_given_up(
    client: GitHubClient, server: FaultyServer, clock: ManualClock
) -> None:
    server.faults.always("repo", GitHubFault.secondary_limit(None))
    with pytest.raises(TemporaryError, match="still limits requests after 4 waits") as caught:
        await client.repository("acme/shop")
    assert caught.value.retry_after_s == 960
    assert sum(clock.slept) == 60 + 120 + 240 + 480
    assert server.count("repo") == 5


async def test_a_limit_that_never_ends_is_given_up(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.always("repo", GitHubFault.secondary_limit(5))
    with pytest.raises(TemporaryError, match="still limits requests after 10 waits") as caught:
        await client.repository("acme/shop")
    assert caught.value.retry_after_s == 5


async def test_a_long_wait_says_until_when_and_speaks_sparingly(
    client: GitHubClient, server: FaultyServer, said: Said
) -> None:
    server.faults.next("repo", GitHubFault.secondary_limit(2 * 3600))
    await client.repository("acme/shop")
    assert said.lines[0] == (Level.WARNING, "GitHub's limit: continuing at 2026-11-20 11:00 UTC")
    assert len(said.lines) == 12
    assert said.waits[-1] == ("", None)


async def test_a_wait_can_be_cancelled_and_leaves_no_countdown(
    make_client: MakeClient, server: FaultyServer, said: Said, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(clock, "sleep", sleep)
    server.faults.next("repo", GitHubFault.secondary_limit(600))
    task = asyncio.create_task(make_client(server.url).repository("acme/shop"))
    await asleep.wait()
    reason, until = said.waits[-1]
    assert (reason, until) == ("GitHub's limit", START + timedelta(minutes=10))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said.waits[-1] == ("", None)


async def test_a_403_of_permission_is_not_waited_for(
    client: GitHubClient, server: FaultyServer, clock: ManualClock
) -> None:
    server.faults.always("user", GitHubFault.forbidden())
    with pytest.raises(PermanentError, match=r"Resource not accessible by personal access token\. Add the missing"):
        await client.account()
    assert (clock.slept, server.count("user")) == ([], 1)


async def test_the_limits_for_doctor(client: GitHubClient, server: FaultyServer) -> None:
    found = {each.resource: each for each in await client.limits()}
    assert set(found) == {"core", "graphql", "search"}
    assert (found["graphql"].limit, found["graphql"].remaining) == (5000, 5000)
    assert server.count("rate_limit") == 1


async def test_an_enterprise_server_without_limits(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.next("rate_limit", Fault.status(404, {"message": "Rate limiting is not enabled."}))
    assert await client.limits() == ()


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
