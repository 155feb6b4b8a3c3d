"""Promise 6, the other half: a long wait is visible and can be cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devtrail_tui import cli
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.job import Job, Progress, Status
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.house.desk import Desk

CANCEL_BOUND_S = 1.0
DAY_S = 86_400
UNDER_WAY = 2
"""Pull requests, and so calls to Claude that may be under way when the first meets a limit."""
SLACK_S = 2.0
"""What two busy cores may add to the bound."""


@pytest.fixture
def real(small_server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    """A person in real time."""
    made = Desk(small_server, tmp_path, clock=SystemClock())
    yield made
    small_server.faults.clear()
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
    assert "rate limit" in (job.waiting_for or "")
    assert job.attempt == 0, "an announced limit spends no try"
    assert abs(job.run_at - datetime.now(UTC) - timedelta(seconds=DAY_S)) < timedelta(minutes=2)
    assert f"again at {job.run_at:%Y-%m-%d %H:%M} UTC" in real.log(job)
    assert f"(until {local(job.run_at)})" in show(job)
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
