"""Pull requests, judgements and persons are facts of their own: none of them overwrites another, and nothing is asked twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.core.criteria_csv import COLUMNS
from devtrail_tui.demo.records import Person
from devtrail_tui.demo.world import World
from tests.doubles.server import FaultyServer
from tests.faults.processes import Site
from tests.faults.small_world import VIEWER, Written, small_world

pytestmark = pytest.mark.usefixtures("processes")

TITLES = ("Retry storm", "Slow start", "Lost cursor")
ENTRY = "SELECT title, login FROM evidence_entries"


def changed(world: World, title: str) -> World:
    """The world five hours after its first pull request was given another title."""
    first, *others = world.pull_requests
    detail = replace(first.detail, title=title)
    later = replace(first, make_detail=lambda _: detail, changed_at=first.updated_at + timedelta(hours=5))
    return replace(world, pull_requests=[later, *others])


def renamed(world: World, login: str, *, number: int = VIEWER.number) -> World:
    """The world after the viewer took another login; with another number it is another account."""
    viewer = Person(login, VIEWER.name, number)
    return World(viewer, world.repositories, [replace(each, author=viewer) for each in world.pull_requests])


Serve = Callable[[World], FaultyServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Run a server on a world; evidence of all of them belongs to one host."""
    with ExitStack() as running:
        yield lambda world: running.enter_context(FaultyServer(world))


@pytest.fixture
def world() -> World:
    return small_world([Written(title) for title in TITLES])


@pytest.fixture
def site(serve: Serve, world: World, tmp_path: Path) -> Iterator[Site]:
    opened = Site(serve(world), tmp_path / "site")
    yield opened
    opened.close()


def sync(site: Site, *options: str, server: FaultyServer | None = None, **environ: str) -> str:
    """`devtrail-tui sync acme/shop`, GitHub being another server if one is given; what it said."""
    where = {"DEVTRAIL_GITHUB_URL": server.url} if server else {}
    command = site.headless("sync", "acme/shop", *options, **where, **environ)
    assert command.wait() == 0, site.said_by(command)
    return site.said_by(command)


def run(site: Site, *arguments: str) -> str:
    command = site.headless(*arguments)
    assert command.wait() == 0, site.said_by(command)
    return site.said_by(command)


def listed(site: Site) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(run(site, "evidence", "list", "--json"))
    return sorted(entries, key=lambda entry: entry["prNumber"])


def calls(site: Site) -> int:
    return site.server.count("messages")


def own_criteria(folder: Path, *ids: str) -> str:
    path = folder / "criteria.csv"
    rows = [f"{each},Engineering,{each},Backs off and recovers: retry and failure,true" for each in ids]
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    return str(path)


# -- a slow answer and newer evidence


def test_a_slow_answer_leaves_newer_evidence_as_it_is(site: Site, serve: Serve, world: World) -> None:
    gate = site.server.faults.hang("messages", times=len(TITLES))
    slow = site.headless("sync", "acme/shop")
    site.wait_until(lambda: calls(site) >= 1, "the first call to Claude, which is sent alone")
    sync(site, "--no-analyse", server=serve(changed(world, "Retry storm, ended")))
    gate.release()
    assert slow.wait() == 0, site.said_by(slow)
    assert [entry["title"] for entry in listed(site)] == ["Retry storm, ended", "Slow start", "Lost cursor"]
    assert [entry["judgedBeforeLatestChange"] for entry in listed(site)] == [True, False, False]
    before = calls(site)
    sync(site, server=serve(changed(world, "Retry storm, ended")))
    assert calls(site) == before + 1, "only what changed is judged again"
    assert not any(entry["judgedBeforeLatestChange"] for entry in listed(site))


# -- matched evidence that changes while there is no key


def test_matched_evidence_stays_matched_when_it_changes_without_a_key(site: Site, serve: Serve, world: World) -> None:
    sync(site)
    matches = [entry["matches"] for entry in listed(site)]
    said = sync(site, server=serve(changed(world, "Retry storm, ended")), ANTHROPIC_API_KEY="")
    assert "1 judged before their latest change" in said
    assert "0 matched, 1 judged before" in said
    first, *others = listed(site)
    assert (first["title"], first["analysisState"], first["judgedBeforeLatestChange"]) == (
        "Retry storm, ended", "analysed", True,
    )  # fmt: skip
    assert not any(entry["judgedBeforeLatestChange"] for entry in others)
    assert [entry["matches"] for entry in listed(site)] == matches
    exported = run(site, "evidence", "export")
    assert "0 not analysed" in exported
    assert "judged before the latest change" in exported
    counts = json.loads(run(site, "evidence", "export", "--format", "json"))["counts"]
    assert (counts["entries"], counts["notAnalysed"], counts["outdated"]) == (3, 0, 1)


