"""The client against the demo's Claude on loopback: what is sent, what is retried, what is never repeated."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from devtrail_tui.clients.claude.client import ClaudeAnalyser
from devtrail_tui.clients.claude.request import request_key
from devtrail_tui.clients.claude.shared_limits import ClaudeLimits
from devtrail_tui.core.context import Analyser, AnalysisRequest
from devtrail_tui.core.errors import AuthenticationError, OutcomeUnknown, PermanentError, TemporaryError
from devtrail_tui.core.evidence import Criterion, PullRequest, Role
from devtrail_tui.core.job import Level
from devtrail_tui.demo.answers import HttpResponse, json_answer
from devtrail_tui.demo.records import Person
from devtrail_tui.demo.server import CLAUDE_KEY
from devtrail_tui.demo.world import World
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.clock import HeldClock, ManualClock
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer

MODEL = "claude-sonnet-5-5"
FROM_THE_CLOCK = datetime.fromisoformat("2026-11-02T09:00:00+00:00")


@dataclass
class Desk:
    """An analyser, its server, and everything it said."""

    server: FaultyServer
    clock: ManualClock
    lines: list[tuple[Level, str]] = field(default_factory=list)
    waits: list[tuple[str, datetime | None]] = field(default_factory=list)
    opened: list[ClaudeAnalyser] = field(default_factory=list)

    def analyser(self, *, key: str = CLAUDE_KEY, model: str = MODEL, **options: Any) -> ClaudeAnalyser:
        made = ClaudeAnalyser(
            key,
            model,
            clock=self.clock,
            random=random.Random(5),
            narrate=lambda level, line: self.lines.append((level, line)),
            waiting=lambda sentence, until: self.waits.append((sentence, until)),
            **({"base_url": self.server.url} | options),
        )
        self.opened.append(made)
        return made

    def as_protocol(self) -> Analyser:
        return self.analyser(concurrency=7)

    def said(self) -> str:
        return "\n".join(line for _, line in self.lines)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(World(Person("mona", "Mona", 1), [], [])) as running:
        yield running
        running.faults.clear()


@pytest.fixture
async def desk(server: FaultyServer, clock: ManualClock) -> AsyncIterator[Desk]:
    opened = Desk(server, clock)
    yield opened
    for each in opened.opened:
        await each.aclose()


@pytest.fixture
def sent(desk: Desk, make_pull_request: Callable[..., PullRequest], criteria: list[Criterion]) -> AnalysisRequest:
    return desk.analyser().prepare(make_pull_request(), ["payments"], criteria, login="mona", roles=[Role.AUTHOR])


async def test_it_is_the_analyser_that_jobs_know(desk: Desk) -> None:
    analyser = desk.as_protocol()
    assert (analyser.model, analyser.concurrency) == (MODEL, 7)


async def test_check_is_one_free_call(desk: Desk) -> None:
    await desk.analyser().check()
    assert (desk.server.count("models"), desk.server.count("messages")) == (1, 0)
    assert (desk.lines, desk.waits) == ([], [])


async def test_an_answer_is_the_request_paid_once(desk: Desk, sent: AnalysisRequest) -> None:
    analyser = desk.analyser()
    first = await analyser.answer(sent)
    again = await analyser.answer(sent)
    body = desk.server.requests[0].json
    assert body == json.loads(json.dumps(sent.body))
    assert request_key(body) == sent.key == first.key
    assert (first.model, first.stop_reason, first.request_id) == (MODEL, "end_turn", "req_demo00000001")
    assert first.created_at == FROM_THE_CLOCK
    assert first.usage["cache_creation_input_tokens"] == again.usage["cache_read_input_tokens"] > 0
    assert first.cost_usd is not None
    assert again.cost_usd is not None
    assert sent.worst_case_usd is not None
    assert 0 < again.cost_usd < first.cost_usd < sent.worst_case_usd
    held = analyser.verify(sent, first)
    assert held.matches
    assert (held.dropped, held.problem) == ((), "")


async def test_the_key_is_sent_in_a_header_only(desk: Desk, sent: AnalysisRequest) -> None:
    await desk.analyser().answer(sent)
    (request,) = desk.server.requests
    assert request.headers["authorization"].startswith("Bearer sha256:")
    assert CLAUDE_KEY not in request.body.decode()
    assert request.headers["anthropic-version"] == "2026-10-21"


async def test_a_wrong_key_is_tried_once_and_never_again(desk: Desk, sent: AnalysisRequest) -> None:
    analyser = desk.analyser(key="sk-wrong")
    with pytest.raises(AuthenticationError, match=r"Claude rejected the API key \(401\)") as refused:
        await analyser.check()
    assert refused.value.service == "anthropic"
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            await analyser.answer(sent)
    assert (desk.server.count("models"), desk.server.count("messages")) == (1, 0)
    assert "sk-wrong" not in str(refused.value) + desk.said()


async def test_a_key_revoked_meanwhile_stops_at_the_first_401(desk: Desk, sent: AnalysisRequest) -> None:
    analyser = desk.analyser()
    await analyser.answer(sent)
    desk.server.claude_keys.clear()
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await analyser.answer(sent)
    assert desk.server.count("messages") == 2


async def test_an_unknown_model_is_answered_with_those_that_exist(desk: Desk) -> None:
    with pytest.raises(PermanentError) as refused:
        await desk.analyser(model="claude-sonnet-9").check()
    assert str(refused.value) == (
        "Claude does not know the model claude-sonnet-9."
        " Available: claude-opus-5-5, claude-sonnet-5-5, claude-haiku-5-5."
    )


async def test_a_model_withdrawn_meanwhile_is_asked_for_once(desk: Desk, sent: AnalysisRequest) -> None:
    desk.server.faults.always("messages", ClaudeFault.error(404, "not_found_error", "model: x"))
    analyser = desk.analyser()
    for _ in range(2):
        with pytest.raises(PermanentError, match="does not know the model"):
            await analyser.answer(sent)
    assert desk.server.count("messages") == 1


def lifecycle(stage: str) -> Fault:
    def change(answer: HttpResponse) -> HttpResponse:
        data = {**json.loads(answer.body), "lifecycle": stage, "retires_at": "2026-12-01T00:00:00Z"}
        return replace(answer, body=json_answer(200, data).body)

    return Fault(stage, change=change)


async def test_a_retired_model_is_refused(desk: Desk) -> None:
    desk.server.faults.next("models", lifecycle("retired"))
    with pytest.raises(PermanentError, match=r"claude-sonnet-5-5 is retired\. Available: claude-opus-5-5"):
        await desk.analyser().check()


async def test_a_deprecated_model_is_a_warning(desk: Desk) -> None:
    desk.server.faults.next("models", lifecycle("deprecated"))
    await desk.analyser().check()
    expected = "The model claude-sonnet-5-5 is deprecated and will be retired on 2026-12-01."
    assert desk.lines == [(Level.WARNING, expected)]


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


@pytest.mark.parametrize(
    ("fault", "stop_reason", "problem"),
    [
        (ClaudeFault.refusal(), "refusal", "Claude declined to judge this pull request."),
        (ClaudeFault.max_tokens(), "max_tokens", "Claude's answer was cut off at the maximum length."),
        (ClaudeFault.says("It is solid."), "end_turn", "Claude's answer is not JSON."),
        (ClaudeFault.says('{"matches": [NaN]}'), "end_turn", "Claude's answer is not JSON."),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_a_paid_answer_that_is_no_answer_is_still_returned(
    desk: Desk, sent: AnalysisRequest, fault: Fault, stop_reason: str, problem: str
) -> None:
    desk.server.faults.next("messages", fault)
    analyser = desk.analyser()
    answered = await analyser.answer(sent)
    assert answered.stop_reason == stop_reason
    assert answered.cost_usd is not None
    assert answered.cost_usd > 0
    assert analyser.verify(sent, answered).problem == problem
    assert desk.server.count("messages") == 1


async def test_a_thinking_block_before_the_answer_is_passed_over(desk: Desk, sent: AnalysisRequest) -> None:
    def think(answer: HttpResponse) -> HttpResponse:
        data = json.loads(answer.body)
        thought = {"type": "thinking", "thinking": '{"matches": "no"}', "signature": "x"}
        data = {**data, "content": [thought, {"type": "of_tomorrow", "text": "no"}, *data["content"]]}
        return replace(answer, body=json_answer(200, data).body)

    desk.server.faults.next("messages", Fault("thinking", change=think))
    analyser = desk.analyser()
    assert analyser.verify(sent, await analyser.answer(sent)).matches


async def test_an_answer_without_usage_has_no_price(desk: Desk, sent: AnalysisRequest) -> None:
    def without(answer: HttpResponse) -> HttpResponse:
        return replace(answer, body=json_answer(200, {**json.loads(answer.body), "usage": None, "model": None}).body)

    desk.server.faults.next("messages", Fault("no usage", change=without))
    answered = await desk.analyser().answer(sent)
    assert (answered.cost_usd, answered.usage, answered.model) == (None, {}, MODEL)


async def test_a_hanging_call_is_cancelled_at_once(desk: Desk, sent: AnalysisRequest) -> None:
    gate = desk.server.faults.hang("messages")
    task = asyncio.create_task(desk.analyser().answer(sent))
    await gate.arrived()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (desk.lines, desk.waits) == ([], [])


async def test_waiting_is_cancelled_at_once_and_says_so(desk: Desk, sent: AnalysisRequest) -> None:
    desk.clock = held = HeldClock(desk.clock.now())
    desk.server.faults.next("messages", ClaudeFault.overloaded())
    task = asyncio.create_task(desk.analyser().answer(sent))
    await held.sleepers.get()
    assert desk.waits[0][1] is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.waits[-1] == ("", None)


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


@pytest.mark.parametrize("fault", [Fault.drip(interval=0.02), None], ids=["drip", "hang"])
async def test_a_call_has_a_deadline(desk: Desk, sent: AnalysisRequest, fault: Fault | None) -> None:
    warm = desk.analyser()
    await warm.check()
    if fault is None:
        desk.server.faults.hang("messages")
    else:
        desk.server.faults.next("messages", fault)
    with pytest.raises(TemporaryError, match=r"Claude at 127\.0\.0\.1 did not answer within"):
        await desk.analyser(attempts=1, call_timeout_s=0.1).answer(sent)


async def test_the_libraries_stay_quiet(desk: Desk, sent: AnalysisRequest, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await desk.analyser().answer(sent)
    assert [
        record.name for record in caplog.records if record.name.startswith(("anthropic", "httpx", "httpcore"))
    ] == []


async def test_closing_twice_or_unopened_is_fine(desk: Desk) -> None:
    analyser = desk.analyser()
    await analyser.aclose()
    await analyser.check()
    await analyser.aclose()
    await analyser.aclose()


@pytest.mark.usefixtures("processes")
def test_importing_the_client_loads_neither_the_sdk_nor_the_prices() -> None:
    code = (
        "import sys, devtrail_tui.clients.claude.client\n"
        "print(sorted({'anthropic', 'httpx', 'httpx2', 'genai_prices', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
