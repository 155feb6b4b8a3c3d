"""`devtrail-tui demo` as a stranger starts it: nothing of theirs is touched, nothing leaves the machine."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.demo.home import DemoHome
from tests.acceptance.terminal import Terminal
from tests.house.program import PROGRAM

pytestmark = pytest.mark.usefixtures("processes")


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """Somebody with an empty home, and keys of their own that the demo must not use."""
    return {
        "HOME": str(tmp_path),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "DEVTRAIL_HOME": str(tmp_path / "devtrail"),
        "DEVTRAIL_DATABASE_URL": f"sqlite:///{tmp_path}/mine.db",
        "DEVTRAIL_GITHUB_URL": "https://github.never.example/api/v3",
        "GITHUB_TOKEN": "ghp_my_own_token",
        "ANTHROPIC_API_KEY": "sk-my-own-key",
    }


def demo(environ: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [PROGRAM, "demo", "--headless", "--fast", *arguments],
        env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    job: dict[str, Any] = json.loads(done.stdout)
    return job


@pytest.mark.parametrize("kept", [False, pytest.param(True, marks=pytest.mark.full)])
def test_it_runs_a_sync_and_keeps_it_where_asked(stranger: dict[str, str], tmp_path: Path, kept: bool) -> None:  # noqa: FBT001 - a parameter of the test
    first = demo(stranger)
    assert first["status"] == "COMPLETED"
    assert first["result"]["login"] == "robin-demo"
    assert first["result"]["new"] == first["result"]["found"] > 80
    assert not (tmp_path / "mine.db").exists()
    assert not (tmp_path / "devtrail" / "data" / "devtrail.db").exists()

    if kept:
        again = demo(stranger, "--keep")
        assert (again["id"], again["result"]["new"]) == (2, 0)
        assert again["result"]["alreadyStored"] == again["result"]["found"]
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"my_own" not in file.read_bytes()


def test_two_at_once_are_refused(stranger: dict[str, str], tmp_path: Path) -> None:
    with DemoHome(tmp_path / "devtrail" / "data" / "demo", keep=True):
        done = subprocess.run(
            [PROGRAM, "demo", "--headless"], env=stranger, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "devtrail-tui: Another demo is running on this machine; quit it first.\n"


def test_on_screen_it_says_demo_and_a_sync_is_running_fresh_each_time(stranger: dict[str, str], tmp_path: Path) -> None:
    earlier = tmp_path / "devtrail" / "data" / "demo" / "home" / "data" / "devtrail.db"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("what an earlier demo has left")
    terminal = Terminal([PROGRAM, "demo"], stranger)
    try:
        screen = terminal.wait_until(lambda text: "running" in text and "acme/shop" in text, "a running sync")
        assert "DEMO" in screen
        terminal.wait_for("merged pull requests found")
        terminal.type("q")
        terminal.wait_for("Quit")
        terminal.type("y")
        terminal.wait_for_end()
        assert terminal.left_on() == []
    finally:
        terminal.close()
    (path,) = (tmp_path / "devtrail" / "data" / "demo").rglob("devtrail.db")
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT status FROM jobs").fetchall() == [("PENDING",)]
    connection.close()


def test_a_folder_that_cannot_be_used_is_said(stranger: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "devtrail").write_text("in the way")
    done = subprocess.run(
        [PROGRAM, "demo", "--headless"], env=stranger, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_looks_and_is_operated_as_the_persons_own_app(stranger: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "devtrail" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('theme = "devtrail-light"\nbudget_usd = 0\n[keys]\nnew_job = "Z"\n')
    terminal = Terminal([PROGRAM, "demo", "--fast"], stranger)
    try:
        terminal.wait_for("acme/shop +3")
        terminal.type("Z")
        terminal.wait_for("5.00")
    finally:
        terminal.close()
    assert b"48;2;251;250;248" in terminal.written
