"""The child process that talks to Claude, with real processes: who may die when, what is said then, and what it never knows."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devtrail_tui.clients.claude import child_process
from devtrail_tui.clients.claude.calls import Call, CallFailed, CallKind, Method
from devtrail_tui.clients.claude.child_process import ClaudeProcess, child_environ
from devtrail_tui.clients.claude.client import ClaudeAnalyser
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.errors import AuthenticationError, OutcomeUnknown, PermanentError, TemporaryError
from devtrail_tui.core.evidence import Analysis, Criterion, PullRequest, Role
from devtrail_tui.demo.records import Person
from devtrail_tui.demo.server import CLAUDE_KEY
from devtrail_tui.demo.world import World
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.clock import HastyClock
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer

MODEL = "claude-sonnet-5-5"
PATIENCE_S = 60.0
SECRETS = {
    "ANTHROPIC_API_KEY": CLAUDE_KEY,
    "GITHUB_TOKEN": "ghp_canary",
    "GH_ENTERPRISE_TOKEN": "canary2",
    "DEVTRAIL_SECRET_KEY": "canary3",
    "DEVTRAIL_DATABASE_URL": "postgresql://me:canary4@host/db",
    "NPM_AUTH_TOKEN": "canary5",
}


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(World(Person("mona", "Mona", 1), [], [])) as running:
        yield running
        running.faults.clear()


@pytest.fixture(scope="module")
def warm() -> Iterator[ClaudeProcess]:
    """One for all tests that leave it alive."""
    process = ClaudeProcess(SystemClock(), environ={**os.environ, **SECRETS})
    process.start()
    yield process
    process.close()


@pytest.fixture
def own() -> Iterator[ClaudeProcess]:
    """One for a test that harms it."""
    process = ClaudeProcess(SystemClock())
    yield process
    process.close()


MakeAnalyser = Callable[..., ClaudeAnalyser]


@pytest.fixture
def analyser(server: FaultyServer) -> MakeAnalyser:
    def make(process: ClaudeProcess, *, key: str = CLAUDE_KEY, model: str = MODEL, attempts: int = 6) -> ClaudeAnalyser:
        return ClaudeAnalyser(
            key,
            model,
            clock=HastyClock(),
            random=random.Random(3),
            narrate=lambda *_: None,
            waiting=lambda *_: None,
            base_url=server.url,
            connection=process,
            attempts=attempts,
        )

    return make


@pytest.fixture
def sent(
    analyser: MakeAnalyser,
    warm: ClaudeProcess,
    make_pull_request: Callable[..., PullRequest],
    criteria: list[Criterion],
) -> AnalysisRequest:
    return analyser(warm).prepare(make_pull_request(), ["payments"], criteria, login="mona", roles=[Role.AUTHOR])


def pid_of(process: ClaudeProcess) -> int:
    """The child's process id."""
    assert process._child is not None
    return process._child.process.pid


def gone(pid: int) -> None:
    """Wait for the end of a process that need not be ours."""
    try:
        psutil.Process(pid).wait(PATIENCE_S)
    except psutil.NoSuchProcess:
        return


