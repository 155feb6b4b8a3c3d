"""Promise 17: hostile text in every foreign field, through every widget and every output, does nothing but stand there."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from devtrail_tui import cli
from devtrail_tui.demo import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.tui.app import DevTrailApp, make_app
from devtrail_tui.tui.screens.confirm import ConfirmScreen
from devtrail_tui.tui.screens.entry import EntryScreen
from devtrail_tui.tui.screens.log import LogScreen
from devtrail_tui.tui.screens.new_job import NewJobScreen
from devtrail_tui.tui.screens.trouble import TroubleScreen
from tests.acceptance.terminal import CTRL_C, ENTER, ESCAPE, Terminal
from tests.security.hostile_home import HostileHome, hostile_toml
from tests.security.hostile_strings import LONG, MARK, STRINGS
from tests.security.terminal_output import (
    between_sequences,
    harmful_characters,
    inside_sequences,
    sequences,
)
from tests.tui.app_host import screen_text, until

pytestmark = pytest.mark.xdist_group("hostile-text")  # the home is made once

PROGRAM = str(Path(sys.executable).parent / "devtrail-tui")
LEAST = 45
"""Strings the promise speaks of."""
SOME = 8
"""Strings that stand for all in the short form, where each costs a program start or a screen."""


def some(texts: Sequence[str], count: int = SOME) -> list[str]:
    """Evenly spread over the list."""
    return list(texts[:: max(1, len(texts) // count)])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileHome]:
    made = HostileHome(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


def assert_harmless(text: str) -> None:
    harmful = harmful_characters(text)
    assert not harmful, f"{sorted(harmful)} in {text[:2000]!r}"


def texts_in(data: Any) -> Iterator[str]:
    """Every string of a JSON document, keys included."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from texts_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts_in(value)
    elif isinstance(data, str):
        yield data


def test_there_are_enough_strings_and_they_would_do_harm() -> None:
    assert len(STRINGS) >= LEAST
    assert len(set(STRINGS.values())) == len(STRINGS)
    harmful = [name for name, text in STRINGS.items() if harmful_characters(text)]
    assert len(harmful) >= LEAST


def test_everything_was_stored_and_is_harmless_in_the_database(home: HostileHome) -> None:
    assert len(home.desk.evidence()) == len(STRINGS)
    with home.desk.services.database.read() as connection:
        names = [row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}"):  # noqa: S608 - the database's own names
                for value in row:
                    if isinstance(value, str):
                        assert_harmless(value)
                        if value[:1] in "{[" and '"' in value:
                            for text in texts_in(json.loads(value)):
                                assert_harmless(text)


# --- the command line