# -- another rubric, model, context


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--model", "claude-haiku-5-5"), marks=pytest.mark.full),
        pytest.param(("--context", "I am to become a staff engineer."), marks=pytest.mark.full),
        (),
    ],
)
def test_only_rejudge_pays_for_another_rubric_model_or_context(
    site: Site, tmp_path: Path, options: Sequence[str]
) -> None:
    sync(site)
    assert calls(site) == len(TITLES)
    if not options:
        run(site, "criteria", "import", own_criteria(tmp_path, "RETRY-1", "RETRY-2"))
    said = sync(site, *options)
    assert calls(site) == len(TITLES)
    assert "3 stored pull requests judged by another rubric, model, context or prompt version" in said
    assert "--rejudge" in said
    assert re.search(r"It would cost (about (\$0\.0|<)|less than \$0\.01)", said)
    sync(site, *options, "--rejudge")
    assert calls(site) == 2 * len(TITLES)
    if not options:
        assert {match["criterionId"] for entry in listed(site) for match in entry["matches"]} <= {"RETRY-1", "RETRY-2"}
    assert "judged by another" not in sync(site, *options)
    sync(site, *options, "--rejudge")
    assert calls(site) == 2 * len(TITLES)


@pytest.mark.full
def test_what_an_earlier_version_judged_by_the_same_is_not_called_different(site: Site) -> None:
    sync(site)
    site.write("UPDATE evidence_entries SET judged_by = NULL, account_id = NULL")
    assert "judged by another" not in sync(site)
    assert calls(site) == len(TITLES)
    assert site.rows("SELECT count(*) FROM evidence_entries WHERE judged_by IS NULL OR account_id IS NULL") == [(0,)]


def test_a_job_keeps_its_rubric_over_its_tries(site: Site, tmp_path: Path) -> None:
    gate = site.server.faults.hang("messages", times=len(TITLES), after=1)
    dying = site.headless("sync", "acme/shop")
    site.wait_until(lambda: calls(site) >= len(TITLES), "the calls to Claude")
    dying.kill()
    gate.release()
    run(site, "criteria", "import", own_criteria(tmp_path, "RETRY-1"))
    run(site, "work", "--once")
    site.wait_for_status("COMPLETED", 1)
    rubrics = {json.dumps(each.json["system"]) for each in site.server.requests if "messages" in each.routes}
    assert len(rubrics) == 1
    assert site.rows("SELECT count(DISTINCT judged_by) FROM evidence_entries") == [(1,)]


# -- one person


@pytest.mark.parametrize(
    ("login", "knows_account"),
    [
        pytest.param("robin-of-acme", True, marks=pytest.mark.full),
        ("robin-of-acme", False),
        pytest.param("Robin", True, marks=pytest.mark.full),
        pytest.param("Robin", False, marks=pytest.mark.full),
    ],
)
def test_a_login_that_changes_makes_no_second_person(
    site: Site, serve: Serve, world: World, login: str, *, knows_account: bool
) -> None:
    sync(site)
    if not knows_account:
        site.write("UPDATE evidence_entries SET account_id = NULL")
    sync(site, server=serve(renamed(world, login)))
    assert sorted(site.rows(ENTRY)) == sorted((title, login) for title in TITLES)
    assert calls(site) == len(TITLES)
    assert site.rows("SELECT DISTINCT account_id FROM evidence_entries") == [(str(VIEWER.number),)]
    assert {entry["analysisState"] for entry in listed(site)} == {"analysed"}


@pytest.mark.full
def test_rows_of_an_earlier_login_and_of_the_present_one_become_one(site: Site, serve: Serve, world: World) -> None:
    """A program that knew logins only stored both."""
    sync(site)
    columns = [
        str(name) for (name,) in site.rows("SELECT name FROM pragma_table_info('evidence_entries')") if name != "id"
    ]
    values = ", ".join({"login": "'robin-of-acme'"}.get(name, name) for name in columns)
    site.write("UPDATE evidence_entries SET account_id = NULL")
    site.write(
        f"INSERT INTO evidence_entries ({', '.join(columns)}) SELECT {values} FROM evidence_entries"  # noqa: S608 - the table's own columns
    )
    site.write(
        "UPDATE evidence_entries SET content = replace(content, 'robin', 'robin-of-acme') WHERE login = 'robin-of-acme'"
    )
    sync(site, server=serve(renamed(world, "robin-of-acme")))
    assert sorted(site.rows(ENTRY)) == sorted((title, "robin-of-acme") for title in TITLES)
    assert calls(site) == len(TITLES)


@pytest.mark.full
def test_another_account_with_the_login_is_another_person(site: Site, serve: Serve, world: World) -> None:
    sync(site)
    sync(site, server=serve(renamed(world, VIEWER.login, number=77)))
    assert site.rows("SELECT count(*), count(DISTINCT account_id) FROM evidence_entries") == [(6, 2)]
