"""Promise 17 in a real terminal: hostile text in every foreign field moves no cursor, sets no title, and reaches no clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.terminal import ENTER, ESCAPE, Terminal
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk
from tests.house.program import PROGRAM
from tests.security.hostile_home import HostileHome, environ_of_desk, looks
from tests.security.hostile_strings import MARK, STRINGS
from tests.security.terminal_output import (
    assert_harmless,
    between_sequences,
    inside_sequences,
    sequences,
)

pytestmark = pytest.mark.xdist_group("hostile-text")  # the home is made once

PLAIN_OUTPUT = {"CSI m", "CSI K"}
"""What a command may write beside text: colours, and to clear the line its bar stands in."""
_MODES = (7, 25, 1000, 1003, 1004, 1006, 1015, 1049, 2004)
THE_APPS_OWN = frozenset(
    {"CSI m", "CSI H", "CSI >u 25", "CSI <u ", "CSI ?p 2026$", "CSI ?p 2048$", "OSC 22"}
    | {f"CSI ?{switch} {mode}" for switch in "hl" for mode in _MODES}
)
"""What the app itself writes, whatever it shows: colours, cursor, modes, questions about modes, the shape of the mouse pointer.
No title, no clipboard, no report."""
QUIET_S = 0.3
"""Longer than the app waits to tell Escape from the beginning of a sequence."""


def screenful(terminal: Terminal) -> None:
    """Read until the program has ended."""
    terminal.wait_for_end()
    while True:
        before = len(terminal.written)
        terminal.read(0.05)
        if len(terminal.written) == before:
            return


def in_a_terminal(home: HostileHome, commands: Sequence[Sequence[str]]) -> None:
    shown = 0
    for command in commands:
        terminal = Terminal([PROGRAM, *command], environ_of_desk(home.desk), columns=100, lines=30)
        try:
            screenful(terminal)
        finally:
            terminal.close()
        assert terminal.exit_code in (0, 1, 3)
        assert set(sequences(terminal.written)) <= PLAIN_OUTPUT, command
        assert inside_sequences(terminal.written) == []
        assert_harmless(between_sequences(terminal.written))
        shown += MARK.encode() in terminal.written
    assert shown > len(commands) / 2


@pytest.mark.usefixtures("processes")
def test_a_real_terminal_gets_text_and_colours_only(home: HostileHome) -> None:
    in_a_terminal(home, [("logs", str(home.spoken.id)), ("evidence", "list")])


@pytest.mark.full
@pytest.mark.usefixtures("processes")
def test_a_real_terminal_gets_text_and_colours_only_from_every_command(home: HostileHome) -> None:
    in_a_terminal(home, [command for command in looks(home, len(STRINGS)) if command != ("doctor",)])


def walk_through(terminal: Terminal, word: str) -> None:
    """Every screen of the app by hand: jobs, a log with find, evidence, an entry, help, palette, a form that is pasted into.
    `word` stands in the log and in the evidence."""
    terminal.wait_for("Jobs · all")
    terminal.wait_for(word)
    find_in_a_log(terminal, word)
    terminal.type("2")
    terminal.wait_for("Evidence · all")
    terminal.wait_for(word)
    for keys in ("jjjj", "G", "g", ENTER):
        terminal.type(keys)
        terminal.read(0.1)
    terminal.wait_for("Matches")
    terminal.type("G")
    back_to(terminal, "Evidence · all")
    terminal.type("?")
    leave(terminal)
    terminal.type(":")
    terminal.read(0.3)
    terminal.type(word)
    leave(terminal)
    terminal.type("1")
    terminal.wait_for("Jobs · all")
    paste_into_a_form(terminal, word)
    quiet(terminal)
    terminal.type("q")
    terminal.wait_for_end()


def find_in_a_log(terminal: Terminal, word: str) -> None:
    for keys in ("jjj", "g", "l"):
        terminal.type(keys)
    terminal.wait_for("Log of")
    for keys in ("w", "/", word, ENTER):
        terminal.type(keys)
        terminal.read(0.2)
    for keys in ("n", "N", "t", "g", "G"):
        terminal.type(keys)
        terminal.read(0.1)
    back_to(terminal, "Jobs · all")


def paste_into_a_form(terminal: Terminal, word: str) -> None:
    terminal.type("n")
    terminal.wait_for("New job")
    terminal.type(f"\x1b[200~{word} \x07\x9b31m\x1b]0;{word}\x07 [/red]\x1b[201~")
    quiet(terminal)
    leave(terminal)
    terminal.wait_for("Discard")
    terminal.type("y")
    terminal.wait_for("Jobs · all")


def back_to(terminal: Terminal, title: str) -> None:
    """Escape as often as it takes: the first may only leave a field."""
    for _ in range(4):
        leave(terminal)
        if title in terminal.text:
            return
    terminal.wait_for(title)


def leave(terminal: Terminal) -> None:
    """Escape, and quiet after it: a key that follows at once would make a sequence of the two."""
    terminal.type(ESCAPE)
    quiet(terminal)


def quiet(terminal: Terminal) -> None:
    """Read until the program has written nothing for a while."""
    for _ in range(20):
        before = len(terminal.written)
        terminal.read(QUIET_S)
        if len(terminal.written) == before:
            return


def app_in_a_terminal(environ: dict[str, str], word: str, columns: int, lines: int) -> bytes:
    terminal = Terminal([PROGRAM], environ, columns=columns, lines=lines)
    try:
        walk_through(terminal, word)
        assert terminal.exit_code == 0, terminal.text
        assert terminal.left_on() == []
        return terminal.written
    finally:
        terminal.close()


def assert_only_its_own(written: bytes) -> None:
    assert set(sequences(written)) <= THE_APPS_OWN
    assert inside_sequences(written) == []
    assert_harmless(between_sequences(written))


@pytest.mark.usefixtures("processes")
def test_the_app_writes_nothing_hostile_to_a_real_terminal(home: HostileHome) -> None:
    assert_only_its_own(app_in_a_terminal(environ_of_desk(home.desk), MARK, 100, 30))


@pytest.mark.full
@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40), (200, 60)])
def test_the_app_writes_nothing_hostile_to_a_terminal_of_any_size(columns: int, lines: int, home: HostileHome) -> None:
    assert_only_its_own(app_in_a_terminal(environ_of_desk(home.desk), MARK, columns, lines))


@pytest.mark.full
@pytest.mark.usefixtures("processes")
def test_what_the_app_writes_of_plain_text_is_what_is_allowed(tmp_path: Path) -> None:
    """The list above is no wider than need be."""
    with FaultyServer(small_world([Written("Plain words")] * 30)) as server:
        desk = Desk(server, tmp_path)
        desk.sync()
        environ = environ_of_desk(desk)
        desk.close()
        written = app_in_a_terminal(environ, "Plain", 100, 30)
    assert set(sequences(written)) == THE_APPS_OWN
