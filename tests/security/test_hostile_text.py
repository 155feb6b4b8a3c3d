"""Promise 17: hostile text in every foreign field is only text: in the database, the command line and the exports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui import cli
from devtrail_tui.actions.evidence import export_evidence
from devtrail_tui.core.job import Status
from tests.security.hostile_home import HostileHome, environ_of_desk, hostile_toml, looks
from tests.security.hostile_strings import KINDS, LONG, MARK, SOME, STRINGS
from tests.security.terminal_output import (
    assert_harmless,
    harmful_characters,
)

pytestmark = pytest.mark.xdist_group("hostile-text")  # the home is made once

LEAST = 45
"""Strings the promise speaks of."""


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


def texts_of_column(value: str) -> list[str]:
    """The strings inside a column that holds JSON; none of one that does not."""
    try:
        return list(texts_in(json.loads(value)))
    except ValueError:
        return []


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
                        # Claude's answer is kept as it was written, escapes and all; who reads it makes it safe.
                        for text in texts_of_column(value) if name != "analyses" else ():
                            assert_harmless(text)


# --- the command line


@pytest.fixture
def run(
    home: HostileHome, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """A command over the hostile home, in this process: its exit code and all it wrote."""
    for name, value in environ_of_desk(home.desk).items():
        monkeypatch.setenv(name, value)

    def one(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = cli.main(arguments)
        captured = capfd.readouterr()
        if "--json" in arguments and captured.out.strip():
            lines = captured.out.splitlines() if arguments[0] == "logs" and code == 0 else [captured.out]
            for line in lines:
                for text in texts_in(json.loads(line)):
                    assert_harmless(text)
        return code, captured.out + captured.err

    return one


def look_at_everything(home: HostileHome, run: Callable[..., tuple[int, str]], entries: int) -> None:
    shown = ""
    for command in looks(home, entries):
        for form in ((), ("--json",)):
            code, written = run(*command, *form)
            assert code in ((0, 1, 3) if not form else (0, 1, 2, 3)), (command, written)
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
        (text or " ",),
        (f"--{text or ' '}",),  # without a text it would be no command at all, which opens the app
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


def complain(
    texts: Sequence[str], run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("DEVTRAIL_HOME", str(folder / "home"))  # some texts are right after all, and jobs are stored
    for text in texts:
        for command in complaints(text, folder):
            for form in ((), ("--json",)):
                code, written = run(*command, *form)
                assert code in (0, 1, 2), (command, written)
                assert_harmless(written)
                assert "Traceback" not in written, (command, written)


def test_complaints_about_hostile_arguments_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complain(KINDS, run, monkeypatch, tmp_path)


@pytest.mark.full
def test_complaints_about_all_hostile_arguments_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complain([*STRINGS.values(), *(text[:100_000] for text in LONG.values())], run, monkeypatch, tmp_path)


def settle(
    texts: Sequence[str], run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
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
    settle(KINDS, run, monkeypatch, tmp_path)


@pytest.mark.full
def test_all_hostile_settings_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(list(STRINGS.values()), run, monkeypatch, tmp_path)


def test_no_spreadsheet_runs_a_cell_of_an_export(home: HostileHome) -> None:
    rows = list(csv.reader(io.StringIO(export_evidence(home.desk.services, "csv").text)))
    assert len(rows) > len(STRINGS)
    for row in rows:
        for cell in row:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r"), cell
            assert not cell.startswith("-") or cell[1:].replace(".", "").isdigit(), cell


# --- a megabyte at a time


@pytest.mark.full
def test_a_megabyte_in_every_field_is_taken_in_its_stride(tmp_path: Path) -> None:
    home = HostileHome(tmp_path, long=True)
    try:
        assert home.synced.status is Status.COMPLETED
        assert len(home.desk.evidence()) == len(home.texts)
        for form in ("md", "json", "csv"):
            text = export_evidence(home.desk.services, form).text
            for each in texts_in(json.loads(text)) if form == "json" else [text]:
                assert_harmless(each)
    finally:
        home.close()
