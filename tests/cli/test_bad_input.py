"""The issue's table of bad input, seen from the command line: exit code 2, one sentence, nothing stored, nothing lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.cli.command_line import CommandLine, Result, stored_jobs

TOMORROW = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011 - a person's own day, as they would type it


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_never_sent_anywhere")
    monkeypatch.setenv("DEVTRAIL_GITHUB_URL", "http://127.0.0.1:9")


def assert_refused(result: Result, *words: str) -> None:
    """One sentence that says these words, and exit code 2."""
    assert result.code == 2, result
    assert result.out == ""
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("devtrail-tui: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("Repositories is needed",)),
        (("acme",), ("“acme” lacks its owner", "owner/acme")),
        (("https://github.com/acme",), ("is not a repository", "owner/name")),
        (("https://gitlab.com/acme/shop",), ("is not a repository", "owner/name")),
        (("acme/shop/pulls",), ("owner/name",)),
        (("acme/..",), ("owner/name",)),
        (("acme/shop", "--since", "2026-03-01", "--until", "2026-02-01"), ("--since", "after the last day")),
        (("acme/shop", "--since", "yesterday"), ("--since", "2026-03-31", "“yesterday”")),
        (("acme/shop", "--until", "2026-02-30"), ("--until", "“2026-02-30”")),
        (("acme/shop", "--since", TOMORROW), ("--since", "in the future")),
        (("acme/shop", "--budget", "-5"), ("--budget", "at least 0")),
        (("acme/shop", "--budget", "lots"), ("--budget", "“lots”")),
        (("acme/shop", "--budget", "nan"), ("--budget", "a number")),
        (("acme/shop", "--model", "claude-made-up-9"), ("--model", "price of claude-made-up-9 is not known")),
        (("acme/shop", "--max-pull-requests", "0"), ("--max-pull-requests", "at least 1")),
        (("acme/shop", "--max-pull-requests", "2.5"), ("--max-pull-requests", "whole number")),
        (("acme/shop", "--since"), ("--since", "requires an argument")),
        (("acme/shop", "--nonsense"), ("--nonsense",)),
        (("acme/shop", "--github-token", "ghp_x"), ("--github-token",)),
        (("acme/\x1b[31mshop",), ("owner/name",)),
    ],
)
@pytest.mark.usefixtures("token")
def test_a_sync_that_cannot_be(
    line: CommandLine, own_home: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = line("sync", *arguments)
    assert_refused(result, *words)
    assert "\x1b" not in result.err
    assert stored_jobs(own_home) == 0


def test_no_token(line: CommandLine, own_home: Path) -> None:
    assert_refused(line("sync", "acme/shop"), "GitHub token", "GITHUB_TOKEN", "gh auth login")
    assert stored_jobs(own_home) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"repositories": ["acme/shop"], "budget": 1}', ("no such setting", "budgetUsd")),
        ('{"repositories": ["acme/shop"], "colour": "red"}', ("no such setting", "The settings are")),
        ('{"repositories": "acme"}', ("owner/acme",)),
        ('{"repositories": 7}', ("list of owner/name",)),
        ('{"repositories": ["acme/shop"], "budgetUsd": NaN}', ("a number",)),
        ('{"repositories": ["acme/shop"], "dryRun": "perhaps"}', ("yes or no",)),
        ('{"repositories": ["acme/shop"], "githubToken": "two words"}', ("without spaces",)),
        ("[]", ("has no settings",)),
        ("{", ("is not JSON",)),
        ("[" * 100_000, ("is not JSON",)),
    ],
)
@pytest.mark.usefixtures("token")
def test_a_config_file_that_does_not_fit(
    line: CommandLine, own_home: Path, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    result = line("sync", "--config", str(path))
    assert_refused(result, *words)
    assert "two words" not in result.err
    assert stored_jobs(own_home) == 0


def test_a_config_file_in_another_encoding(line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes('{"userContext": "é"}'.encode("latin-1"))
    assert_refused(line("sync", "--config", str(path)), "is not JSON")


def test_a_config_file_that_is_not_there(line: CommandLine, tmp_path: Path) -> None:
    assert_refused(line("sync", "--config", str(tmp_path / "nowhere.json")), "nowhere.json")


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "show", "4711"),
        ("jobs", "cancel", "4711"),
        ("jobs", "retry", "4711"),
        ("jobs", "wait", "4711"),
        ("jobs", "delete", "4711"),
        ("logs", "4711"),
        ("logs", "4711", "-f"),
        ("work", "--job", "4711"),
    ],
)
def test_a_job_that_does_not_exist(line: CommandLine, arguments: tuple[str, ...]) -> None:
    assert_refused(line(*arguments), "There is no job 4711", "jobs list")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("jobs", "show", "soon"), ("'soon'",)),
        (("jobs", "list", "state:asleep"), ("“asleep” is not a state",)),
        (("jobs", "list", "colour:red"), ("“colour:” is not a qualifier",)),
        (("jobs", "cleanup", "--days", "-1"), ("--days", "from 0")),
        (("jobs", "cleanup", "--days", "nan"), ("--days", "from 0")),
        (("work", "--job", "1", "--once"), ("--job", "omit")),
        (("work", "--concurrency", "0"), ("--concurrency",)),
        (("evidence", "show", "4711"), ("no evidence entry 4711",)),
        (("evidence", "list", "role:boss"), ("“boss” is not a role",)),
        (("evidence", "export", "--format", "pdf"), ("'pdf'",)),
        (("criteria", "import", "/nowhere/mine.csv"), ("/nowhere/mine.csv cannot be read",)),
        (("nonsense",), ("nonsense",)),
    ],
)
def test_a_command_that_cannot_be(line: CommandLine, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_refused(line(*arguments), *words)


def test_an_export_that_cannot_be_written(line: CommandLine, tmp_path: Path) -> None:
    assert_refused(line("evidence", "export", "--output", str(tmp_path / "no" / "such" / "x.md")), "cannot be written")


COLUMNS = b"criterion_id,area_of_concentration,subarea,description,pr_detectable\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"criterion_id,subarea,description,pr_detectable\n1,a,b,true\n", ("area_of_concentration",)),
        (COLUMNS + b"1,a,b,c,true\n1,a,b,d,true\n", ("line 3", "already on line 2")),
        (COLUMNS.decode().encode("utf-16"), ("UTF-16",)),
        (COLUMNS + "1,é,b,c,true\n".encode("latin-1"), ("line 2", "UTF-8")),
        (COLUMNS + b"1,a,b,c,perhaps\n", ("line 2", "true or false")),
        (COLUMNS, ("no criteria",)),
        (b"", ("empty",)),
    ],
)
def test_criteria_that_do_not_fit(line: CommandLine, tmp_path: Path, content: bytes, words: tuple[str, ...]) -> None:
    before = line("criteria", "list", "--json").json
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    assert_refused(line("criteria", "import", str(path)), *words)
    assert line("criteria", "list", "--json").json == before


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DEVTRAIL_DATABASE_URL", "nonsense", ("DEVTRAIL_DATABASE_URL",)),
        ("DEVTRAIL_DATABASE_URL", "sqlite://", ("needs a file",)),
        ("DEVTRAIL_GITHUB_URL", "http://github.acme.example/api/v3", ("https",)),
        ("DEVTRAIL_GITHUB_URL", "https://me:secret@github.acme.example/api/v3", ("name or password",)),
        ("DEVTRAIL_GITHUB_URL", "github", ("https://HOST/api/v3",)),
    ],
)
def test_an_environment_that_does_not_fit(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv(variable, value)
    result = line("jobs", "list")
    assert_refused(result, *words)
    assert "secret" not in result.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lease = 1\n", ("lease", "lease_s")),
        ("lease_s = [\n", ("not valid TOML",)),
        ("lease_s = 0\n", ("lease_s", "at least 1")),
    ],
)
def test_a_settings_file_that_does_not_fit(
    line: CommandLine, own_home: Path, text: str, words: tuple[str, ...]
) -> None:
    path = own_home / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert_refused(line("jobs", "list"), "config.toml", *words)


def test_a_setting_of_an_earlier_version_is_named_and_stops_nothing(line: CommandLine, own_home: Path) -> None:
    path = own_home / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("poll_s = 0.5\n")
    for command in (("jobs", "list"), ("config", "check")):
        result = line(*command, "--json")
        assert result.code == 0
        assert f"{path}: poll_s is no longer needed" in result.err
    path.write_text("")
    assert "poll_s" not in line("jobs", "list").err


@pytest.fixture
def database(line: CommandLine, own_home: Path) -> Path:
    """A database that is in use already."""
    assert line("criteria", "list").code == 0
    return own_home / "data" / "devtrail.db"


def test_a_file_that_is_no_database(line: CommandLine, database: Path) -> None:
    for each in database.parent.glob("devtrail.db*"):
        each.unlink()
    database.write_text("dear diary, " * 500)
    assert_refused(line("jobs", "list"), str(database))
    assert database.read_text() == "dear diary, " * 500


def test_a_database_of_a_newer_version(line: CommandLine, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    connection.commit()
    connection.close()
    before = database.read_bytes()
    assert_refused(line("jobs", "list"), str(database), "newer")
    assert database.read_bytes() == before


def test_a_place_that_cannot_hold_a_database(
    line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DEVTRAIL_DATABASE_URL", f"sqlite:///{tmp_path}/file/devtrail.db")
    assert_refused(line("jobs", "list"), str(tmp_path / "file"))


@pytest.fixture
def locked(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another program holds the write lock, and nobody here waits long for it."""
    defaults = SqliteDatabase.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "busy_timeout_s", 0.05)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.rollback()
    holder.close()


@pytest.mark.usefixtures("token", "locked")
def test_a_locked_database(line: CommandLine, own_home: Path) -> None:
    """Time mends this, so the exit code is 1; still one sentence, and nothing stored."""
    result = line("sync", "acme/shop", "--no-wait", "--json")
    assert result.code == 1
    assert "another program" in result.json["error"].lower()
    assert stored_jobs(own_home) == 0


@pytest.mark.usefixtures("token")
def test_json_errors_name_the_settings(line: CommandLine, own_home: Path) -> None:
    result = line("sync", "acme", "--budget", "-1", "--json")
    assert result.code == 2
    assert set(result.json) == {"error", "problems"}
    assert set(result.json["problems"]) == {"repositories", "budgetUsd"}
    assert "--budget" in result.json["error"]
    assert stored_jobs(own_home) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "show", "4711"),
        ("nonsense",),
        ("jobs", "cleanup", "--days", "x"),
        ("evidence", "export", "--format", "csv"),
    ],
)
def test_every_refusal_is_json_when_asked_for(line: CommandLine, arguments: tuple[str, ...]) -> None:
    result = line(*arguments, "--json")
    assert result.code == 2
    assert json.loads(result.out)["problems"] == {}
    assert result.err.startswith("devtrail-tui: ")
