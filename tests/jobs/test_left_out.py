"""A refusal for one repository, pull request or field never stops the others: GITHUB_SYNC against a GitHub that refuses."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.core.job import Job, Status
from devtrail_tui.core.wording import status_look
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.recorder import Recorded
from tests.house.desk import Desk
from tests.jobs.conftest import expected

CASES = Path(__file__).parent.parent / "cases"
API, SHOP = "acme/api", "acme/shop"
FORBIDDEN = {"type": "FORBIDDEN", "message": "Resource not accessible by personal access token"}


def case(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return content


def searches(repository: str) -> Any:
    """Matches every search of a repository."""

    def match(request: Recorded) -> bool:
        return "search" in request.routes and any(f"repo:{repository} " in str(v) for v in request.variables.values())

    return match


def result_of(job: Job) -> dict[str, Any]:
    assert job.status is Status.COMPLETED, job.error
    assert job.result is not None
    return dict(job.result)


def numbers(desk: Desk, repository: str) -> set[int]:
    return {number for name, number in desk.evidence() if name == repository}


@pytest.mark.parametrize("error", [case("fine-grained-search-forbidden")["search"], FORBIDDEN])
def test_a_repository_that_cannot_be_searched_is_named_and_the_other_is_whole(
    desk: Desk, error: dict[str, Any]
) -> None:
    desk.server.faults.always(searches(API), GitHubFault.hidden_results(error))
    job = desk.sync(API, SHOP, analyse=False)
    result = result_of(job)
    assert [(item["what"], item["count"]) for item in result["leftOut"]] == [(API, 1)]
    reason = result["leftOut"][0]["reason"]
    assert error["message"] in reason
    assert "Pull requests" in reason
    assert API in result["message"]
    assert not result["success"]
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP))


def test_results_that_are_hidden_one_by_one_are_counted_and_the_rest_is_stored(desk: Desk) -> None:
    desk.server.faults.always(searches(SHOP), GitHubFault.hidden_results(FORBIDDEN, keep=3))
    result = result_of(desk.sync(SHOP, analyse=False))
    assert result["leftOut"][0]["what"] == f"pull requests of {SHOP}"
    assert result["leftOut"][0]["count"] > 3
    assert result["success"]
    assert desk.evidence()


def test_an_unknown_repository_among_several_is_named(desk: Desk) -> None:
    job = desk.sync("acme/no-such", SHOP, analyse=False)
    result = result_of(job)
    assert [item["what"] for item in result["leftOut"]] == ["acme/no-such"]
    assert not result["success"]
    assert str(status_look(job)) == "◐ partly"
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP))


def test_if_no_repository_can_be_read_the_job_fails_with_their_reasons(desk: Desk) -> None:
    desk.server.faults.always(searches(API), GitHubFault.hidden_results(FORBIDDEN))
    job = desk.sync("acme/no-such", API, analyse=False)
    assert job.status is Status.FAILED
    assert "acme/no-such was not found" in (job.error or "")
    assert FORBIDDEN["message"] in (job.error or "")


def test_a_search_that_stays_too_heavy_lets_the_other_repositories_go_first(desk: Desk) -> None:
    desk.server.faults.always(searches(API), Fault.bad_gateway(502))
    job = desk.sync(API, SHOP, analyse=False)
    assert (job.status, job.attempt) == (Status.PENDING, 0)
    assert "502" in (job.error or "")
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP))
    desk.server.faults.clear()
    desk.clock.advance(3600)
    assert desk.work(job).status is Status.COMPLETED
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP, API))


@pytest.mark.parametrize(
    "path",
    [
        ("author",),
        ("labels",),
        ("files",),
        ("reviews", "nodes", 0, "author"),
        ("comments", "nodes", 0, "author"),
        ("body",),
    ],
)
@pytest.mark.parametrize("kind", ["FORBIDDEN", "INSUFFICIENT_SCOPES"])
def test_a_hidden_field_costs_only_itself_and_is_said_once(desk: Desk, path: tuple[str | int, ...], kind: str) -> None:
    desk.server.faults.always("hydrate", GitHubFault.hidden_field(*path, kind=kind))
    login = desk.server.world.viewer.login
    job = desk.sync(SHOP, analyse=False)
    result = result_of(job)
    hidden = [item for item in result["leftOut"] if item["what"].endswith("of pull requests")]
    assert len(hidden) == 1
    assert str(path[0]) in hidden[0]["what"]
    assert hidden[0]["count"] >= 1
    assert result["success"]
    assert desk.log(job).count("The token cannot read it") == 1
    stored = set(desk.evidence())
    assert stored <= set(expected(desk.server.world, SHOP))
    if path not in (("author",), ("reviews", "nodes", 0, "author"), ("comments", "nodes", 0, "author")):
        assert stored == set(expected(desk.server.world, SHOP)), login  # no role depends on it


def spread(desk: Desk, places: Collection[int]) -> list[int]:
    """The numbers of the user's pull requests in acme/shop at these places, newest merge first."""
    shop = {number for name, number in expected(desk.server.world, SHOP)}
    pulls = [p for p in desk.server.world.pull_requests if p.repository.full_name == SHOP and p.number in shop]
    newest_first = sorted(pulls, key=lambda p: (p.merged_at, p.number), reverse=True)
    return [newest_first[place].number for place in places]