async def test_it_says_what_the_package_says_in_this_process(
    analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    here, there = analyser(warm), analyser(warm)
    there._connection = there.__class__(  # the same without a child
        CLAUDE_KEY, MODEL, clock=HastyClock(), narrate=lambda *_: None, waiting=lambda *_: None
    )._connection
    await here.check()
    first, second = await here.answer(sent), await there.answer(sent)
    assert (first.answer, first.model, first.stop_reason) == (second.answer, second.model, second.stop_reason)
    assert first.request_id.startswith("req_demo")
    assert first.usage.keys() == second.usage.keys()
    assert server.requests[-2].json == server.requests[-1].json == sent.body
    assert server.requests[-2].headers["authorization"] == server.requests[-1].headers["authorization"]
    await there._connection.aclose()  # type: ignore[attr-defined] # it is the package's


async def test_every_failure_comes_through(analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer) -> None:
    with pytest.raises(AuthenticationError, match="rejected the API key"):
        await analyser(warm, key="sk-wrong").check()
    with pytest.raises(PermanentError, match="Available: claude-opus-5-5, claude-sonnet-5-5"):
        await analyser(warm, model="claude-sonnet-9").check()
    server.faults.next("models", ClaudeFault.limit(3_600))
    with pytest.raises(TemporaryError) as limited:
        await analyser(warm).check()
    assert limited.value.retry_after_s == 3_600
    for fault in (Fault.html(200), Fault.truncated_json()):
        server.faults.next("models", fault)
        with pytest.raises(PermanentError, match="not from Claude"):
            await analyser(warm).check()
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


@pytest.mark.usefixtures("processes")
async def test_killed_amid_a_paid_call_the_outcome_is_unknown_and_the_next_call_starts_it_again(
    analyser: MakeAnalyser, own: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    claude = analyser(own)
    gate = server.faults.hang("messages")
    task = asyncio.create_task(claude.answer(sent))
    await gate.arrived(PATIENCE_S)
    first = pid_of(own)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(OutcomeUnknown, match="the Claude child process ended"):
        await task
    gate.release()
    assert (await claude.answer(sent)).stop_reason == "end_turn"
    assert pid_of(own) != first
    assert server.count("messages") == 2


@pytest.mark.usefixtures("processes")
async def test_where_it_cannot_start_nothing_is_owed(
    analyser: MakeAnalyser, own: ClaudeProcess, sent: AnalysisRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "_PROGRAM", ("-c", "raise SystemExit(3)"))
    with pytest.raises(TemporaryError, match=r"cannot be reached \(the Claude child process could not start") as failed:
        await analyser(own, attempts=2).answer(sent)
    assert not isinstance(failed.value, OutcomeUnknown)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TemporaryError, match="could not start"):
        await analyser(own, attempts=1).answer(sent)


async def test_an_answer_that_nobody_awaits_any_more_is_handed_over(
    analyser: MakeAnalyser, warm: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    gate = server.faults.hang("messages")
    late: list[Analysis] = []
    arrived = threading.Event()

    def keep(analysis: Analysis) -> None:
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


@pytest.mark.usefixtures("processes")
async def test_a_call_that_was_not_sent_yet_is_taken_back(
    analyser: MakeAnalyser, own: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    """The child stands still, its pipe is full, and a second call waits behind the first."""
    claude = analyser(own)
    await claude.check()  # and the prices are loaded: nothing stands before the second call
    os.kill(pid_of(own), signal.SIGSTOP)
    large = Call(Method.LIST_MODELS, {"extra_headers": {"x": "y" * 1_000_000}}, CLAUDE_KEY, server.url, 10.0)
    first = asyncio.create_task(own.call(large))
    second = asyncio.create_task(claude.answer(sent))
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


@pytest.mark.usefixtures("processes")
async def test_it_is_ended_when_idle_and_started_again_when_needed(
    server: FaultyServer, analyser: MakeAnalyser
) -> None:
    clock = HastyClock()
    process = ClaudeProcess(clock, idle_s=60.0)
    try:
        claude = analyser(process)
        gate = server.faults.hang("models")
        task = asyncio.create_task(claude.check())
        await gate.arrived(PATIENCE_S)
        clock.advance(600)  # not idle, however long the call takes
        gate.release()
        await task
        first = pid_of(process)
        clock.advance(59)
        await claude.check()
        assert pid_of(process) == first
        clock.advance(61)
        await asyncio.to_thread(gone, first)
        await claude.check()
        assert pid_of(process) != first
    finally:
        process.close()


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


@pytest.mark.usefixtures("processes")
async def test_closing_ends_it_calls_under_way_or_not(
    analyser: MakeAnalyser, own: ClaudeProcess, server: FaultyServer, sent: AnalysisRequest
) -> None:
    gate = server.faults.hang("messages")
    task = asyncio.create_task(analyser(own).answer(sent))
    await gate.arrived(PATIENCE_S)
    await asyncio.to_thread(own.close)
    gone(pid_of(own))
    with pytest.raises(OutcomeUnknown):
        await task
    with pytest.raises(TemporaryError, match="DevTrail is ending"):
        await analyser(own, attempts=1).check()
    gate.release()


@pytest.mark.usefixtures("processes")
async def test_closing_ends_one_that_stands_still(analyser: MakeAnalyser, own: ClaudeProcess) -> None:
    await analyser(own).check()
    os.kill(pid_of(own), signal.SIGSTOP)
    await asyncio.to_thread(own.close)
    gone(pid_of(own))


PARENT = """
import asyncio, signal, sys
from devtrail_tui.clients.claude.calls import Call, Method
from devtrail_tui.clients.claude.child_process import ClaudeProcess
from devtrail_tui.core.clock import SystemClock

signal.signal(signal.SIGINT, signal.SIG_IGN)
url, key = sys.stdin.readline().split()
process = ClaudeProcess(SystemClock())
process.start()
print(process._child.process.pid, flush=True)
answer = asyncio.run(process.call(Call(Method.LIST_MODELS, {"limit": 5}, key, url, 60.0)))
print(len(answer.body["data"]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(server: FaultyServer) -> Iterator[subprocess.Popen[str]]:
    """A program of ours in a process group of its own, as a terminal gives it one; its call hangs until the gate opens."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(f"{server.url} {CLAUDE_KEY}\n")
        process.stdin.flush()
        yield process
        process.kill()


@pytest.mark.usefixtures("processes")
def test_it_ends_with_a_program_that_is_killed(parent: subprocess.Popen[str], server: FaultyServer) -> None:
    gate = server.faults.hang("models")
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    gate.wait(PATIENCE_S)
    parent.kill()
    gone(child)
    gate.release()


@pytest.mark.usefixtures("processes")
def test_the_terminals_interrupt_does_not_end_a_call(parent: subprocess.Popen[str], server: FaultyServer) -> None:
    gate = server.faults.hang("models")
    assert parent.stdout is not None
    assert parent.stderr is not None
    child = int(parent.stdout.readline())
    gate.wait(PATIENCE_S)
    os.killpg(parent.pid, signal.SIGINT)
    gate.release()
    assert int(parent.stdout.readline()) == 3
    parent.kill()
    gone(child)
    assert parent.stderr.read() == ""
