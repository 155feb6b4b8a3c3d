"""Paid answers that cannot be used, and limits of money: what a sync does about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.job import Job, Status
from devtrail_tui.demo.answers import claude_error
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """One repository with nine pull requests, whose answers are useful unless a test spoils them."""
    with FaultyServer(small_world([Written(f"Retry with backoff, step {number}") for number in range(9)])) as running:
        yield running


CASES = Path(__file__).parent.parent / "cases"
SHOP = "acme/shop"


def case(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return content


def states(desk: Desk) -> list[AnalysisState]:
    return [each.entry.analysis_state for each in desk.evidence().values()]


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, job.error
    return dict(job.result)


@pytest.mark.parametrize("text", [case("claude-prose")["text"], "I cannot do that.", "", '{"answer": []}'])
def test_prose_stops_the_matching_after_three_and_is_asked_again_later(desk: Desk, text: str) -> None:
    desk.server.faults.always("messages", ClaudeFault.says(text))
    job = desk.sync(SHOP)
    assert job.status is Status.FAILED
    assert "3 answers in a row could not be used" in (job.error or "")
    assert desk.server.count("messages") <= 3 + desk.services.settings.claude_concurrency
    assert AnalysisState.FAILED in states(desk)
    spent = job.spent_usd
    desk.server.faults.clear()
    again = desk.sync(SHOP)
    assert again.status is Status.COMPLETED
    assert AnalysisState.NOT_ANALYSED not in states(desk)
    assert states(desk).count(AnalysisState.FAILED) <= 2, "the demo's own odd answers"
    ledger = desk.services.database
    with ledger.read() as connection:
        total = connection.exec_driver_sql("SELECT sum(cost_usd) FROM analyses").scalar_one()
    assert total == pytest.approx(spent + again.spent_usd), "a useless answer keeps its price"


def test_one_useless_answer_is_left_out_by_name_and_reason(desk: Desk) -> None:
    desk.server.faults.next("messages", ClaudeFault.says("It is fine."), after=2)
    job = desk.sync(SHOP)
    result = result_of(job)
    assert job.status is Status.COMPLETED
    assert job.left_out
    named = [item for item in result["leftOut"] if "not JSON" in item["reason"]]
    assert len(named) == 1
    assert "acme/shop#" in named[0]["what"]
    assert "Left out: analyses" in result["message"]


def test_a_refused_entry_is_asked_again_only_of_another_model(desk: Desk) -> None:
    refusal = case("claude-refusal-cyber")
    desk.server.faults.next("messages", ClaudeFault.refusal(refusal["more"]["stop_details"]["category"]), after=3)
    first = desk.sync(SHOP)
    assert "Claude declined to judge this pull request (cyber)" in desk.log(first)
    asked = desk.server.count("messages")
    same_model = desk.sync(SHOP)
    repeated = desk.server.count("messages") - asked
    assert same_model.result is not None
    assert "(cyber)" in str(same_model.result["leftOut"])
    desk.sync(SHOP, model="claude-opus-5-5", rejudge=True)
    assert AnalysisState.NOT_ANALYSED not in states(desk)
    cyber = [d for d in desk.evidence().values() if "(cyber)" in (d.entry.analysis_note or "")]
    assert not cyber
    assert repeated <= 2, "only the demo's own odd answers are asked for again, not the refused one"


def test_a_cut_answer_gets_more_room_the_next_time(desk: Desk) -> None:
    desk.server.faults.next("messages", ClaudeFault.max_tokens(), after=3)
    desk.sync(SHOP)
    rooms = {request.json["max_tokens"] for request in desk.server.requests if "messages" in request.routes}
    assert rooms == {10_000}
    desk.server.recorder.clear()
    desk.sync(SHOP)
    assert 20_000 in {request.json["max_tokens"] for request in desk.server.requests if "messages" in request.routes}


def test_useless_answers_are_not_paid_for_again_within_a_job(desk: Desk) -> None:
    desk.server.faults.next("messages", ClaudeFault.says("No."), times=2)
    desk.server.faults.next("hydrate", Fault.close(), times=50, after=1)
    job = desk.sync(SHOP, "acme/api")
    desk.server.faults.clear()
    desk.clock.advance(3600)
    desk.work(job)
    sent = [request.body for request in desk.server.requests if "messages" in request.routes]
    assert len(sent) == len(set(sent))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, case("claude-spend-limit-429")["body"]["error"]["message"]),
        (429, "You have reached your specified API usage limits. You will regain access on 2026-12-01."),
        (400, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."),
        (400, "This workspace has reached its spending limit."),
    ],
)
def test_a_spend_limit_is_asked_once_and_shown_in_claudes_words(desk: Desk, status: int, message: str) -> None:
    desk.server.faults.always("messages", Fault.fixed("spent", claude_error(status, "rate_limit_error", message)))
    job = desk.sync(SHOP)
    assert job.status is Status.FAILED
    assert message.rstrip(".") in (job.error or "")
    assert desk.server.count("messages") == 1
    assert job.attempt == 1
    desk.server.faults.clear()
    desk.services.queue.retry(job.id).result()
    assert desk.work(job).status is Status.COMPLETED


@pytest.mark.parametrize("seconds", [60, 3600, 24 * 3600])
def test_a_spend_limit_with_an_end_is_waited_for_without_spending_a_try(desk: Desk, seconds: int) -> None:
    message = "This request would exceed your workspace's monthly spend limit."
    error = claude_error(429, "rate_limit_error", message, headers=(("retry-after", str(seconds)),))
    desk.server.faults.next("messages", Fault.fixed("spent", error))
    job = desk.sync(SHOP)
    assert (job.status, job.attempt) == (Status.PENDING, 0)
    assert "monthly spend limit" in (job.waiting_for or "")
    assert (job.run_at - desk.clock.now()).total_seconds() == pytest.approx(seconds, abs=30)
    desk.clock.advance(seconds + 60)
    assert desk.work(job).status is Status.COMPLETED


def test_a_word_not_to_retry_is_respected(desk: Desk) -> None:
    error = claude_error(529, "overloaded_error", "Overloaded", headers=(("x-should-retry", "false"),))
    desk.server.faults.next("messages", Fault.fixed("no retry", error))
    job = desk.sync(SHOP)
    assert desk.server.count("messages") >= 1
    assert "Retrying" not in desk.log(job)