@pytest.mark.parametrize("places", [(9, 15, 20), (0, 1, 2), (-3, -2, -1), (0, 5, 6, 7, 8, -1), tuple(range(12))])
@pytest.mark.parametrize("error", [case("three-unreadable-of-sixty")["node"], {"message": "Timeout on one node"}])
def test_pull_requests_that_github_cannot_give_are_named_and_the_others_stored(
    desk: Desk, places: tuple[int, ...], error: dict[str, Any]
) -> None:
    lost = set(spread(desk, places))
    desk.server.faults.always("hydrate", GitHubFault.unreadable(lost, error))
    result = result_of(desk.sync(SHOP, analyse=False))
    assert numbers(desk, SHOP) == {number for _, number in expected(desk.server.world, SHOP)} - lost
    assert result["failed"] == len(lost)
    assert sum(item["count"] for item in result["leftOut"]) == len(lost)
    named = " ".join(item["what"] for item in result["leftOut"])
    assert all(f"#{number}" in named for number in sorted(lost)[:5]) or len(lost) > 10
    desk.server.faults.clear()
    assert result_of(desk.sync(SHOP, analyse=False))["new"] == len(lost)
    assert numbers(desk, SHOP) == {number for _, number in expected(desk.server.world, SHOP)}


def test_ones_that_time_out_side_by_side_are_not_githubs_trouble(desk: Desk) -> None:
    pulls = {p.node_id: p.number for p in desk.server.world.pull_requests if p.repository.full_name == SHOP}
    lost = set(spread(desk, (3, 4, 5, 6)))
    desk.server.faults.always(
        lambda request: any(pulls.get(node_id) in lost for node_id in request.variables.get("ids", ())),
        Fault.bad_gateway(504),
    )
    result = result_of(desk.sync(SHOP, analyse=False))
    assert numbers(desk, SHOP) == {number for _, number in expected(desk.server.world, SHOP)} - lost
    assert result["failed"] == len(lost)


def test_a_refused_batch_leaves_out_its_repository_only(desk: Desk) -> None:
    ids = {p.node_id for p in desk.server.world.pull_requests if p.repository.full_name == API}
    desk.server.faults.always(
        lambda request: bool(ids & set(request.variables.get("ids", ()))), GitHubFault.forbidden()
    )
    result = result_of(desk.sync(API, SHOP, analyse=False))
    assert [item["what"] for item in result["leftOut"]] == [API]
    assert not result["success"]
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP))


@pytest.mark.parametrize("kind", ["RESOURCE_LIMITS_EXCEEDED", "TIMEOUT"])
def test_a_limit_beside_data_keeps_the_data_and_shrinks_the_batch(desk: Desk, kind: str) -> None:
    error = {"type": kind, "message": "Resource limits for this query exceeded."}
    desk.server.faults.next("hydrate", GitHubFault.unreadable(spread(desk, range(10, 20)), error))
    result = result_of(desk.sync(SHOP, analyse=False))
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP))
    assert not result["leftOut"]
    sizes = [len(r.variables["ids"]) for r in desk.server.requests if r.operation_name == "PullRequests"]
    assert sizes[:2] == [20, 10]
    assert sum(sizes) == len(expected(desk.server.world, SHOP)) + 10


