"""What is sent again, what never, and how a wait is said and ended."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest

from devtrail_tui.clients.claude.shared_limits import ClaudeLimits
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.errors import AuthenticationError, OutcomeUnknown, PermanentError, TemporaryError
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Level
from devtrail_tui.demo.server import CLAUDE_KEY
from tests.clients.claude.conftest import Desk
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.clock import HeldClock
from tests.doubles.faults import Fault


@pytest.mark.parametrize("seconds", [0, 1])
async def test_the_rate_limit_is_waited_out_visibly(desk: Desk, sent: AnalysisRequest, seconds: int) -> None:
    desk.server.faults.next("messages", ClaudeFault.limit(retry_after=seconds))
    await desk.analyser().answer(sent)
    assert desk.server.count("messages") == 2
    assert sum(desk.clock.slept) >= seconds
    ((level, line),) = desk.lines
    assert level is Level.WARNING
    assert line.startswith("Claude's rate limit is reached (429) (request req_demo")
    sentence, until = desk.waits[0]
    assert "rate limit" in sentence
    assert until is not None
    assert desk.waits[-1] == ("", None)


async def test_a_limit_met_by_one_call_holds_the_others_back(desk: Desk, sent: AnalysisRequest) -> None:
    desk.server.faults.next("messages", ClaudeFault.limit(retry_after=20))
    analyser = desk.analyser(attempts=1)
    with pytest.raises(TemporaryError) as limited:
        await analyser.answer(sent)
    assert limited.value.retry_after_s == 20
    await analyser.answer(sent)
    assert desk.clock.slept == [20]


async def test_a_wait_of_an_hour_is_given_back_to_the_job(desk: Desk, sent: AnalysisRequest) -> None:
    desk.server.faults.always("messages", ClaudeFault.limit(retry_after=3_600))
    with pytest.raises(TemporaryError) as limited:
        await desk.analyser().answer(sent)
    assert limited.value.retry_after_s == 3_600
    assert desk.server.count("messages") == 1
    assert desk.clock.slept == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (ClaudeFault.limit(retry_after=None), "Claude's rate limit is reached (429)"),
        (ClaudeFault.overloaded(), "Claude is overloaded (529)"),
        (ClaudeFault.error(500), "Claude has a server error (500)"),
        (Fault.bad_gateway(502), "Claude has a server error (502)"),
        (Fault.bad_gateway(504), "Claude has a server error (504)"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_what_time_can_mend_is_tried_again(
    desk: Desk, sent: AnalysisRequest, fault: Fault, sentence: str
) -> None:
    desk.server.faults.next("messages", fault, times=2)
    answered = await desk.analyser().answer(sent)
    assert answered.stop_reason == "end_turn"
    assert desk.server.count("messages") == 3
    assert [line.startswith(sentence) for _, line in desk.lines] == [True, True]
    assert len(desk.clock.slept) == 2
    assert desk.waits[-1] == ("", None)


@pytest.mark.parametrize("fault", [Fault.close(), Fault.cut()], ids=lambda fault: fault.name)
async def test_a_paid_call_that_may_have_been_carried_out_is_not_sent_again_unasked(
    desk: Desk, sent: AnalysisRequest, fault: Fault
) -> None:
    """Whoever asks counts it at its worst case; a free call is just tried again. Everybody pauses before the next."""
    desk.server.faults.next("messages", fault, times=2)
    analyser = desk.analyser()
    for number in (1, 2):
        with pytest.raises(
            OutcomeUnknown, match=r"to Claude at 127\.0\.0\.1 was lost .* The call may have been billed\."
        ):
            await analyser.answer(sent)
        assert desk.server.count("messages") == number
    assert len(desk.clock.slept) == 1
    assert "was lost" in desk.waits[0][0]
    assert desk.waits[-1] == ("", None)
    assert (await analyser.answer(sent)).stop_reason == "end_turn"
    desk.server.faults.next("models", fault)
    await analyser.check()
    assert desk.server.count("models") == 2
    assert [line.startswith("The connection to Claude at 127.0.0.1 was lost") for _, line in desk.lines] == [True]


async def test_nothing_is_owed_for_a_paid_call_that_never_left(desk: Desk, sent: AnalysisRequest) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TemporaryError, match="cannot be reached") as refused:
            await desk.analyser(base_url=address, attempts=1).answer(sent)
    assert not isinstance(refused.value, OutcomeUnknown)


async def test_what_one_job_met_holds_for_the_others_with_the_same_key(desk: Desk, sent: AnalysisRequest) -> None:
    """In threads and event loops of their own; a job that begins later tries the key once again."""
    limits = ClaudeLimits()
    desk.server.faults.next("messages", ClaudeFault.limit(retry_after=20))
    first = desk.analyser(attempts=1, limits=limits)
    with pytest.raises(TemporaryError):
        await first.answer(sent)

    async def other() -> None:
        analyser = desk.analyser(limits=limits)
        await analyser.answer(sent)
        desk.server.claude_keys.clear()
        with pytest.raises(AuthenticationError):
            await analyser.answer(sent)
        await analyser.aclose()

    await asyncio.to_thread(asyncio.run, other())
    assert desk.clock.slept == [20]
    asked = desk.server.count("messages")
    with pytest.raises(AuthenticationError):
        await first.answer(sent)
    assert desk.server.count("messages") == asked
    with pytest.raises(AuthenticationError):
        await desk.analyser(limits=limits).check()
    assert desk.server.count("models") == 1


async def test_it_gives_up_after_its_attempts(desk: Desk, sent: AnalysisRequest) -> None:
    desk.server.faults.always("messages", ClaudeFault.overloaded())
    with pytest.raises(TemporaryError, match="overloaded"):
        await desk.analyser(attempts=4).answer(sent)
    assert desk.server.count("messages") == 4
    assert len(desk.clock.slept) == 3


async def test_nobody_listens(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TemporaryError, match=r"Claude at 127\.0\.0\.1 cannot be reached .*; check the network\."):
            await desk.analyser(base_url=address, attempts=2).check()


@pytest.mark.parametrize(
    "fault",
    [
        ClaudeFault.error(400, "invalid_request_error", f"schema refused, key {CLAUDE_KEY}\x1b[2J"),
        ClaudeFault.error(413, "request_too_large", "too large"),
        Fault.html(404),
        Fault.status(307, {}, location="http://127.0.0.1:9/v1/messages"),
        Fault.html(200),
        Fault.truncated_json(),
        Fault.status(200, {}),
        Fault.status(200, []),
    ],
    ids=lambda fault: fault.name,
)
async def test_what_no_retry_mends_is_sent_once(
    desk: Desk, sent: AnalysisRequest, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.faults.next("messages", fault)
    analyser = desk.analyser()
    with caplog.at_level(logging.DEBUG), pytest.raises(PermanentError) as refused:
        await analyser.answer(sent)
    assert desk.server.count("messages") == 1
    assert desk.clock.slept == []
    everything = str(refused.value) + desk.said() + caplog.text + repr(refused.value.__dict__)
    assert CLAUDE_KEY not in everything
    assert "\x1b" not in everything
    assert refused.value.__context__ is None
    await analyser.answer(sent)  # the next pull request is none the worse for it


@pytest.mark.parametrize("status", [402, 403])
async def test_an_account_that_is_turned_away_is_not_asked_for_again(
    desk: Desk, sent: AnalysisRequest, status: int
) -> None:
    desk.server.faults.always("messages", ClaudeFault.error(status, "permission_error", "credit balance too low"))
    analyser = desk.analyser()
    for _ in range(2):
        with pytest.raises(PermanentError, match="credit balance too low"):
            await analyser.answer(sent)
    assert desk.server.count("messages") == 1


async def test_waiting_is_cancelled_at_once_and_says_so(desk: Desk, sent: AnalysisRequest) -> None:
    desk.clock = held = HeldClock(desk.clock.now())
    desk.server.faults.next("messages", ClaudeFault.overloaded())
    late: list[Analysis | None] = []
    task = asyncio.create_task(desk.analyser().answer(sent, late=late.append))
    await held.sleepers.get()
    assert desk.waits[0][1] is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.waits[-1] == ("", None)
    assert late == [None], "no call is under way, so nothing is uncertain"


async def test_the_last_of_several_ends_the_waiting(desk: Desk, sent: AnalysisRequest) -> None:
    desk.clock = held = HeldClock(desk.clock.now())
    desk.server.faults.next("messages", ClaudeFault.overloaded(), times=2)
    analyser = desk.analyser()
    tasks = [asyncio.create_task(analyser.answer(sent)) for _ in range(2)]
    first, second = await held.sleepers.get(), await held.sleepers.get()
    first.set()
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert ("", None) not in desk.waits
    second.set()
    await asyncio.gather(*tasks)
    assert desk.waits[2:] == [("", None)]
