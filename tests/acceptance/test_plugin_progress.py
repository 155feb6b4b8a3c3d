"""The job of a plugin, installed by its entry point, is shown with parts and counts of its own wherever a sync's are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.terminal import ENTER, Terminal
from tests.house.program import PROGRAM, install

MODULE = """
import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.progress import Count, Part, Progress
from devtrail_tui.core.setting import Kind, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    until: str = setting("Until", Kind.TEXT, help="a file that ends the job")


async def run(config: Config, context: Context) -> dict[str, Any]:
    context.log("counting the shelves")
    context.progress(
        Progress(
            percent=40,
            phase="reading",
            current_part="shelf B",
            current_item="page 7",
            parts=(Part("shelf A", 3, 3), Part("shelf B", 1, 7), Part("shelf C", note="locked")),
            parts_name="shelves",
            counts=(Count("books", 4), Count("lost", 0), Count("torn pages", 2, bad=True)),
        )
    )
    while not Path(config.until).exists():
        await asyncio.sleep(0.02)
    return {"message": "All shelves are read."}


JOB = JobType(name="INVENTORY", title="Read the shelves", command="inventory", config=Config, run=run, description="Reads.")
"""


@pytest.fixture
def environ(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """With the plugin installed, as pip leaves it: a module and its metadata in a folder of the path."""
    return {**environ, **install(tmp_path / "site", "shelves", ["shelves:JOB"], MODULE)}


@pytest.fixture
def end(tmp_path: Path) -> Iterator[Path]:
    """The file that ends the job; it is there at the end in any case."""
    path = tmp_path / "end"
    yield path
    path.touch()


def test_the_app_draws_it(open_terminal: Callable[..., Terminal], command: Callable[..., object], end: Path) -> None:
    command("inventory", "--until", str(end), "--no-wait")
    app = open_terminal()
    screen = app.wait_for("torn pages 2")
    lines = screen.splitlines()
    assert any("total" in line and "4/10" in line for line in lines)
    assert any("shelf A" in line and "3/3" in line for line in lines)
    assert any("shelf B" in line and "1/7" in line for line in lines)
    assert any("shelf C" in line and "locked" in line for line in lines)
    assert "books 4 · torn pages 2" in screen
    assert "lost" not in screen
    assert "reading · shelf B page 7" in screen
    app.type(ENTER)
    app.wait_until(lambda text: "Until" in text and "torn pages 2" in text, "the job's own screen")
    end.touch()
    app.wait_for("All shelves are read.")


def test_its_bar_and_its_log_stand_on_the_command_line(
    open_terminal: Callable[..., Terminal], command: Callable[..., object], end: Path
) -> None:
    command("inventory", "--until", str(end), "--no-wait")
    worker = open_terminal("work", "--job", "1")
    bar = worker.wait_for("4/10")
    assert "40 % · 4/10 · shelf B" in bar
    looked = open_terminal("jobs", "show", "1")
    looked.wait_for_end()
    assert "40 %, 4 of 10" in looked.text
    follower = open_terminal("logs", "1", "-f")
    follower.wait_for("counting the shelves")
    end.touch()
    for each in (worker, follower):
        each.wait_for_end()
        assert each.exit_code == 0, each.text
    assert "All shelves are read." in worker.text


def test_its_json_has_the_published_names(environ: dict[str, str], end: Path) -> None:
    end.touch()
    asked = [PROGRAM, "inventory", "--until", str(end), "--json"]
    done = subprocess.run(asked, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)["config"]["_progress"]
    assert shown == {"currentRepo": "shelf B", "currentPR": "page 7", "totalPRs": 10, "processedPRs": 4}
