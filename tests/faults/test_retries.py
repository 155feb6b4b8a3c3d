"""Promise 6: retries are polite. They are spread over the whole span, never earlier than the service allows, and never made
where they cannot help. (A long wait is visible and can be cancelled: test_long_waits.py.)"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from devtrail_tui.clients.claude.client import ClaudeAnalyser
from devtrail_tui.clients.claude.request import Judging
from devtrail_tui.clients.github.calls import Calls
from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.core.errors import TemporaryError
from devtrail_tui.core.job import Level, Status
from devtrail_tui.core.pull_request_source import Account
from devtrail_tui.core.retry import delay_s
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.clock import HastyClock
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.faults.longest_jitter import use_longest_jitter
from tests.house.desk import Desk

SAMPLES = 10_000
BASE_S, CAP_S = 2.0, 300.0
"""Of a job's own retries and of Claude's calls."""
GITHUB_BASE_S, GITHUB_CAP_S = 1.0, 30.0
DAY_S = 86_400
TICK_S = 5.0
"""What a wait may be shorter because time has passed since the answer came."""
EVEN = 0.02
"""How far the mean of that many evenly spread samples may be from the middle: seven standard deviations."""


def spans(base: float, cap: float, tries: Sequence[int]) -> list[float]:
    """The longest wait after each of these failures."""
    return [min(cap, base * 2 ** (number - 1)) for number in tries]


def assert_full_jitter(delays: Sequence[float], most: Sequence[float]) -> None:
    """Every delay in its span, and the spans evenly used from end to end."""
    assert all(0 <= delay <= limit for delay, limit in zip(delays, most, strict=True))
    parts = [delay / limit for delay, limit in zip(delays, most, strict=True)]
    assert abs(sum(parts) / len(parts) - 0.5) < EVEN
    tenths = {min(int(part * 10), 9) for part in parts}
    assert tenths == set(range(10))


def nobody(_level: Level, _text: str) -> None:
    """Nobody reads along."""


def nothing(_sentence: str, _until: datetime | None) -> None:
    """Nobody counts down."""


@pytest.fixture
def desk(small_server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(small_server, tmp_path)
    yield made
    small_server.faults.clear()
    made.close()


# --- the delays themselves


def test_ten_thousand_delays_lie_within_full_jitter() -> None:
    rng = random.Random(20_261_123)
    tries = [rng.randint(1, 40) for _ in range(SAMPLES)]
    assert_full_jitter([delay_s(number, rng) for number in tries], spans(BASE_S, CAP_S, tries))


def test_ten_thousand_delays_are_never_shorter_than_the_services_own_word() -> None:
    rng = random.Random(4)
    for _ in range(SAMPLES):
        asked = rng.choice((rng.uniform(0, 10), rng.uniform(0, 2 * DAY_S)))
        assert delay_s(rng.randint(1, 12), rng, retry_after_s=asked) >= asked


def test_two_that_fail_together_do_not_come_back_together() -> None:
    one, other = random.Random(1), random.Random(2)
    together = sum(abs(delay_s(4, one) - delay_s(4, other)) < 0.05 for _ in range(SAMPLES))
    assert together < SAMPLES * 0.02  # evenly spread over 16 s, 0.6 % of pairs are that close


async def test_githubs_calls_wait_ten_thousand_times_within_full_jitter(small_server: FaultyServer) -> None:
    clock = HastyClock()
    async with GitHubClient(
        small_server.url, GITHUB_TOKEN, clock=clock, narrate=nobody, waiting=nothing, rng=random.Random(6)
    ) as client:
        calls: Calls = client._calls
        rng = random.Random(7)
        tries = [rng.randint(1, 12) for _ in range(SAMPLES)]
        for number in tries:
            await calls.back_off(number, TemporaryError("trouble"))
    assert_full_jitter(clock.slept, spans(GITHUB_BASE_S, GITHUB_CAP_S, tries))


@asynccontextmanager
async def analyser(server: FaultyServer, clock: HastyClock) -> AsyncIterator[ClaudeAnalyser]:
    made = ClaudeAnalyser(
        CLAUDE_KEY,
        Judging("claude-sonnet-5-5"),
        clock=clock,
        narrate=nobody,
        waiting=nothing,
        base_url=server.url,
        random=random.Random(8),
    )
    try:
        yield made
    finally:
        await made.aclose()


async def claude_waits(server: FaultyServer, rounds: int) -> None:
    """Calls that fail to the end, over and over."""
    clock = HastyClock()
    server.faults.clear()
    server.faults.always("models", ClaudeFault.overloaded())
    async with analyser(server, clock) as claude:
        for _ in range(rounds):
            with pytest.raises(TemporaryError, match="overloaded"):
                await claude.check()
    server.faults.clear()
    most = spans(BASE_S, CAP_S, range(1, 6)) * rounds
    assert len(clock.slept) == len(most)
    assert all(0 <= wait <= limit for wait, limit in zip(clock.slept, most, strict=True))
    if rounds >= 100:
        parts = [wait / limit for wait, limit in zip(clock.slept, most, strict=True)]
        assert {min(int(part * 10), 9) for part in parts} == set(range(10))


async def test_claudes_calls_wait_within_full_jitter(small_server: FaultyServer) -> None:
    await claude_waits(small_server, 10)


@pytest.mark.full
async def test_claudes_calls_wait_ten_thousand_times_within_full_jitter(small_server: FaultyServer) -> None:
    await claude_waits(small_server, SAMPLES // 5)


def test_an_outage_is_waited_out_with_growing_pauses_and_given_up_after_the_longest_wait(
    server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_longest_jitter(monkeypatch)
    desk = Desk(server, tmp_path, settings={"max_wait": "20m"})
    desk.server.faults.always("user", Fault.close())
    job, failures = desk.launch(), 0
    began = desk.clock.now()
    while not (job := desk.work(job)).status.finished:
        failures += 1
        assert (job.status, job.attempt) == (Status.PENDING, 0), "an outage spends no try"
        pause_s = (job.run_at - desk.clock.now()).total_seconds()
        left_s = (began + timedelta(minutes=20) - desk.clock.now()).total_seconds()
        assert pause_s == pytest.approx(min(CAP_S, BASE_S * 2 ** (failures - 1), left_s), abs=0.1)
        desk.clock.advance(pause_s + 0.001)
    assert failures > job.max_attempts
    assert desk.clock.now() - began >= timedelta(minutes=20)
    assert "Given up after 20 min of waiting; retry the job when it is back." in (job.error or "")
    assert desk.services.queue.retry(job.id).result().status is Status.PENDING
    assert desk.work(job).status is Status.PENDING, "a person's retry begins a new wait"
    desk.close()


def test_an_outage_of_claude_is_waited_out_and_nothing_is_paid_twice(server: FaultyServer, tmp_path: Path) -> None:
    desk = Desk(server, tmp_path)
    desk.server.faults.always("messages", ClaudeFault.overloaded())
    job = desk.sync("acme/shop")
    assert (job.status, job.attempt) == (Status.PENDING, 0)
    assert "overloaded" in (job.waiting_for or "")
    desk.server.faults.clear()
    desk.clock.advance(400)
    job = desk.work(job)
    assert job.status is Status.COMPLETED
    assert job.result is not None
    assert job.result["notAnalysed"] == 0
    paid = [each.body for each in desk.server.requests if "messages" in each.routes and not each.fault]
    assert len(paid) == len(set(paid))
    desk.close()


# --- the service's own word

SECONDS = [1, 61, DAY_S, *(pytest.param(each, marks=pytest.mark.full) for each in (7, 3600))]


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize(("status", "form"), [(403, "seconds"), (429, "date")])
def test_githubs_retry_after_is_kept_to(seconds: int, form: str, status: int, desk: Desk) -> None:
    value = str(seconds)
    if form == "date":
        value = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds + 1), usegmt=True)
    words = {"message": "You have exceeded a secondary rate limit."}
    desk.server.faults.next("user", Fault.status(status, words, retry_after=value))
    began = time.monotonic()
    job = desk.sync()
    assert job.status is Status.COMPLETED
    assert desk.server.count("user") == 2
    passed = time.monotonic() - began + 1.0 if form == "date" else 0.0  # a date comes nearer, and has whole seconds
    assert sum(desk.clock.slept) >= seconds - passed - TICK_S
    assert "GitHub's limit: continuing" in desk.log(job)


@pytest.mark.parametrize("seconds", SECONDS)
def test_githubs_reset_is_waited_for(seconds: int, desk: Desk) -> None:
    desk.server.faults.next("hydrate", GitHubFault.primary_limit(seconds + 2))
    job = desk.sync()
    assert job.status is Status.COMPLETED
    assert sum(desk.clock.slept) >= seconds - TICK_S


@pytest.mark.parametrize("value", ["", "-5", "soon", "1e9", "NaN", "Fri, 99 Foo 2026"])
def test_a_limit_without_a_usable_word_is_waited_out_for_a_minute_at_least(value: str, desk: Desk) -> None:
    words = {"message": "You have exceeded a secondary rate limit."}
    desk.server.faults.next("user", Fault.status(403, words, retry_after=value))
    job = desk.sync()
    assert job.status is Status.COMPLETED
    assert sum(desk.clock.slept) >= 60 - TICK_S


@pytest.mark.parametrize("seconds", SECONDS)
def test_claudes_retry_after_is_kept_to(seconds: int, desk: Desk) -> None:
    """A short one by the call itself, a long one by the job, which is given back until then."""
    desk.server.faults.next("messages", ClaudeFault.limit(seconds))
    began = desk.clock.now()
    job = desk.sync()
    if job.status is Status.PENDING:
        assert job.run_at - began >= timedelta(seconds=seconds)
        asked = desk.server.count("messages")
        assert desk.work(job).status is Status.PENDING
        assert desk.server.count("messages") == asked
        desk.clock.advance((job.run_at - desk.clock.now()).total_seconds() + 1)
        job = desk.work(job)
    assert job.status is Status.COMPLETED
    assert sum(desk.clock.slept) >= seconds
    assert job.result is not None
    assert job.result["notAnalysed"] == 0


@pytest.mark.parametrize("value", ["1e12", "1e300", "99999999999999999999"])
def test_a_word_beyond_all_calendars_is_a_long_wait_and_no_crash(value: str, desk: Desk) -> None:
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "Later"}}
    desk.server.faults.next("models", Fault.status(429, error, retry_after=value))
    job = desk.sync()
    assert job.status is Status.PENDING
    assert job.run_at - desk.clock.now() > timedelta(days=7)
    assert desk.services.queue.cancel(job.id).result().status is Status.CANCELLED


# --- no retry where it cannot help

HOPELESS = {
    "401": (401, "Bad credentials"),
    "404": (404, "Not Found"),
    "422": (422, "Validation Failed"),
}


@pytest.mark.parametrize("route", ["user", "repo", "search", "hydrate"])
@pytest.mark.parametrize("name", sorted(HOPELESS))
def test_what_no_retry_mends_costs_one_call_a_repository(name: str, route: str, desk: Desk) -> None:
    """Only a 401 to a token that was accepted before is tried once more."""
    status, message = HOPELESS[name]
    desk.server.faults.always(route, Fault.status(status, {"message": message}))
    job = desk.sync("acme/shop", analyse=False)
    left_out = route == "hydrate" and status != 401
    assert job.status is (Status.COMPLETED if left_out else Status.FAILED)
    assert not job.successful
    assert job.attempt == 1
    assert desk.work(job).status is job.status
    once_more = status == 401 and route != "user"
    assert len([each for each in desk.server.requests if each.fault]) == (2 if once_more else 1)
    assert desk.clock.slept == ([5.0] if once_more else [])


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_claude_is_not_asked_again_either(status: int, desk: Desk) -> None:
    """A rejected key stops at the free call; what only the gateway lacks there is decided by the first calls."""
    route = "models" if status == 401 else "messages"
    desk.server.faults.always(route, ClaudeFault.error(status, "invalid_request_error", "No"))
    job = desk.sync("acme/shop")
    assert not job.successful, desk.log(job)
    assert desk.server.count("messages") <= (0 if status == 401 else 7)
    sent = [each.body for each in desk.server.requests if "messages" in each.routes]
    assert len(sent) == len(set(sent))
    assert desk.clock.slept == []


async def test_one_bad_login_is_enough_however_many_calls_are_under_way(small_server: FaultyServer) -> None:
    """Repeated bad logins lock an account out."""
    small_server.faults.always("user", GitHubFault.unauthorized())
    async with GitHubClient(
        small_server.url, GITHUB_TOKEN, clock=HastyClock(), narrate=nobody, waiting=nothing, concurrency=1
    ) as client:
        results: Sequence[Account | BaseException] = await asyncio.gather(
            *(client.account() for _ in range(20)), return_exceptions=True
        )
    assert all("rejected the GitHub token" in str(each) for each in results)
    assert small_server.count("user") == 1
