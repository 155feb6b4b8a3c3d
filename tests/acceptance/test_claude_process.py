"""The process that talks to Claude beside the installed program: the program itself stays light, and nothing is lost with it."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from devtrail_tui.clients.claude import prices
from devtrail_tui.clients.claude.request import MAX_OUTPUT_TOKENS
from tests.acceptance.terminal import Terminal
from tests.doubles.server import FaultyServer
from tests.house.program import PROGRAM, install

MODULE = """
import sys
from dataclasses import dataclass
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.job_type import JobType


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    pass


async def run(config: Config, context: Context) -> dict[str, Any]:
    return {"loaded": sorted({"anthropic", "textual"} & set(sys.modules))}


JOB = JobType(name="MODULES", title="Look at the modules", command="modules", config=Config, run=run)
"""


@pytest.fixture
def with_plugin(tmp_path: Path, environ: dict[str, str]) -> dict[str, str]:
    """The environment with a job type that tells what its process has imported."""
    return {**environ, **install(tmp_path / "site", "modules_plugin", ["modules_plugin:JOB"], MODULE)}


def run(environ: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        [PROGRAM, *arguments, "--json"], env=environ, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.full
def test_after_a_sync_the_app_has_not_loaded_what_claude_needs(with_plugin: dict[str, str]) -> None:
    run(with_plugin, "sync", "acme/web", "--no-wait")
    run(with_plugin, "modules", "--no-wait")
    terminal = Terminal([PROGRAM], with_plugin)
    try:
        terminal.wait_until(lambda screen: screen.count("✓ done") >= 2, "both jobs", seconds=90)
        child = psutil.Process(terminal.child.pid).children()[0]
        terminal.type("q")
        terminal.wait_for_end()
        child.wait(20)
    finally:
        terminal.close()
    assert run(with_plugin, "jobs", "show", "1")["result"]["matched"] > 0
    assert run(with_plugin, "jobs", "show", "2")["result"] == {"loaded": ["textual"]}


def test_killed_amid_a_paid_call_the_sync_goes_on_and_counts_it(environ: dict[str, str], server: FaultyServer) -> None:
    """A call whose answer nobody saw counts at its worst case, which is at least all the output that was asked for."""
    gate = server.faults.hang("messages", after=1)
    with subprocess.Popen(
        [PROGRAM, "sync", "acme/web", "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        gate.wait(60)
        (child,) = psutil.Process(process.pid).children()
        child.send_signal(signal.SIGKILL)
        gate.release()
        output, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    job = json.loads(output)
    assert (job["status"], job["result"]["notAnalysed"]) == ("COMPLETED", 0)
    uncertain = [line["message"] for line in job["logs"] if "The call may have been billed" in line["message"]]
    assert uncertain
    assert "counts with its worst-case price" in uncertain[0]
    output_usd = prices.worst_case_usd("claude-sonnet-5-5", 0, MAX_OUTPUT_TOKENS)
    assert output_usd is not None
    assert job["result"]["spentUsd"] > output_usd * len(uncertain)