def test_files_that_graphql_cannot_compute_come_from_rest(desk: Desk) -> None:
    desk.server.faults.always("hydrate", GitHubFault.without_files())
    result_of(desk.sync(SHOP, analyse=False))
    pulls = {p.number: p for p in desk.server.world.pull_requests if p.repository.full_name == SHOP}
    for (_, number), detail in desk.evidence().items():
        pull_request = desk.services.evidence.pull_request(detail.entry.id)
        assert [file.path for file in pull_request.files] == [file.path for file in pulls[number].detail.files]
        assert pull_request.changed_files == len(pull_request.files)
        assert not pull_request.files_unknown


@pytest.mark.parametrize("status", [403, 404, 502])
def test_files_that_rest_cannot_list_either_are_unknown_not_empty(desk: Desk, status: int) -> None:
    desk.server.faults.always("hydrate", GitHubFault.without_files())
    refusal = Fault.bad_gateway(status) if status == 502 else Fault.status(status, {"message": "Not for this token"})
    desk.server.faults.always(lambda request: request.path.endswith("/files"), refusal)
    result_of(desk.sync(SHOP, analyse=False))
    details = desk.evidence()
    assert set(details) == set(expected(desk.server.world, SHOP))
    assert all(desk.services.evidence.pull_request(detail.entry.id).files_unknown for detail in details.values())


def test_claude_is_told_that_the_files_are_unknown(desk: Desk) -> None:
    desk.server.faults.always("hydrate", GitHubFault.without_files())
    desk.server.faults.always(lambda request: request.path.endswith("/files"), Fault.status(403, {"message": "No"}))
    desk.sync("acme/web")
    prompts = [r.json["messages"][0]["content"] for r in desk.server.requests if "messages" in r.routes]
    assert prompts
    assert all("GitHub could not tell which files were changed" in prompt for prompt in prompts)


def test_nothing_found_says_what_there_is_and_what_to_check(desk: Desk) -> None:
    job = desk.sync(SHOP, analyse=False, startDate="2019-01-01", endDate="2019-01-31")
    result = result_of(job)
    assert "0 merged pull requests in these days" in result["message"]
    assert desk.server.world.viewer.login in result["message"]
    counts = {"merged": {"issueCount": 214}, "closed": {"issueCount": 12}, "assigned": {"issueCount": 3}}
    desk.server.faults.always(
        lambda request: request.operation_name == "NothingFound", Fault.status(200, {"data": counts})
    )
    message = result_of(desk.sync(SHOP, analyse=False, startDate="2019-02-01", endDate="2019-02-28"))["message"]
    assert "214 merged pull requests" in message
    assert "12 of yours were closed without a merge" in message
    assert "3 merged ones are assigned to you" in message


def test_a_revoked_token_is_sent_once_and_the_other_syncs_wait(desk: Desk) -> None:
    desk.server.github_tokens.clear()
    first, *others = [desk.launch(name, analyse=False) for name in (API, SHOP, "acme/web", "acme/platform")]
    desk.work(first)
    assert len(desk.server.requests) == 1
    assert desk.job(first).status is Status.FAILED
    waiting = [desk.job(job) for job in others]
    assert {job.status for job in waiting} == {Status.PENDING}
    assert len({job.waiting_for for job in waiting}) == 1
    assert "rejected this token (401)" in (waiting[0].waiting_for or "")
    desk.server.github_tokens.add(desk.environ["GITHUB_TOKEN"])
    desk.clock.advance(700)
    desk.work(first)
    assert {desk.job(job).status for job in others} == {Status.COMPLETED}


@pytest.mark.parametrize("route", ["hydrate", "search"])
def test_a_single_401_after_successes_passes(desk: Desk, route: str) -> None:
    desk.server.faults.next(route, GitHubFault.unauthorized())
    job = desk.sync(SHOP, analyse=False)
    assert set(desk.evidence()) == set(expected(desk.server.world, SHOP))
    assert "Trying once more in 5 s" in desk.log(job)
    assert job.attempt == 1
