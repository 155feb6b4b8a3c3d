"""The client against the demo's Claude on loopback: what is sent, what is retried, what is never repeated."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import datetime

import pytest

from devtrail_tui.clients.claude.request import request_key
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.errors import AuthenticationError, PermanentError, TemporaryError
from devtrail_tui.core.job import Level
from devtrail_tui.demo.answers import HttpResponse, json_answer
from devtrail_tui.demo.server import CLAUDE_KEY
from tests.clients.claude.conftest import MODEL, Desk
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.faults import Fault

FROM_THE_CLOCK = datetime.fromisoformat("2026-11-02T09:00:00+00:00")


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


@pytest.mark.parametrize(
    ("fault", "stop_reason", "problem"),
    [
        (ClaudeFault.refusal(), "refusal", "declined to judge this pull request"),
        (ClaudeFault.max_tokens(), "max_tokens", "was cut off at the maximum length"),
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
    assert problem in analyser.verify(sent, answered).problem
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