@pytest.fixture
def run(
    home: HostileHome, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """A command over the hostile home, in this process: its exit code and all it wrote."""
    for name, value in environ_of(home).items():
        monkeypatch.setenv(name, value)

    def one(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = cli.main(arguments)
        captured = capfd.readouterr()
        if "--json" in arguments and captured.out.strip():
            for line in captured.out.splitlines() if arguments[0] == "logs" else [captured.out]:
                for text in texts_in(json.loads(line)):
                    assert_harmless(text)
        return code, captured.out + captured.err

    return one


def environ_of(home: HostileHome) -> dict[str, str]:
    return {
        **home.desk.environ,
        "HOME": home.desk.environ["DEVTRAIL_HOME"],
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "DEVTRAIL_GITHUB_URL": home.server.github_url,
        "ANTHROPIC_BASE_URL": home.server.claude_url,
        "GITHUB_TOKEN": GITHUB_TOKEN,
        "ANTHROPIC_API_KEY": CLAUDE_KEY,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def looks(home: HostileHome, entries: int) -> list[tuple[str, ...]]:
    """Every command that shows something that is stored."""
    ids = some([str(each) for each in home.desk.services.evidence.ids()], entries)
    jobs = [str(job.id) for job in home.jobs]
    return [
        ("jobs", "list"),
        ("evidence", "list"),
        ("criteria", "list"),
        ("criteria", "export"),
        ("doctor",),
        *(("evidence", "export", "--format", form) for form in ("md", "json", "csv")),
        *(("jobs", "show", job) for job in jobs),
        *(("logs", job) for job in jobs),
        *(("jobs", "wait", job) for job in jobs),
        *(("evidence", "show", each) for each in ids),
    ]


def look_at_everything(home: HostileHome, run: Callable[..., tuple[int, str]], entries: int) -> None:
    shown = ""
    for command in looks(home, entries):
        for form in ((), ("--json",)):
            code, written = run(*command, *form)
            assert code in (0, 1), (command, written)
            assert_harmless(written)
            assert "Traceback" not in written
            shown += written
    assert shown.count(MARK) > len(STRINGS)


def test_no_command_that_shows_what_is_stored_writes_a_control_character(
    home: HostileHome, run: Callable[..., tuple[int, str]]
) -> None:
    look_at_everything(home, run, SOME)


@pytest.mark.full
def test_no_command_writes_a_control_character_for_any_entry(
    home: HostileHome, run: Callable[..., tuple[int, str]]
) -> None:
    look_at_everything(home, run, len(STRINGS))


def complaints(text: str, folder: Path) -> list[tuple[str, ...]]:
    """Commands that have to say something about the text."""
    (folder / "criteria.csv").write_bytes(
        f'criterion_id,area_of_concentration,subarea,description,pr_detectable\n"{text}",a,b,c,"{text}"\n'.encode(
            "utf-8", "surrogatepass"
        )
    )
    return [
        (text,),
        (f"--{text}",),
        ("jobs", text),
        ("jobs", "list", text),
        ("jobs", "list", f"state:{text}"),
        ("jobs", "show", text),
        ("logs", text),
        ("evidence", "list", text),
        ("evidence", "list", f"criterion:{text}"),
        ("evidence", "export", "--format", text),
        ("sync", text, "--no-wait"),
        ("sync", f"acme/{text}", "--no-wait"),
        ("sync", "acme/shop", "--since", text, "--no-wait"),
        ("sync", "acme/shop", "--budget", text, "--no-wait"),
        ("sync", "acme/shop", "--model", text, "--no-wait"),
        ("criteria", "import", str(folder / "criteria.csv")),
        ("criteria", "import", f"{folder}/{text.replace(chr(0), '')}"[:200]),
    ]


def complain(texts: Sequence[str], run: Callable[..., tuple[int, str]], folder: Path) -> None:
    for text in texts:
        for command in complaints(text, folder):
            for form in ((), ("--json",)):
                code, written = run(*command, *form)
                assert code in (0, 1, 2), (command, written)
                assert_harmless(written)
                assert "Traceback" not in written, (command, written)


def test_complaints_about_hostile_arguments_are_harmless(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    complain(some(list(STRINGS.values())), run, tmp_path)


@pytest.mark.full
def test_complaints_about_all_hostile_arguments_are_harmless(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    complain([*STRINGS.values(), *(text[:100_000] for text in LONG.values())], run, tmp_path)


def settle(texts: Sequence[str], run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Settings by file and by environment."""
    monkeypatch.setenv("DEVTRAIL_HOME", str(folder))
    file = folder / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    for text in texts:
        for content in hostile_toml(text):
            file.write_bytes(content.encode("utf-8", "surrogatepass"))
            code, written = run("jobs", "list")
            assert code in (0, 2), (content, written)
            assert_harmless(written)
            assert "Traceback" not in written
        file.unlink()
        plain = text.replace("\0", "").encode("utf-8", "replace").decode()
        for name in ("DEVTRAIL_DATABASE_URL", "DEVTRAIL_GITHUB_URL", "ANTHROPIC_BASE_URL"):
            with monkeypatch.context() as patch:
                patch.setenv(name, plain[:5_000])
                _, written = run("jobs", "list")
                assert_harmless(written)
                assert "Traceback" not in written


def test_hostile_settings_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(some(list(STRINGS.values()), 4), run, monkeypatch, tmp_path)


@pytest.mark.full
def test_all_hostile_settings_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(list(STRINGS.values()), run, monkeypatch, tmp_path)


def test_no_spreadsheet_runs_a_cell_of_an_export(home: HostileHome) -> None:
    rows = list(csv.reader(io.StringIO(home.desk.services.export_evidence("csv").text)))
    assert len(rows) > len(STRINGS)
    for row in rows:
        for cell in row:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r"), cell
            assert not cell.startswith("-") or cell[1:].replace(".", "").isdigit(), cell


# --- a real terminal

PLAIN_OUTPUT = {"CSI m"}
"""What a command may write beside text: colours."""
THE_APPS_OWN = {
    "CSI m",
    "CSI H",
    "CSI t",
    "CSI ?h 1049",
    "CSI ?l 1049",
}
"""Filled in below from what a sync of plain text makes the app write."""


def screenful(terminal: Terminal) -> None:
    """Read until the program has ended."""
    terminal.wait_for_end()
    while True:
        before = len(terminal.written)
        terminal.read(0.05)
        if len(terminal.written) == before:
            return


def in_a_terminal(home: HostileHome, commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        terminal = Terminal([PROGRAM, *command], environ_of(home), columns=100, lines=30)
        try:
            screenful(terminal)
        finally:
            terminal.close()
        assert terminal.exit_code in (0, 1)
        assert set(sequences(terminal.written)) <= PLAIN_OUTPUT, command
        assert inside_sequences(terminal.written) == []
        assert_harmless(between_sequences(terminal.written))
        assert MARK.encode() in terminal.written


def test_a_real_terminal_gets_text_and_colours_only(home: HostileHome) -> None:
    in_a_terminal(home, [("logs", str(home.spoken.id)), ("evidence", "list")])


@pytest.mark.full
def test_a_real_terminal_gets_text_and_colours_only_from_every_command(home: HostileHome) -> None:
    in_a_terminal(home, [command for command in looks(home, len(STRINGS)) if command != ("doctor",)])


def walk_through(terminal: Terminal, *, entry: str, found: str) -> None:
    """Every screen of the app by hand: jobs, log with find, evidence, an entry, help, palette, form."""
    terminal.wait_for("Jobs")
    terminal.wait_for("SPEAKS") if found == MARK else terminal.wait_for("Sync")
    terminal.type("jjjj")
    terminal.type("g")
    terminal.type("l")
    terminal.wait_for("Log of")
    terminal.type("w")
    terminal.type("/")
    terminal.type(found)
    terminal.type(ENTER)
    terminal.type("nnN")
    terminal.wait_for(found)
    terminal.type("g")
    terminal.read(0.2)
    terminal.type("G")
    terminal.read(0.2)
    terminal.type(ESCAPE)
    terminal.read(0.3)
    terminal.type(ESCAPE)
    terminal.type("2")
    terminal.wait_for("Evidence")
    terminal.wait_for(entry)
    for keys in ("jjjjjjjj", "G", "g", "j", ENTER):
        terminal.type(keys)
        terminal.read(0.1)
    terminal.wait_for("Speaks for")
    terminal.type("G")
    terminal.read(0.2)
    terminal.type(ESCAPE)
    terminal.type("?")
    terminal.read(0.5)
    terminal.type(ESCAPE)
    terminal.read(0.3)
    terminal.type("1")
    terminal.type("n")
    terminal.read(0.5)
    terminal.type("\x1b[200~" + f"{found}\x07 [/red]" + "\x1b[201~")
    terminal.read(0.5)
    terminal.type(ESCAPE)
    terminal.read(0.3)
    terminal.type("q")
    try:
        terminal.wait_for_end(seconds=5)
    except AssertionError:
        terminal.type(CTRL_C)
        terminal.wait_for_end()
