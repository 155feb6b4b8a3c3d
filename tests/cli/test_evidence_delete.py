"""`evidence delete` removes every trace of an entry but its price; excluded repositories leave lists and exports."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command_line import SYNC, CommandLine
from tests.doubles.server import FaultyServer
from tests.house.program import write_config


def rows(home: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "data" / "devtrail.db")) as connection:
        return connection.execute(statement).fetchall()


def traces(home: Path, text: str) -> list[str]:
    """The files of the data folder, backups apart, in which a text stands."""
    needle = text.encode()
    return [path.name for path in (home / "data").glob("devtrail.db*") if needle in path.read_bytes()]


@pytest.mark.parametrize("how", ["by number", "by repository"])
def test_nothing_is_left_but_the_price(how: str, line: CommandLine, synced: int, own_home: Path) -> None:
    first = next(each for each in line("evidence", "list", "--json").json if each["matches"])
    shown = line("evidence", "show", str(first["id"]), "--json").json
    explanation = shown["matches"][0]["explanation"]
    assert traces(own_home, explanation)
    paid = rows(own_home, "SELECT count(*), sum(cost_usd), sum(uncertain_usd) FROM analyses")
    line("db", "backup")
    arguments = (str(first["id"]),) if how == "by number" else ("--repository", "ACME/web")
    refused = line("evidence", "delete", *arguments)
    assert refused.code == 2
    assert "confirm with --yes" in refused.err
    done = line("evidence", "delete", *arguments, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["deleted"] == (1 if how == "by number" else synced)
    assert "1 backup in" in done.err
    assert "may still hold it" in done.err
    assert traces(own_home, explanation) == []
    assert rows(own_home, "SELECT count(*), sum(cost_usd), sum(uncertain_usd) FROM analyses") == paid
    assert line("evidence", "show", str(first["id"])).code == 2
    assert line("db", "check").code == 0
    left = {str(name) for (name,) in rows(own_home, "SELECT DISTINCT evidence_id FROM evidence_criteria")}
    assert str(first["id"]) not in left


def test_a_deleted_entry_is_fetched_and_paid_for_again_only_by_a_sync(
    line: CommandLine, synced: int, server: FaultyServer
) -> None:
    assert line("evidence", "delete", "--repository", "acme/web", "--yes").code == 0
    assert line("evidence", "list", "--json").json == []
    again = line(*SYNC, "--json")
    assert again.json["result"]["new"] == synced
    assert server.count("messages") > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--repository"),
        (("999999",), "There is no evidence entry 999999; nothing was deleted."),
        (("--repository", "acme/none"), "There is no evidence of acme/none; nothing was deleted."),
        (("--repository", "acme"), "owner"),
    ],
)
def test_what_is_not_there(arguments: tuple[str, ...], words: str, line: CommandLine, synced: int) -> None:
    refused = line("evidence", "delete", *arguments, "--yes")
    assert refused.code == 2
    assert words in refused.err
    assert len(line("evidence", "list", "--json").json) == synced


def test_excluded_repositories_leave_lists_and_exports(line: CommandLine, synced: int) -> None:
    write_config(Path(os.environ["DEVTRAIL_HOME"]), 'exclude_repositories = ["acme/W*"]')
    listed = line("evidence", "list", "--json")
    assert listed.json == []
    assert f"{synced} entries of repositories in exclude_repositories (config.toml) not shown." in listed.err
    assert "acme/web" not in line("evidence", "export", "--format", "csv").out
    assert "acme/web" not in line("evidence", "export").out
