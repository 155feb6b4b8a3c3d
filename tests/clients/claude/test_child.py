"""The child process that talks to Claude, with real processes: who may die when, what is said then, and what it never knows."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import pytest

from devtrail_tui.clients.claude.calls import Call, CallFailed, CallKind, Method
from devtrail_tui.clients.claude.child_process import ClaudeProcess, child_environ
from devtrail_tui.clients.claude.request import Judging
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.errors import AuthenticationError, PermanentError, TemporaryError
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.demo.server import CLAUDE_KEY
from tests.clients.claude.conftest import MODEL, PATIENCE_S, SECRETS, MakeAnalyser, pid_of
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.clock import HastyClock
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer

pytestmark = pytest.mark.usefixtures("processes")


async def test_it_says_what_the_package_says_in_this_process(
    analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    here, there = analyser(warm), analyser(warm)
    there._connection = there.__class__(  # the same without a child
        CLAUDE_KEY, Judging(MODEL), clock=HastyClock(), narrate=lambda *_: None, waiting=lambda *_: None
    )._connection
    await here.check()
    first, second = await here.answer(sent), await there.answer(sent)
    assert (first.answer, first.model, first.stop_reason) == (second.answer, second.model, second.stop_reason)
    assert first.request_id.startswith("req_demo")
    assert first.usage.keys() == second.usage.keys()
    assert server.requests[-2].json == server.requests[-1].json == sent.body
    assert server.requests[-2].headers["authorization"] == server.requests[-1].headers["authorization"]
    await there._connection.aclose()  # type: ignore[attr-defined] # it is the package's


async def test_every_failure_comes_through(
    analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    with pytest.raises(AuthenticationError, match="rejected the API key"):
        await analyser(warm, key="sk-wrong").check()
    with pytest.raises(PermanentError, match="Available: claude-opus-5-5, claude-sonnet-5-5"):
        await analyser(warm, model="claude-sonnet-9").check()
    server.faults.next("models", ClaudeFault.limit(3_600))
    with pytest.raises(TemporaryError) as limited:
        await analyser(warm).check()
    assert limited.value.retry_after_s == 3_600
    for fault in (Fault.html(200), Fault.truncated_json()):
        server.faults.next("messages", fault)
        with pytest.raises(PermanentError, match="not from Claude"):
            await analyser(warm).answer(sent)
    with pytest.raises(CallFailed) as strange:
        await warm.call(Call(Method.LIST_MODELS, {"nonsense": 1}, CLAUDE_KEY, server.url, 10.0))
    assert strange.value.failure.kind is CallKind.UNKNOWN


async def test_tokens_can_be_counted(warm: ClaudeProcess, server: FaultyServer) -> None:
    server.faults.next(lambda request: request.path.endswith("/count_tokens"), Fault.status(200, {"input_tokens": 12}))
    messages = [{"role": "user", "content": "How many?"}]
    call = Call(Method.COUNT_TOKENS, {"model": MODEL, "messages": messages}, CLAUDE_KEY, server.url, 10.0)
    assert (await warm.call(call)).body == {"input_tokens": 12}


async def test_no_secret_is_in_its_environment_or_its_arguments(
    analyser: MakeAnalyser, warm: ClaudeProcess, sent: AnalysisRequest
) -> None:
    await analyser(warm).answer(sent)
    process = Path(f"/proc/{pid_of(warm)}")
    seen = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    assert b"PATH=" in seen
    assert [value for value in SECRETS.values() if value.encode() in seen] == []


def test_what_it_keeps_of_the_environment() -> None:
    network = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "localhost", "SSL_CERT_FILE": "/etc/ca.pem", "LANG": "C"}
    kept = child_environ({**network, **SECRETS})
    assert {name: kept[name] for name in network} == network
    assert not kept.keys() & SECRETS.keys()


def test_it_has_no_way_to_the_terminal(warm: ClaudeProcess) -> None:
    pid = pid_of(warm)
    assert Path(f"/proc/{pid}/fd/2").readlink() == Path(os.devnull)
    assert os.getsid(pid) == pid


async def test_an_answer_that_nobody_awaits_any_more_is_handed_over(
    analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    gate = server.faults.hang("messages")
    late: list[Analysis] = []
    arrived = threading.Event()

    def keep(analysis: Analysis | None) -> None:
        assert analysis is not None
        late.append(analysis)
        arrived.set()

    task = asyncio.create_task(analyser(warm).answer(sent, late=keep))
    await gate.arrived(PATIENCE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert late == []
    gate.release()
    assert await asyncio.to_thread(arrived.wait, PATIENCE_S)
    assert (late[0].key, late[0].stop_reason) == (sent.key, "end_turn")
    assert late[0].cost_usd is not None
    await analyser(warm).check()


async def test_a_call_that_was_not_sent_yet_is_taken_back(
    analyser: MakeAnalyser, own: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    """The child stands still, its pipe is full, and a second call waits behind the first."""
    claude = analyser(own)
    await claude.check()  # and the prices are loaded: nothing stands before the second call
    os.kill(pid_of(own), signal.SIGSTOP)
    large = Call(Method.LIST_MODELS, {"extra_headers": {"x": "y" * 1_000_000}}, CLAUDE_KEY, server.url, 10.0)
    first = asyncio.create_task(own.call(large))
    late: list[Analysis | None] = []
    second = asyncio.create_task(claude.answer(sent, late=late.append))
    await asyncio.sleep(0)  # both are submitted now
    assert own._child is not None
    assert len(own._child._waiting) == 2
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    os.kill(pid_of(own), signal.SIGCONT)
    await asyncio.gather(first, return_exceptions=True)
    await claude.check()
    assert server.count("messages") == 0
    assert late == [None], "it costs nothing"


async def test_two_event_loops_use_it_at_once(
    analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    gate = server.faults.hang("messages", times=2)
    answers: list[Analysis] = []

    def job() -> None:
        answers.append(asyncio.run(analyser(warm).answer(sent)))

    threads = [threading.Thread(target=job) for _ in range(2)]
    for thread in threads:
        thread.start()
    while server.count("messages") < 2:
        await gate.arrived(PATIENCE_S)
        await asyncio.sleep(0)
    gate.release()
    for thread in threads:
        await asyncio.to_thread(thread.join, PATIENCE_S)
    assert [each.stop_reason for each in answers] == ["end_turn", "end_turn"]
