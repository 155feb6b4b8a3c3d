"""How soon a key is on the screen while a sync runs, and what the app's processes weigh; programs in turn, medians of their runs.
And how late an event loop wakes while the anthropic package is imported, here or in the child: that holds on a busy machine too.

Run it alone: `pytest tests/bench/bench_keys.py -m bench -n 0 -s`. `DEVTRAIL_BENCH_PROGRAMS=/other/bin/devtrail-tui` compares.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from tests.acceptance.terminal import Terminal
from tests.house.program import environ_of

OWN = str(Path(sys.executable).parent / "devtrail-tui")
PROGRAMS = [*filter(None, os.environ.get("DEVTRAIL_BENCH_PROGRAMS", "").split(os.pathsep)), OWN]
ROUNDS = int(os.environ.get("DEVTRAIL_BENCH_ROUNDS", "3"))
KEYS = 240
LINE = 40
"""Characters typed into the filter before they are deleted again."""
SYNC = ("sync", "acme/shop", "acme/api", "acme/web", "--no-wait")
SERVER = """
import sys
from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.server import DemoServer
with DemoServer(build_world(), latency=Latency(github=0.08, claude=0.7)) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One sync in one app: milliseconds from key to paint, and mebibytes of the app and of its children."""

    milliseconds: list[float]
    app_mib: float
    children_mib: float

    def quantile(self, percent: int) -> float:
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


@pytest.fixture
def services() -> Iterator[dict[str, str]]:
    """The demo's GitHub and Claude in a process of their own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        yield {"DEVTRAIL_GITHUB_URL": url, "ANTHROPIC_BASE_URL": url}
        process.communicate()


def _shows(typed: int, screen: str) -> bool:
    found = re.search(r"Filter / ?(q*)", screen)
    return found is not None and len(found[1]) == typed


def _mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def _run(program: str, environ: dict[str, str]) -> Run:
    subprocess.run([program, *SYNC], env=environ, check=True, capture_output=True, timeout=60)
    terminal = Terminal([program], environ)
    try:
        terminal.wait_for("running", seconds=60)
        terminal.type("/")
        terminal.wait_for("Filter /")
        milliseconds = []
        typed, step = 0, 1
        for _ in range(KEYS):
            typed += step
            pressed = time.perf_counter()
            terminal.type("q" if step > 0 else "\x7f")
            terminal.wait_until(partial(_shows, typed), f"{typed} letters", look_every_s=0.001)
            milliseconds.append((time.perf_counter() - pressed) * 1000)
            if typed in (0, LINE):
                step = -step
            terminal.read(0.02)
        app = psutil.Process(terminal.child.pid)
        return Run(milliseconds, _mib(app), sum(_mib(each) for each in app.children(recursive=True)))
    finally:
        terminal.close()


@pytest.mark.bench
def test_keys_during_a_sync(services: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs: dict[str, list[Run]] = {program: [] for program in PROGRAMS}
    for number in range(ROUNDS):
        for index, program in enumerate(PROGRAMS):
            home = tmp_path / f"{number}-{index}"
            environ = {**environ_of(home), "GITHUB_TOKEN": GITHUB_TOKEN, "ANTHROPIC_API_KEY": CLAUDE_KEY, **services}
            runs[program].append(_run(program, environ))
    with capsys.disabled():
        print()
        for program, each in runs.items():
            p50, p90, p99 = (statistics.median(run.quantile(percent) for run in each) for percent in (50, 90, 99))
            most = statistics.median(max(run.milliseconds) for run in each)
            app, children = (
                statistics.median(value) for value in zip(*((r.app_mib, r.children_mib) for r in each), strict=True)
            )
            print(
                f"{program}: key to paint p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f} ms, longest {most:.0f} ms;"
                f" app {app:.0f} MiB, children {children:.0f} MiB"
            )


LOOP = """
import asyncio, statistics, sys, threading, time

def here():
    import anthropic

def child():
    from devtrail_tui.clients.claude.calls import Call, CallFailed, Method
    from devtrail_tui.clients.claude.child_process import ClaudeProcess
    from devtrail_tui.core.clock import SystemClock
    process = ClaudeProcess(SystemClock())
    try:
        asyncio.run(process.call(Call(Method.LIST_MODELS, {}, "key", "http://127.0.0.1:9", 60.0)))
    except CallFailed:
        process.close()

async def late_ms():
    late = []
    thread = threading.Thread(target=here if sys.argv[1] == "here" else child)
    thread.start()
    before = time.perf_counter()
    while thread.is_alive():
        await asyncio.sleep(0.004)
        now = time.perf_counter()
        late.append((now - before - 0.004) * 1000)
        before = now
    return late

late = asyncio.run(late_ms())
print(statistics.quantiles(late, n=100)[94], statistics.quantiles(late, n=100)[98], max(late))
"""


@pytest.mark.bench
def test_an_event_loop_while_the_package_is_imported(capsys: pytest.CaptureFixture[str]) -> None:
    runs: dict[str, list[list[float]]] = {"here": [], "child": []}
    for _ in range(ROUNDS):
        for place, figures in runs.items():
            done = subprocess.run([sys.executable, "-c", LOOP, place], capture_output=True, text=True, check=True)
            figures.append([float(each) for each in done.stdout.split()])
    with capsys.disabled():
        print()
        for place, figures in runs.items():
            p95, p99, most = (statistics.median(each) for each in zip(*figures, strict=True))
            print(f"import in {place}: the loop wakes late by p95 {p95:.0f} ms, p99 {p99:.0f} ms, most {most:.0f} ms")
