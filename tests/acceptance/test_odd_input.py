"""Odd input leads to a sentence or the right result, never to an internal error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devtrail_tui.core.periods import periods
from devtrail_tui.core.time_zones import day_begins, zone_of
from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.world import World
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.house.program import PROGRAM

TOO_LARGE = str(2**63)
WITHOUT_HOME = """
import pwd

def no_entry(_user):
    raise KeyError(_user)

pwd.getpwuid = pwd.getpwnam = no_entry
from devtrail_tui.__main__ import main

main()
"""


def run(
    environ: dict[str, str],
    *arguments: str,
    stdin: str = "",
    program: Sequence[str] = (PROGRAM,),
    **changes: str | None,
) -> subprocess.CompletedProcess[str]:
    changed = {name: text for name, text in {**environ, **changes}.items() if text is not None}
    return subprocess.run(
        [*program, *arguments], env=changed, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def assert_sentence(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        *(("jobs", verb, TOO_LARGE) for verb in ("show", "cancel", "retry", "wait", "delete")),
        ("jobs", "list", "--before", TOO_LARGE),
        ("jobs", "list", f"id:{TOO_LARGE}"),
        ("logs", TOO_LARGE),
        ("logs", "1", "--tail", TOO_LARGE),
        ("work", "--job", TOO_LARGE),
        ("evidence", "show", TOO_LARGE),
        ("evidence", "list", "--limit", TOO_LARGE),
        ("sync", "acme/web", "--max-pull-requests", TOO_LARGE),
    ],
)
def test_a_number_that_no_database_holds(arguments: tuple[str, ...], environ: dict[str, str]) -> None:
    assert_sentence(run(environ, *arguments), 2)


@pytest.mark.parametrize(
    ("options", "config", "words"),
    [
        (("--until", "9999-12-31"), {}, "--until: To must be a day of the years 1990 to 2100"),
        (("--since", "0001-01-01"), {}, "--since: From must be a day of the years 1990 to 2100"),
        ((), '{"repositories": ["acme/web"], "dryRun": null}', "Dry run is null; give a value or omit it."),
        ((), '{"repositories": ["acme/web"], "repositories": ["acme/api"]}', "repositories is given twice"),
    ],
)
def test_settings_of_a_job(options: tuple[str, ...], config: object, words: str, environ: dict[str, str]) -> None:
    arguments = ("sync", "--config", "-", "--no-wait", "--json") if config else ("sync", "acme/web", *options)
    assert_sentence(run(environ, *arguments, stdin=str(config) if config else ""), 2, words)
    assert json.loads(run(environ, "jobs", "list", "--json").stdout) == []


@pytest.mark.parametrize("name", ["what?", "per%41cent", "hash#tag", "plus+and space", "ümlaut"])
def test_the_home_is_where_its_name_says(name: str, environ: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / name
    assert run(environ, "jobs", "list", DEVTRAIL_HOME=str(home)).returncode == 0
    assert (home / "data" / "devtrail.db").is_file()
    assert name in run(environ, "doctor", DEVTRAIL_HOME=str(home)).stdout


def test_a_user_without_a_home(environ: dict[str, str], tmp_path: Path) -> None:
    program = (sys.executable, "-c", WITHOUT_HOME)
    done = run(environ, "jobs", "list", program=program, HOME=None, DEVTRAIL_HOME=None)
    assert_sentence(done, 2, "This user has no home folder; name a folder for DevTrail in DEVTRAIL_HOME.")
    done = run(environ, "evidence", "export", "--output", "~nobody-here/x.md")
    assert_sentence(done, 2, "~nobody-here has no home folder; write the whole path")
    assert run(environ, "jobs", "list", DEVTRAIL_LOG_LEVEL="INFO").returncode == 0


@pytest.mark.parametrize(("stream", "code"), [("<&-", 0), ("2>&-", 0), (">&-", 1), (">/dev/full", 1)])
def test_closed_and_full_streams(stream: str, code: int, environ: dict[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" jobs list --json {stream}', PROGRAM],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert_sentence(done, code, *(["stdout"] if code else []))


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", ""])
def test_days_are_days_of_the_person_who_typed_them(zone: str, environ: dict[str, str], server: FaultyServer) -> None:
    day = "2026-03-02"
    queued = run(environ, "sync", "acme/web", "--since", day, "--until", day, "--no-wait", "--json", TZ=zone or "JST-9")
    assert queued.returncode == 0, queued.stderr
    assert json.loads(queued.stdout)["config"]["startDate"] == day
    assert run(environ, "work", "--once", TZ="UTC").returncode == 0
    begins = day_begins(datetime.fromisoformat(day).date(), zone_of(zone or "UTC+09:00"))
    searches = [each.body.decode() for each in server.requests if "search" in each.routes]
    assert searches
    assert all(f"merged:{begins:%Y-%m-%dT%H:%M:%S}" in each for each in searches), searches[0]


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(datetime.now(UTC).date())


@pytest.fixture(autouse=True)
def no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DEVTRAIL_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ANTHROPIC_BASE_URL": "https://gateway.corp:abc"}, "is not a valid ANTHROPIC_BASE_URL"),
        ({"ANTHROPIC_BASE_URL": "https://gateway.corp:99999"}, "is not a valid ANTHROPIC_BASE_URL"),
        ({"DEVTRAIL_GITHUB_URL": "https://ghe.corp:99999/api/v3"}, "GitHub's address is not a valid URL"),
        ({"DEVTRAIL_DATABASE_URL": "postgresql://me:word@host:abc/x"}, "This is not a database URL"),
        ({"DEVTRAIL_HOME": "/home/\udcff"}, "DEVTRAIL_HOME is not UTF-8"),
        ({"GITHUB_TOKEN": "ghp_\udcff\udcfe"}, "GitHub token"),
    ],
    ids=str,
)
def test_addresses_and_bytes_of_the_environment(
    changes: dict[str, str], words: str, environ: dict[str, str], tmp_path: Path
) -> None:
    done = run(environ, "sync", "acme/web", "--max-pull-requests", "1", "--no-analyse", **changes)
    assert done.returncode in (1, 2)
    assert words in done.stdout + done.stderr
    assert "internal error" not in done.stderr
    assert "word" not in done.stderr.replace(words, "")


def test_limits_of_any_length(environ: dict[str, str], server: FaultyServer) -> None:
    many = "9" * 400
    headers = {"x_ratelimit_limit": many, "x_ratelimit_remaining": many, "x_ratelimit_reset": many, "retry_after": many}
    server.faults.next("search", Fault.status(502, {}, **headers), times=1)
    assert run(environ, "sync", "acme/web", "--max-pull-requests", "1", "--no-analyse").returncode == 0


@pytest.mark.parametrize("command", [(), ("demo",)])
@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_without_a_terminal_the_app_ends_at_once(command: tuple[str, ...], term: str, environ: dict[str, str]) -> None:
    done = run(environ, *command, TERM=term)
    assert_sentence(done, 2, "The app needs a terminal", "devtrail-tui jobs list")
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("word", ["last-quarter", "this-year", "last-year", "last-30-days"])
def test_periods_have_names_on_the_command_line(word: str, environ: dict[str, str]) -> None:
    period = next(each for each in periods(datetime.now(UTC).astimezone().date()) if each.word == word)
    queued = run(environ, "sync", "acme/web", "--since", word, "--no-wait", "--json")
    config = json.loads(queued.stdout)["config"]
    assert (config["startDate"], config["endDate"]) == (str(period.start), str(period.end))
    assert_sentence(run(environ, "sync", "acme/web", "--since", "last-decade"), 2, "--since")
