"""GITHUB_SYNC end to end: what is found, stored, matched and paid, and how it ends when something goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.job import Job, Status, job_json
from devtrail_tui.demo.world import World
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.house.desk import Desk
from tests.jobs.conftest import expected

of_the_whole_sync = pytest.mark.xdist_group("whole sync")  # it is run once
SHOP = "acme/shop"
"""27 pull requests of the user: enough for what a sync of part of them leaves for the next one."""


@pytest.fixture(scope="module")
def whole_sync(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Job]]:
    """A finished sync of all repositories, for tests that change nothing."""
    with FaultyServer(world) as server:
        desk = Desk(server, tmp_path_factory.mktemp("whole"))
        yield desk, desk.sync(budgetUsd=20)
        desk.close()


@of_the_whole_sync
def test_it_stores_exactly_the_users_pull_requests_with_their_roles(whole_sync: tuple[Desk, Job]) -> None:
    desk, job = whole_sync
    assert job.status is Status.COMPLETED, desk.log(job)
    stored = {key: frozenset(map(str, each.entry.roles)) for key, each in desk.evidence().items()}
    assert stored == expected(desk.server.world)
    assert len(stored) > 60
    assert job.result is not None
    assert job.result["new"] == len(stored)
    assert job.spent_usd > 0
    assert job.result["spentUsd"] == pytest.approx(job.spent_usd, abs=1e-6)
    assert job.progress == 100


@of_the_whole_sync
def test_files_and_figures_are_those_of_the_pull_requests(whole_sync: tuple[Desk, Job]) -> None:
    desk, _ = whole_sync
    by_key = {(pull.repository.full_name, pull.number): pull for pull in desk.server.world.pull_requests}
    for key, detail in desk.evidence().items():
        pull, entry = by_key[key], detail.entry
        assert (entry.figures["additions"], entry.figures["deletions"]) == (pull.additions, pull.deletions)
        made = pull.detail
        assert entry.figures["changed_files"] == len(made.files)
        assert [each["path"] for each in detail.content["files"]] == [each.path for each in made.files]
        assert len(detail.content["comments"]) == len(made.comments)
        assert len(detail.content["reviewComments"]) == sum(len(review.comments) for review in made.reviews)
        assert len(entry.components) <= 10


def test_a_second_run_stores_nothing_and_pays_nothing(desk: Desk) -> None:
    first = desk.sync(SHOP)
    before = desk.evidence()
    fetched, asked = desk.server.count("hydrate"), desk.server.count("messages")
    second = desk.sync(SHOP)
    assert second.status is Status.COMPLETED
    assert second.result is not None
    assert "already stored" in second.result["message"]
    assert (second.result["new"], second.result["updated"], second.spent_usd) == (0, 0, 0)
    assert second.result["alreadyStored"] == first.result["found"] if first.result else False
    assert (desk.server.count("hydrate"), desk.server.count("messages")) == (fetched, asked)
    assert desk.evidence() == before
    assert "all already stored" in desk.log(second)


def test_without_a_claude_key_the_evidence_is_kept_and_matched_later(server: FaultyServer, tmp_path: Path) -> None:
    poor = Desk(server, tmp_path, claude=False)
    job = poor.sync(SHOP)
    assert job.status is Status.COMPLETED
    assert server.count("messages") == 0
    assert {each.entry.analysis_state for each in poor.evidence().values()} == {AnalysisState.NOT_ANALYSED}
    assert "not analysed" in poor.log(job)
    assert job.result is not None
    assert job.result["notAnalysed"] == len(poor.evidence())
    poor.close()

    fetched = server.count("hydrate")
    rich = Desk(server, tmp_path)
    again = rich.sync(SHOP)
    assert again.status is Status.COMPLETED
    assert server.count("hydrate") == fetched
    states = [each.entry.analysis_state for each in rich.evidence().values()]
    assert AnalysisState.NOT_ANALYSED not in states
    assert states.count(AnalysisState.ANALYSED) > len(states) / 2
    rich.close()


@of_the_whole_sync
def test_quotes_are_verbatim_and_matches_at_most_three(whole_sync: tuple[Desk, Job]) -> None:
    desk, _ = whole_sync
    matched = [each for each in desk.evidence().values() if each.entry.matches]
    assert len(matched) > 40
    known = {criterion.id for criterion in desk.services.criteria.list() if criterion.pr_detectable}
    for detail in matched:
        content = detail.content
        own_text = " ".join(
            [
                content["title"],
                content["body"],
                *(each["body"] for part in ("comments", "reviews", "reviewComments") for each in content[part]),
                *(each["path"] for each in content["files"]),
            ]
        )
        folded = " ".join(own_text.split())
        assert len(detail.entry.matches) <= 3
        for match in detail.entry.matches:
            assert match.criterion_id in known
            assert 0 <= match.confidence <= 1
            assert match.explanation
            assert match.quotes
            assert all(" ".join(quote.split()) in folded for quote in match.quotes)


@of_the_whole_sync
def test_what_claude_invents_is_dropped_and_said(whole_sync: tuple[Desk, Job]) -> None:
    desk, job = whole_sync
    log = desk.log(job)
    assert "dropped" in log or "dropped" in log
    assert job.result is not None
    assert job.result["failed"] >= 1


def test_the_budget_is_never_passed(desk: Desk) -> None:
    job = desk.sync(budgetUsd=0.2)
    assert job.status is Status.COMPLETED
    assert 0 < job.spent_usd <= 0.2
    assert job.result is not None
    assert job.result["budgetReached"]
    assert job.result["notAnalysed"] > 0
    assert len(desk.evidence()) == job.result["new"]
    assert "budget" in desk.log(job)


def test_a_refused_claude_key_keeps_all_evidence_and_a_retry_matches_only_what_is_missing(desk: Desk) -> None:
    desk.server.faults.next("messages", ClaudeFault.unauthorized(), times=50, after=5)
    job = desk.sync(SHOP)
    assert job.status is Status.FAILED
    assert "ANTHROPIC_API_KEY" in (job.error or "") or "key" in (job.error or "")
    stored = desk.evidence()
    assert set(stored) == set(expected(desk.server.world, SHOP))
    missing = sum(each.entry.analysis_state is AnalysisState.NOT_ANALYSED for each in stored.values())
    assert missing > 0
    fetched, asked = desk.server.count("hydrate"), desk.server.count("messages")
    assert asked <= 5 + 4

    desk.server.faults.clear()
    desk.services.queue.retry(job.id).result()
    again = desk.work(job)
    assert again.status is Status.COMPLETED
    assert desk.server.count("hydrate") == fetched
    assert desk.server.count("messages") - asked == missing
    assert again.result is not None
    assert again.result["new"] == len(stored)
    assert again.result["alreadyStored"] == 0


def test_an_unknown_repository_is_reported_and_the_others_go_on(desk: Desk) -> None:
    job = desk.sync("acme/shop", "acme/nowhere", analyse=False)
    assert job.status is Status.COMPLETED
    assert "acme/nowhere" in desk.log(job)
    assert {repository for repository, _ in desk.evidence()} == {"acme/shop"}


def test_only_unknown_repositories_fail_the_job(desk: Desk) -> None:
    job = desk.sync("acme/nowhere", "acme/neither")
    assert job.status is Status.FAILED
    assert "No repository could be read" in (job.error or "")
    assert desk.evidence() == {}


def test_a_bad_token_is_tried_once(desk: Desk) -> None:
    desk.server.github_tokens.clear()
    job = desk.sync(analyse=False)
    assert job.status is Status.FAILED
    assert job.attempt == 1
    assert len([each for each in desk.server.requests if each.service == "github"]) == 1
    assert "demo-github-token" not in (job.error or "") + desk.log(job)


def test_an_unknown_model_fails_before_anything_is_fetched(desk: Desk) -> None:
    desk.server.faults.always("models", ClaudeFault.error(404, "not_found_error", "model: claude-haiku-5-5"))
    job = desk.sync(model="claude-haiku-5-5")
    assert job.status is Status.FAILED
    assert "claude-haiku-5-5" in (job.error or "")
    assert desk.server.count("graphql") == desk.server.count("user") == 0


def test_no_token_is_refused_before_anything_is_stored(desk: Desk) -> None:
    del desk.environ["GITHUB_TOKEN"]
    with pytest.raises(InvalidInput) as caught:
        desk.launch()
    assert "GITHUB_TOKEN" in caught.value.problems["githubToken"]
    assert list(desk.services.views.job_ids()) == []


def test_a_dry_run_stores_nothing_and_pays_nothing(desk: Desk) -> None:
    job = desk.sync(dryRun=True)
    assert job.status is Status.COMPLETED
    assert job.result is not None
    assert job.result["new"] == len(expected(desk.server.world))
    assert job.result["tokens"] > 10_000
    assert 0 < job.result["expectedUsd"] < 20
    assert desk.evidence() == {}
    assert desk.server.count("messages") == 0


def test_a_limit_is_waited_out_and_said(desk: Desk) -> None:
    desk.server.faults.next("hydrate", GitHubFault.secondary_limit(retry_after=7))
    job = desk.sync("acme/shop", analyse=False)
    assert job.status is Status.COMPLETED
    assert "limit" in desk.log(job)
    assert sum(desk.clock.slept) == pytest.approx(7, abs=0.1)


@of_the_whole_sync
def test_what_a_sync_shows_stands_in_words_that_fit_every_job(whole_sync: tuple[Desk, Job]) -> None:
    desk, job = whole_sync
    found = len(expected(desk.server.world))
    detail, result = job.progress_detail, job.result or {}
    assert [(each.name, each.done) for each in detail.parts] == [
        (each["repository"], each["found"]) for each in result["repositories"]
    ]
    assert (detail.done, detail.total, detail.percent, detail.parts_name) == (found, found, 100, "repositories")
    assert {each.label: each.number for each in detail.counts} == {
        "new": found,
        "stored before": 0,
        "matched": result["matched"],
        "not analysed": 0,
        "failed": result["failed"],
    }
    assert [each.label for each in detail.counts if each.bad] == ["failed"]
    assert job_json(job)["config"]["_progress"] == {
        "currentRepo": "",
        "currentPR": "",
        "totalPRs": found,
        "processedPRs": found,
    }


def test_what_is_left_of_githubs_limit_is_known_when_it_ends(desk: Desk) -> None:
    desk.sync("acme/shop", analyse=False)
    limit, bucket = desk.services.views.header_facts().limit, desk.server.limits.graphql
    assert limit is not None
    assert (limit.service, limit.account, limit.resource) == ("GitHub", desk.server.world.viewer.login, "graphql")
    assert (limit.limit, limit.remaining) == (bucket.limit, bucket.remaining)
    assert abs(limit.reset_at.timestamp() - bucket.reset) < 2
    desk.clock.advance(3602)
    assert desk.services.views.header_facts().limit is None
