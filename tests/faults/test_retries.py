"""Promise 6: retries are polite. They are spread over the whole span, never earlier than the service allows, and never made
where they cannot help; a long wait is visible and can be cancelled."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from devtrail_tui import cli
from devtrail_tui.clients.claude.client import ClaudeAnalyser
from devtrail_tui.clients.github.calls import Calls
from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.context import Account
from devtrail_tui.core.errors import TemporaryError
from devtrail_tui.core.job import Job, Level, Progress, Status
from devtrail_tui.core.retry import delay_s
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.clock import HastyClock
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.faults.longest_jitter import use_longest_jitter
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk

SAMPLES = 10_000
BASE_S, CAP_S = 2.0, 300.0
"""Of a job's own retries and of Claude's calls."""
GITHUB_BASE_S, GITHUB_CAP_S = 1.0, 30.0
DAY_S = 86_400
UNDER_WAY = 2
"""Pull requests, and so calls to Claude that may be under way when the first meets a limit."""
CANCEL_BOUND_S = 1.0
SLACK_S = 2.0
"""What two busy cores may add to the bound."""
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


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer(small_world([Written("Retry with backoff"), Written("Cache the prices")])) as running:
        running.limits.graphql.limit = running.limits.core.limit = 1_000_000
        yield running


@pytest.fixture
def desk(server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    server.faults.clear()
    server.recorder.clear()
    made = Desk(server, tmp_path)
    yield made
    server.faults.clear()
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


async def test_githubs_calls_wait_ten_thousand_times_within_full_jitter(server: FaultyServer) -> None:
    clock = HastyClock()
    async with GitHubClient(
        server.url, GITHUB_TOKEN, clock=clock, narrate=nobody, waiting=nothing, rng=random.Random(6)
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
        "claude-sonnet-5-5",
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


async def test_claudes_calls_wait_within_full_jitter(server: FaultyServer) -> None:
    await claude_waits(server, 10)


@pytest.mark.full
async def test_claudes_calls_wait_ten_thousand_times_within_full_jitter(server: FaultyServer) -> None:
    await claude_waits(server, SAMPLES // 5)


def test_a_job_waits_within_full_jitter_between_its_tries_and_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_longest_jitter(monkeypatch)
    desk.server.faults.always("user", Fault.close())
    job = desk.launch()
    for attempt in range(1, job.max_attempts):
        began = desk.clock.now()
        job = desk.work(job)
        assert (job.status, job.attempt) == (Status.PENDING, attempt)
        inner = desk.clock.now() - began  # what the call's own retries took
        assert job.run_at - began <= inner + timedelta(seconds=min(CAP_S, BASE_S * 2 ** (attempt - 1)))
        assert desk.work(job).attempt == attempt  # not before its time
        desk.clock.advance(max((job.run_at - desk.clock.now()).total_seconds(), 0) + 0.001)
    job = desk.work(job)
    assert job.status is Status.FAILED
    assert f"Given up after {job.max_attempts} tries" in (job.error or "")


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
def test_what_no_retry_mends_costs_one_call(name: str, route: str, desk: Desk) -> None:
    status, message = HOPELESS[name]
    desk.server.faults.always(route, Fault.status(status, {"message": message}))
    job = desk.sync()
    assert job.status is Status.FAILED
    assert job.attempt == 1
    assert desk.work(job).status is Status.FAILED
    assert len([each for each in desk.server.requests if each.fault]) == 1
    assert desk.clock.slept == []


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_claude_is_not_asked_again_either(status: int, desk: Desk) -> None:
    desk.server.faults.always("models", ClaudeFault.error(status, "invalid_request_error", "No"))
    job = desk.sync()
    assert job.status is Status.FAILED
    assert desk.server.count("models") == 1
    assert desk.server.count("messages") == 0
    assert desk.clock.slept == []


# --- a long wait is visible, and can be cancelled


@pytest.fixture
def real(server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    server.faults.clear()
    server.recorder.clear()
    made = Desk(server, tmp_path, clock=SystemClock())
    yield made
    server.faults.clear()
    made.close()


def shown(desk: Desk, job: Job) -> Progress:
    return desk.job(job).progress_detail


@pytest.fixture
def show(real: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Job], str]:
    """What `devtrail-tui jobs show` says of a job."""
    for name, value in real.environ.items():
        monkeypatch.setenv(name, value)

    def run(job: Job) -> str:
        capsys.readouterr()
        assert cli.main(["jobs", "show", str(job.id)]) == 0
        return capsys.readouterr().out

    return run


def local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("route", ["user", "search", "hydrate"])
def test_a_day_of_githubs_limit_is_visible_and_can_be_cancelled(
    route: str, real: Desk, show: Callable[[Job], str]
) -> None:
    real.server.faults.next(route, GitHubFault.secondary_limit(DAY_S))
    job = real.launch()
    real.start()
    real.wait_until(lambda: bool(shown(real, job).waiting) and "continuing at" in real.log(job))
    detail = shown(real, job)
    assert detail.waiting is not None
    assert detail.waiting.sentence == "GitHub's limit"
    until = detail.waiting.until
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(seconds=DAY_S)) < timedelta(minutes=2)
    assert f"{until:%Y-%m-%d %H:%M} UTC" in real.log(job)
    assert f"GitHub's limit (until {local(until)})" in show(job)
    assert real.job(job).status is Status.RUNNING
    began = time.monotonic()
    real.services.queue.cancel(job.id).result()
    real.wait_until(lambda: real.job(job).status.finished)
    assert time.monotonic() - began < CANCEL_BOUND_S + SLACK_S
    assert real.job(job).status is Status.CANCELLED
    assert shown(real, job).waiting is None
    assert real.server.count(route) == 1


@pytest.mark.parametrize("route", ["models", "messages"])
def test_a_day_of_claudes_limit_is_visible_and_can_be_cancelled(
    route: str, real: Desk, show: Callable[[Job], str]
) -> None:
    real.server.faults.always(route, ClaudeFault.limit(DAY_S))
    job = real.work(real.launch())
    assert job.status is Status.PENDING
    assert "rate limit" in (job.error or "")
    assert abs(job.run_at - datetime.now(UTC) - timedelta(seconds=DAY_S)) < timedelta(minutes=2)
    assert f"again at {job.run_at:%Y-%m-%d %H:%M} UTC" in real.log(job)
    assert f"its next try (until {local(job.run_at)})" in show(job)
    cancelled = real.services.queue.cancel(job.id).result()
    assert cancelled.status is Status.CANCELLED
    assert real.server.count(route) <= UNDER_WAY


@pytest.mark.parametrize("route", ["models", "messages"])
def test_minutes_of_claudes_limit_are_visible_and_can_be_cancelled(route: str, real: Desk) -> None:
    real.server.faults.always(route, ClaudeFault.limit(200))
    job = real.launch()
    real.start()
    real.wait_until(lambda: bool(shown(real, job).waiting))
    waiting = shown(real, job).waiting
    assert waiting is not None
    assert "rate limit" in waiting.sentence or "asked to wait" in waiting.sentence
    assert waiting.until is not None
    assert waiting.until > datetime.now(UTC) + timedelta(seconds=100)
    began = time.monotonic()
    real.services.queue.cancel(job.id).result()
    real.wait_until(lambda: real.job(job).status.finished)
    assert time.monotonic() - began < CANCEL_BOUND_S + SLACK_S
    assert real.job(job).status is Status.CANCELLED


async def test_one_bad_login_is_enough_however_many_calls_are_under_way(server: FaultyServer) -> None:
    """Repeated bad logins lock an account out."""
    server.faults.clear()
    server.recorder.clear()
    server.faults.always("user", GitHubFault.unauthorized())
    async with GitHubClient(
        server.url, GITHUB_TOKEN, clock=HastyClock(), narrate=nobody, waiting=nothing, concurrency=1
    ) as client:
        results: Sequence[Account | BaseException] = await asyncio.gather(
            *(client.account() for _ in range(20)), return_exceptions=True
        )
    server.faults.clear()
    assert all("rejected the GitHub token" in str(each) for each in results)
    assert server.count("user") == 1
