"""`devtrail-tui repositories`, and `owner/*` in a sync."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from devtrail_tui.demo.world import World
from tests.cli.command_line import CommandLine
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer

DAYS = ("--since", "2025-09-01", "--until", "2026-11-19")
FIRST, LAST = datetime(2025, 9, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


def opened_by_viewer(world: World) -> Counter[str]:
    return Counter(
        pull.repository.full_name
        for pull in world.pull_requests
        if pull.author_login == world.viewer.login and FIRST <= pull.created_at < LAST
    )


def test_the_repositories_of_a_period_with_their_counts(line: CommandLine, server: FaultyServer, world: World) -> None:
    result = line("repositories", *DAYS, "--json")
    assert result.code == 0
    listed = {each["repository"]: each for each in result.json["repositories"]}
    assert {name: each["pullRequests"] for name, each in listed.items() if each["pullRequests"]} == opened_by_viewer(
        world
    )
    totals = [each["pullRequests"] + each["reviews"] + each["comments"] for each in result.json["repositories"]]
    assert totals == sorted(totals, reverse=True)
    assert sum(r.operation_name == "Contributions" for r in server.requests) == 2  # 445 days: a year a request
    assert line("evidence", "list", "--json").json == []
    table = line("repositories", *DAYS).out.splitlines()
    assert table[0].split() == ["Repository", "Opened", "Reviewed", "Commented", "on"]
    assert len(table) == len(listed) + 1


def test_what_the_token_cannot_see_is_named(line: CommandLine, server: FaultyServer) -> None:
    forbidden = {"type": "FORBIDDEN", "message": "Resource not accessible by personal access token"}
    server.faults.always("search", GitHubFault.hidden_results(forbidden, keep=1))

    def hide(document: dict[str, object]) -> None:
        viewer = document["data"]["viewer"]["contributionsCollection"]  # type: ignore[index]  # JSON
        viewer["restrictedContributionsCount"] = 7

    server.faults.always(lambda r: r.operation_name == "Contributions", GitHubFault.changed("restricted", hide))
    result = line("repositories", "--since", "2026-01-01", "--json")
    assert result.code == 0
    hidden = {each["what"]: each for each in result.json["leftOut"]}
    assert hidden["contributions"]["count"] == 7
    assert "private repositories that this token cannot see" in hidden["contributions"]["reason"]
    assert forbidden["message"] in hidden["pull requests"]["reason"]
    assert "Not shown: contributions" in result.err


def test_excluded_repositories_are_not_listed(
    line: CommandLine, server: FaultyServer, own_home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.house.program import write_config

    write_config(own_home, 'exclude_repositories = ["acme/sh*"]')  # type: ignore[arg-type]  # a path
    names = [each["repository"] for each in line("repositories", *DAYS, "--json").json["repositories"]]
    assert names
    assert "acme/shop" not in names


@pytest.mark.parametrize(
    ("options", "part"),
    [(("--since", "soon"), "not a day"), (("--since", "2026-05-01", "--until", "2026-04-01"), "after the last day")],
)
def test_bad_days_are_refused(line: CommandLine, server: FaultyServer, options: tuple[str, ...], part: str) -> None:
    result = line("repositories", *options)
    assert result.code == 2
    assert part in result.err
    assert server.requests == []


def test_all_of_an_owner_are_synced(line: CommandLine, server: FaultyServer, world: World) -> None:
    result = line("sync", "ACME/*", "acme/web", *DAYS, "--no-analyse", "--json")
    assert result.code == 0
    names = {each["repository"] for each in result.json["result"]["repositories"]}
    assert names == {repository.full_name for repository in world.repositories}
    assert any("ACME/* has 4 repositories you took part in" in log["message"] for log in result.json["logs"])


def test_the_repositories_of_an_owner_are_fixed_by_the_first_attempt(line: CommandLine, server: FaultyServer) -> None:
    queued = line("sync", "acme/*", *DAYS, "--no-analyse", "--no-wait", "--json").json
    server.faults.always("hydrate", Fault.close())
    assert line("work", "--once", "--json").json["jobs"][0]["status"] == "PENDING"
    server.faults.clear()
    asked = sum(r.operation_name == "Contributions" for r in server.requests)
    assert line("work", "--job", str(queued["id"])).code == 0
    assert sum(r.operation_name == "Contributions" for r in server.requests) == asked


def test_an_owner_without_any_is_said(line: CommandLine, server: FaultyServer) -> None:
    result = line("sync", "nobody/*", *DAYS, "--no-analyse")
    assert result.code == 1
    assert "took part in no repository of nobody/* in these days" in result.out + result.err
