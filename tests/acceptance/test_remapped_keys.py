"""Keys set in config.toml work on every screen, and the screens say them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devtrail_tui.demo.world import World
from tests.acceptance.terminal import ENTER, Terminal
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.program import PROGRAM

Open = Callable[..., Terminal]
KEYS = """
[keys]
move_down = "f2"
move_up = "f4"
move_first = "f6"
move_last = "f7"
page_down = "f8"
page_up = "f9"
back = "backspace"
close_dialog = "W"
help = "H"
answer_yes = "Y"
answer_no = "f10"
show_prompt = "f11"
cancel_job = "K"
open_log = "L"
"""
F2, F4, F6, F7 = "\x1bOQ", "\x1bOS", "\x1b[17~", "\x1b[18~"
F10, F11, BACKSPACE = "\x1b[21~", "\x1b[23~", "\x7f"
LONG = "\n".join(f"paragraph {number}\n" for number in range(60))


@pytest.fixture(scope="module")
def world() -> World:
    return small_world([Written("One", body=LONG), Written("Two", body=LONG)])


@pytest.fixture
def open_remapped(open_terminal: Open, environ: Mapping[str, str], server: FaultyServer) -> Open:
    """The app with other keys and a job that has ended, at 80x24."""
    home = Path(environ["DEVTRAIL_HOME"]) / "config"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(KEYS, encoding="utf-8")

    def open_one() -> Terminal:
        done = subprocess.run(
            [PROGRAM, "sync", "acme/shop", "--json"], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return open_terminal(columns=80, lines=24)

    return open_one


def scrolls(terminal: Terminal, first_line: str, down: str, up: str) -> None:
    """The text in view moves by one key and back by another."""
    terminal.wait_for(first_line)
    terminal.type(down)
    terminal.wait_until(lambda screen: first_line not in screen, "the text further down")
    terminal.type(up)
    terminal.wait_for(first_line)


def use_the_job_screen(terminal: Terminal) -> None:
    terminal.type(ENTER)
    terminal.wait_for("Settings")
    assert "L log" in terminal.text
    assert "K cancel" in terminal.text
    scrolls(terminal, "│ When", F2, F4)
    scrolls(terminal, "│ When", F7, F6)
    terminal.type("L")
    terminal.wait_for("Log of 1")
    terminal.type(BACKSPACE)
    terminal.wait_for("Settings")
    terminal.type(BACKSPACE)
    terminal.wait_for("Jobs · all 1")


def use_an_entry(terminal: Terminal) -> None:
    terminal.type("2")
    terminal.wait_for("Evidence · all 2")
    terminal.type(ENTER)
    terminal.wait_for("Description")
    scrolls(terminal, "│  One", F2, F4)
    scrolls(terminal, "│  One", F7, F6)
    terminal.type(BACKSPACE)
    terminal.wait_for("Evidence · all 2")
    terminal.type("1")
    terminal.wait_for("Jobs · all 1")


def use_help_and_a_question(terminal: Terminal) -> None:
    terminal.type("H")
    terminal.wait_for("L          open_log             Show the selected job's whole log")
    terminal.wait_for("⌫ closes")
    scrolls(terminal, "Jobs  on 1", F2, F4)
    terminal.type("W")
    terminal.wait_for("Jobs · all 1")
    terminal.type("D")
    terminal.wait_for("Y Delete")
    terminal.type(F10)
    terminal.wait_for("Jobs · all 1")
    terminal.type("D")
    terminal.wait_for("Y Delete")
    terminal.type("Y")
    terminal.wait_for("No jobs to delete")


def use_the_form_and_what_is_sent(terminal: Terminal) -> None:
    terminal.type("n")
    terminal.wait_for("f11 what is sent")
    terminal.type("acme/shop")
    terminal.wait_for("acme/shop")
    terminal.type(F11)
    terminal.wait_for("What is sent to Claude")
    terminal.wait_for("f2 f4 scroll")
    scrolls(terminal, "This would", F2, F4)
    terminal.type(BACKSPACE)
    terminal.wait_for("New job")


def test_on_every_kind_of_screen(open_remapped: Open) -> None:
    terminal = open_remapped()
    terminal.wait_for("done")
    use_the_job_screen(terminal)
    use_an_entry(terminal)
    use_help_and_a_question(terminal)
    use_the_form_and_what_is_sent(terminal)
