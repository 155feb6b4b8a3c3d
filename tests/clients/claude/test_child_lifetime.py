"""When the child process that talks to Claude ends, and who ends with it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from devtrail_tui.clients.claude import child_process
from devtrail_tui.clients.claude.child_process import ClaudeProcess
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.errors import OutcomeUnknown, TemporaryError
from devtrail_tui.demo.server import CLAUDE_KEY
from tests.clients.claude.conftest import PATIENCE_S, MakeAnalyser, gone, pid_of
from tests.doubles.clock import HastyClock
from tests.doubles.server import FaultyServer

pytestmark = pytest.mark.usefixtures("processes")


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


def test_it_ends_with_a_program_that_is_killed(parent: subprocess.Popen[str], server: FaultyServer) -> None:
    gate = server.faults.hang("models")
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    gate.wait(PATIENCE_S)
    parent.kill()
    gone(child)
    gate.release()


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
