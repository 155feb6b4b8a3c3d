"""The program as the shell starts it: what it loads, how it ends, what it does to a terminal that cannot do much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.terminal import Terminal
from tests.cli.command_line import CommandLine

NEVER_HEADLESS = {
    "textual",
    "rich.console",
    "anthropic",
    "httpx",
    "httpx2",
    "graphql",
    "h11",
    "genai_prices",
    "keyring",
}
TELL_LOADED = """
import json, sys
from devtrail_tui import cli
code = cli.main(sys.argv[1:])
sys.stdout.flush()
modules = {name.partition(".")[0] for name in sys.modules} | {"rich.console"}.intersection(sys.modules)
print(json.dumps({"code": code, "modules": sorted(modules)}), file=sys.stderr)
"""


def start(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the program as a process of its own."""
    command = [sys.executable, "-m", "devtrail_tui", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **(environ or {})}, timeout=60, check=False)


@pytest.fixture
def database(line: CommandLine) -> None:
    """A database that is up to date, so that no command has to migrate it."""
    assert line("criteria", "list").code == 0


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("sync", "--help"),
        ("sync", "acme"),
        ("jobs", "list"),
        ("jobs", "list", "--json"),
        ("jobs", "show", "1"),
        ("jobs", "cleanup", "--days", "1"),
        ("logs", "1"),
        ("work", "--once"),
        ("criteria", "list"),
        ("criteria", "export"),
        ("evidence", "list"),
        ("evidence", "export"),
        ("evidence", "export", "--format", "csv"),
        ("demo", "--help"),
        ("doctor", "--help"),
        ("config", "list"),
        ("config", "check"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_headless_command_loads_little(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", TELL_LOADED, *arguments], capture_output=True, timeout=60, check=True)
    told = json.loads(done.stderr.splitlines()[-1])
    assert set(told["modules"]) & (NEVER_HEADLESS | {"alembic"}) == set()
    assert "rich" not in told["modules"] or "list" in arguments, "its cells only, to align a table"
    assert "rich" not in told["modules"] or "--json" not in arguments
    if "--help" in arguments or arguments == ("--version",):
        assert "sqlalchemy" not in told["modules"]


@pytest.mark.usefixtures("processes")
@pytest.mark.usefixtures("database")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "devtrail_tui", "criteria", "list"],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.usefixtures("processes")
@pytest.mark.usefixtures("database")
def test_a_poor_locale_gets_question_marks_not_a_traceback() -> None:
    done = start("criteria", "list", environ={"PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"prob?" in done.stdout


@pytest.mark.usefixtures("processes")
def test_the_shell_can_complete_commands() -> None:
    environ = {"_DEVTRAIL_TUI_COMPLETE": "bash_complete", "COMP_WORDS": "devtrail-tui j", "COMP_CWORD": "1"}
    assert start(environ=environ).stdout.split() == [b"plain,jobs"]


@pytest.mark.usefixtures("processes")
@pytest.mark.usefixtures("database")
def test_a_pipe_gets_no_colour() -> None:
    assert b"\x1b" not in start("doctor", "--offline").stdout


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
@pytest.mark.usefixtures("database")
def test_a_terminal_gets_colour_unless_it_wants_none(no_color: str, coloured: bool) -> None:  # noqa: FBT001 - a parameter of the test
    command = [sys.executable, "-m", "devtrail_tui", "doctor", "--offline"]
    terminal = Terminal(command, {**os.environ, "NO_COLOR": no_color})
    terminal.wait_for_end()
    terminal.close()
    assert (b"\x1b[32m" in terminal.written) is coloured
    assert "✓ ok" in terminal.text


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("arguments", [("jobs", "show", "x"), ("sync", "acme"), ("jobs", "show", "99")])
def test_errors_go_to_stderr_and_are_short(arguments: tuple[str, ...]) -> None:
    done = start(*arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_names_the_jobs_commands_too(line: CommandLine) -> None:
    listed = line("--help")
    assert listed.code == 0
    for name in ("sync", "jobs", "logs", "work", "evidence", "criteria", "doctor", "demo"):
        assert f"\n  {name} " in listed.out


def test_every_command_has_help_and_takes_json(line: CommandLine) -> None:
    from click import Context, Group

    from devtrail_tui.cli.group import program

    def commands(group: Group, *path: str) -> list[tuple[str, ...]]:
        context = Context(group)
        found: list[tuple[str, ...]] = []
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            found += commands(command, *path, name) if isinstance(command, Group) else [(*path, name)]
        return found

    names = commands(program)
    assert ("jobs", "wait") in names
    for name in names:
        shown = line(*name, "--help")
        assert shown.code == 0
        assert "--json" in shown.out


def test_version(line: CommandLine) -> None:
    from devtrail_tui import __version__

    assert line("--version").out.strip().endswith(__version__)


def test_no_secret_is_an_option(line: CommandLine) -> None:
    shown = line("sync", "--help").out.lower()
    assert "--github-token" not in shown
    assert "api-key" not in shown


def test_a_database_is_private(line: CommandLine, own_home: Path) -> None:
    assert line("jobs", "list").code == 0
    path = own_home / "data" / "devtrail.db"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
