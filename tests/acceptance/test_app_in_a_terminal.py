"""A person at a real terminal: launch from the form, watch, cancel, quit, come back; and every way to end the program."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.terminal import CTRL_S, ENTER, TAB, Terminal
from tests.doubles.server import FaultyServer

CANCEL_BOUND_S = 1.0
QUIT_BOUND_S = 2.0
SLACK_S = 8.0
"""What a busy test machine may add to a bound that a person would feel; without the mechanism the program hangs for longer."""

Open = Callable[..., Terminal]
Command = Callable[..., Any]


def launch_from_the_form(terminal: Terminal, repositories: str = "acme/shop acme/api") -> None:
    """Press `n`, type the repositories, launch."""
    terminal.wait_for("No jobs yet")
    terminal.type("n")
    terminal.wait_for("Repositories")
    terminal.type(repositories)
    terminal.wait_for(repositories.split()[-1])
    terminal.type(CTRL_S)


def test_launch_watch_cancel_quit(open_terminal: Open, server: FaultyServer, command: Command) -> None:
    gate = server.faults.hang("messages", times=500, after=6)
    terminal = open_terminal()
    launch_from_the_form(terminal)
    terminal.wait_for("running")
    gate.wait(20)
    terminal.wait_for("acme/shop#")
    terminal.wait_for("acme/api")
    terminal.wait_for("matched")
    terminal.wait_for("GitHub")

    terminal.type("c")
    terminal.wait_for("Cancel job 1")
    pressed = time.monotonic()
    terminal.type("y")
    terminal.wait_for("cancelled")
    assert time.monotonic() - pressed < CANCEL_BOUND_S + SLACK_S
    gate.release()

    terminal.type("q")
    took = terminal.wait_for_end()
    assert took < QUIT_BOUND_S + SLACK_S
    assert terminal.exit_code == 0
    assert terminal.left_on() == []
    assert command("jobs", "show", "1")["status"] == "CANCELLED"


def test_quitting_gives_the_job_back_and_the_next_start_goes_on(
    open_terminal: Open, server: FaultyServer, command: Command
) -> None:
    gate = server.faults.hang("messages", times=500, after=6)
    terminal = open_terminal()
    launch_from_the_form(terminal, "acme/web")
    gate.wait(20)
    terminal.wait_for("acme/web#")
    terminal.type("q")
    terminal.wait_until(lambda screen: "y" in screen and "uit" in screen, "the question")
    terminal.type("y")
    assert terminal.wait_for_end() < QUIT_BOUND_S + SLACK_S
    assert terminal.left_on() == []
    left = command("jobs", "show", "1")
    assert left["status"] == "PENDING"

    gate.release()
    server.faults.clear()
    fetched = server.count("hydrate")
    again = open_terminal()
    again.wait_for("done", seconds=60)
    again.type("q")
    again.wait_for_end()
    done = command("jobs", "show", "1")
    assert done["status"] == "COMPLETED"
    assert done["result"]["alreadyStored"] == 0
    assert server.count("hydrate") - fetched <= fetched


@pytest.mark.full  # tests/faults/test_stops.py ends the app in each of these ways too, while GitHub hangs
@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "SIGINT", "closed"])
def test_every_other_end_is_as_clean(how: str, open_terminal: Open, server: FaultyServer, command: Command) -> None:
    gate = server.faults.hang("messages", times=500, after=2)
    terminal = open_terminal()
    launch_from_the_form(terminal)
    gate.wait(20)
    terminal.wait_for("running")
    if how == "closed":
        took = terminal.hang_up()
    else:
        terminal.child.kill(getattr(signal, how))
        took = terminal.wait_for_end()
        assert terminal.left_on() == []
    assert took < QUIT_BOUND_S + SLACK_S
    gate.release()
    assert command("jobs", "show", "1")["status"] == "PENDING"


@pytest.mark.parametrize(
    ("columns", "lines"), [(80, 24), *(pytest.param(*size, marks=pytest.mark.full) for size in ((120, 40), (200, 50)))]
)
def test_table_bars_and_log_are_readable_at_every_size(
    columns: int, lines: int, open_terminal: Open, server: FaultyServer
) -> None:
    gate = server.faults.hang("messages", times=500, after=6)
    terminal = open_terminal(columns=columns, lines=lines)
    launch_from_the_form(terminal, "acme/shop")
    gate.wait(20)
    screen = terminal.wait_for("acme/shop#")
    for part in ("running", "%", "worker", "Jobs", "Log", "cancel", "help"):
        assert part in screen, f"{part} is missing:\n{screen}"
    assert all(len(line) <= columns for line in screen.splitlines())
    gate.release()


def test_letters_do_nothing_while_a_field_has_the_focus(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("No jobs yet")
    terminal.type("n")
    terminal.wait_for("Repositories")
    terminal.type("q?c/x")
    terminal.wait_for("q?c/x")
    terminal.type(TAB)
    assert terminal.child.isalive()


def test_a_bad_field_is_said_beside_it_and_nothing_is_lost(open_terminal: Open, command: Command) -> None:
    terminal = open_terminal()
    launch_from_the_form(terminal, "shop")
    terminal.wait_for("lacks its owner")
    terminal.wait_for("shop")
    assert command("jobs", "list") == []
    terminal.type("\x1b")
    terminal.type(ENTER)
