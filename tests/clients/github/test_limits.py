"""GitHub's limits: recognised in all their forms, waited out visibly, given up in the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from devtrail_tui.clients.github.answers import limited
from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.clients.github.failures import Limited
from devtrail_tui.clients.github.limiter import (
    going_on,
    seconds_of_retry_after,
    seconds_until_reset,
)
from devtrail_tui.clients.github.transport import HttpAnswer
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
