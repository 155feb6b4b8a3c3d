"""Hydration: every pull request whole, every ref exactly once, whatever GitHub finds too heavy."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing

import pytest

from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.core.errors import AuthenticationError, TemporaryError
from devtrail_tui.core.evidence import GHOST, PullRequest, PullRequestRef
from devtrail_tui.core.involvement import roles
from devtrail_tui.core.pull_request_source import PullRequestSource
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.demo import records
from devtrail_tui.demo.awkward import HOSTILE, MANY_COMMENTS, MANY_FILES, MANY_REMARKS
from devtrail_tui.demo.world import World
from tests.clients.github.conftest import FAR_AHEAD, LONG_AGO, Said, fetched
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.recorder import Recorded
from tests.doubles.server import FaultyServer
from tests.doubles.worlds import involving


def data_of(world: World, found: PullRequest) -> records.PullRequestRecord:
    pull = world.node(found.node_id)
    assert isinstance(pull, records.PullRequestRecord)
    return pull


def login_of(person: records.Person | None) -> str:
    return GHOST if person is None else person.login


async def everything(client: PullRequestSource, world: World) -> list[PullRequest]:
    refs: list[PullRequestRef] = []
    for repository in world.repositories:
        known = await client.repository(repository.full_name)
        refs += (await client.discover(known, world.viewer.login, LONG_AGO, FAR_AHEAD)).refs
    return [each.pull_request async for each in client.hydrate(refs) if each.pull_request is not None]


async def test_all_of_the_users_work_arrives_whole(client: GitHubClient, world: World) -> None:
    found = await everything(client, world)
    assert {each.node_id for each in found} == {each.node_id for each in involving(world, world.viewer.login)}
    for each in found:
        pull = data_of(world, each)
        detail = pull.detail
        assert (each.host, each.number, each.repository) == ("127.0.0.1", pull.number, pull.repository.full_name)
        assert (each.title, each.body) == (safe_line(detail.title), safe(detail.body))
        assert (each.author, each.branch, each.labels) == (login_of(pull.author), detail.head_ref, detail.labels)
        assert (each.created_at, each.merged_at, each.updated_at) == (pull.created_at, pull.merged_at, pull.updated_at)
        assert (each.additions, each.deletions, each.changed_files) == (
            pull.additions,
            pull.deletions,
            len(detail.files),
        )
        assert [(file.path, file.additions, file.deletions, file.change) for file in each.files] == [
            (file.path, file.additions, file.deletions, file.change_type) for file in detail.files
        ]
        assert Counter((said.author, said.body) for said in each.comments) == Counter(
            (login_of(said.author), safe(said.body)) for said in detail.comments
        )
        assert Counter((said.author, said.state, said.body) for said in each.reviews) == Counter(
            (login_of(said.author), said.state, safe(said.body)) for said in detail.reviews
        )
        assert Counter((said.author, said.path, said.body) for said in each.review_comments) == Counter(
            (login_of(said.author), said.path, safe(said.body)) for review in detail.reviews for said in review.comments
        )


async def test_the_verified_roles_are_those_of_the_data(client: GitHubClient, world: World) -> None:
    me = world.viewer.login
    for each in await everything(client, world):
        pull = data_of(world, each)
        reviewed = me in pull.reviewers and pull.author_login != me
        expected = [pull.author_login == me, me in pull.commenters, reviewed]
        assert [name in roles(each, me) for name in ("author", "commenter", "reviewer")] == expected


async def test_all_pages_of_files_comments_and_remarks(client: GitHubClient, world: World) -> None:
    by_title = {each.title: each for each in await everything(client, world)}
    assert len(by_title[MANY_FILES].files) == by_title[MANY_FILES].changed_files == 250
    assert len(by_title[MANY_COMMENTS].comments) > 130
    assert len(by_title[MANY_REMARKS].review_comments) >= 64


async def test_nothing_a_terminal_obeys_comes_through(client: GitHubClient, world: World) -> None:
    hostile = next(each for each in await everything(client, world) if each.title == safe_line(HOSTILE))
    assert "\x1b" in data_of(world, hostile).detail.body
    assert "\x1b" not in repr(hostile)
    assert "\\x1b" not in repr(hostile)


async def test_ghosts_and_bots_keep_their_names(client: GitHubClient, world: World) -> None:
    found = await everything(client, world)
    kinds = {(each.author, each.author_kind) for each in found}
    kinds |= {(said.author, said.author_kind) for each in found for said in each.comments}
    kinds |= {(said.author, said.author_kind) for each in found for said in each.reviews}
    assert any(kind == "Bot" for _, kind in kinds)
    assert (GHOST, "User") in kinds


async def test_twenty_a_request(client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]) -> None:
    found = await fetched(client, refs)
    assert [each.ref for each in found] == refs
    sizes = [len(each.variables["ids"]) for each in server.requests if each.operation_name == "PullRequests"]
    assert sizes == [20] * (len(refs) // 20) + [len(refs) % 20]


@pytest.mark.parametrize("status", [502, 504])
async def test_batches_shrink_to_what_github_can_and_grow_back(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef], said: Said, status: int
) -> None:
    server.faults.too_heavy(5, status)
    found = await fetched(client, refs)
    assert [each.ref for each in found] == refs
    assert all(each.pull_request is not None for each in found)
    sizes = [len(each.variables["ids"]) for each in server.requests if each.operation_name == "PullRequests"]
    assert sizes[:3] == [20, 10, 5]
    assert 10 in sizes[3:]
    assert "fetching 5 pull requests at a time" in said.text


@pytest.mark.parametrize(
    "fault",
    [
        GitHubFault.graphql_error(
            kind="MAX_NODE_LIMIT_EXCEEDED", message="This query requests up to 600,000 possible nodes."
        ),
        GitHubFault.graphql_error("Resource limits for this query exceeded.", "RESOURCE_LIMITS_EXCEEDED"),
        GitHubFault.graphql_error("Timeout on validation of query"),
        GitHubFault.graphql_error(),
    ],
)
async def test_graphqls_own_ways_to_say_too_heavy(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef], fault: Fault
) -> None:
    server.faults.next("hydrate", fault)
    found = await fetched(client, refs)
    assert [each.ref for each in found if each.pull_request is not None] == refs
    assert len(server.requests[1].variables["ids"]) == 10


async def test_nodes_missing_from_an_answer_are_asked_again_one_by_one(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    server.faults.next("hydrate", GitHubFault.null_nodes(3))
    found = await fetched(client, refs)
    assert [each.ref for each in found if each.pull_request is not None] == [*refs[3:], *refs[:3]]
    assert sum(each.variables.get("ids") == [ref.node_id] for each in server.requests for ref in refs[:3]) == 3


async def test_one_that_is_always_too_heavy_is_named_and_the_others_go_on(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    heavy = refs[7]
    server.faults.always(lambda request: heavy.node_id in request.variables.get("ids", ()), Fault.bad_gateway(502))
    found = await fetched(client, refs)
    assert sorted(each.ref.number for each in found) == sorted(ref.number for ref in refs)
    problems = [each for each in found if each.pull_request is None]
    assert [each.ref for each in problems] == [heavy]
    assert "502" in problems[0].problem
    alone = [each.variables for each in server.requests if each.variables.get("ids") == [heavy.node_id]]
    assert [each["page"] for each in alone] == [100, 50, 20]


async def test_a_github_in_trouble_is_not_blamed_on_pull_requests(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    server.faults.always("hydrate", Fault.bad_gateway(502))
    with pytest.raises(TemporaryError, match="6 pull requests in a row"):
        await fetched(client, refs)
    assert server.count("hydrate") < 30


async def test_heavy_ones_between_light_ones_are_not_githubs_trouble(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    heavy = {refs[place].node_id for place in (0, 1, 3, 4, 6, 7)}
    server.faults.always(lambda request: bool(heavy & set(request.variables.get("ids", ()))), Fault.bad_gateway(502))
    found = await fetched(client, refs[:9])
    assert {each.ref.node_id for each in found if each.pull_request is None} == heavy


async def test_a_deleted_one_is_a_problem_of_its_own(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    gone = PullRequestRef("PR_gone", 9999, "acme/shop", refs[0].updated_at, refs[0].merged_at)
    found = await fetched(client, [gone, *refs[:4]])
    assert [each.pull_request is None for each in found] == [True, False, False, False, False]
    assert found[0].problem == "It was deleted, or the token can no longer see it."
    assert server.count("hydrate") == 1


async def test_a_node_of_another_kind(client: GitHubClient, refs: list[PullRequestRef], world: World) -> None:
    review = next(review for pull in world.pull_requests for review in pull.detail.reviews)
    wrong = PullRequestRef(review.node_id, 5, "acme/shop", refs[0].updated_at, refs[0].merged_at)
    found = await fetched(client, [wrong])
    assert found[0].problem == "It is no longer a pull request."


async def test_one_in_two_places_is_answered_in_both(client: GitHubClient, refs: list[PullRequestRef]) -> None:
    found = await fetched(client, [refs[0], refs[1], refs[0]])
    assert [each.ref for each in found] == [refs[0], refs[1], refs[0]]


async def test_nothing_to_fetch_asks_nothing(client: GitHubClient, server: FaultyServer) -> None:
    assert await fetched(client, []) == []
    assert server.requests == []


def is_batch(request: Recorded) -> bool:
    return request.operation_name == "PullRequests"


def is_follow_up(request: Recorded) -> bool:
    return request.operation_name in ("MoreOfPullRequest", "MoreOfReview")


async def test_a_follow_up_too_heavy_gets_smaller_pages(
    client: GitHubClient, server: FaultyServer, world: World
) -> None:
    server.faults.next(is_follow_up, Fault.bad_gateway(502), times=2)
    by_title = {each.title: each for each in await everything(client, world)}
    assert len(by_title[MANY_FILES].files) == 250
    assert {each.variables["page"] for each in server.requests if is_follow_up(each)} >= {100, 50, 20}


async def test_a_follow_up_that_stays_broken_costs_one_pull_request(
    client: GitHubClient, server: FaultyServer, world: World
) -> None:
    server.faults.always(is_follow_up, Fault.bad_gateway(502))
    found = await everything(client, world)
    lost = {each.node_id for each in involving(world, world.viewer.login)} - {each.node_id for each in found}
    titles = {pull.detail.title for pull in world.pull_requests if pull.node_id in lost}
    assert titles == {MANY_FILES, MANY_COMMENTS, MANY_REMARKS}


async def test_pages_that_go_round_in_circles_end(client: GitHubClient, server: FaultyServer, world: World) -> None:
    shop = await client.repository("acme/shop")
    refs = list((await client.discover(shop, world.viewer.login, LONG_AGO, FAR_AHEAD)).refs)
    first = await client._calls.graph(
        "PullRequests", {"ids": [refs[0].node_id], "page": 1, "reviews": 1, "inReview": 1}
    )
    node = dict(first.data["nodes"][0])
    node["files"] = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "x"}}
    answer = {"data": {"nodes": [node]}}
    more = {"data": {"node": {"__typename": "PullRequest", "files": node["files"]}}}
    server.faults.next("hydrate", Fault.status(200, answer))
    server.faults.always(is_follow_up, Fault.status(200, more))
    found = await fetched(client, refs[:1])
    assert "pages repeat" in found[0].problem


async def test_an_answer_of_another_shape_costs_one_pull_request(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    broken = {"data": {"nodes": [{"__typename": "PullRequest", "id": "PR_1", "mergedAt": "yesterday"}]}}
    server.faults.next("hydrate", Fault.status(200, broken))
    found = await fetched(client, refs[:1])
    assert found[0].pull_request is None
    assert "no usable mergedAt" in found[0].problem


async def test_the_next_batch_is_fetched_while_the_caller_works_and_no_more(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    gate = server.faults.hang(is_batch, after=1)
    async with aclosing(client.hydrate(refs * 3)) as results:
        for _ in range(20):
            await anext(results)
        await gate.arrived()
        assert sum(map(is_batch, server.requests)) == 2
        gate.release()
        await anext(results)


async def test_leaving_early_stops_fetching(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    gate = server.faults.hang(is_batch, after=1)
    async with aclosing(client.hydrate(refs)) as results:
        await anext(results)
        await gate.arrived()
    assert [task for task in asyncio.all_tasks() if task.get_name() == "github-hydrate"] == []


async def test_closing_the_client_stops_fetching_too(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    gate = server.faults.hang(is_batch, after=1)
    results = client.hydrate(refs)
    await anext(results)
    await gate.arrived()
    await client.aclose()
    assert [task for task in asyncio.all_tasks() if task.get_name() == "github-hydrate"] == []
    await results.aclose()


async def test_a_cancel_while_github_is_silent_is_felt_at_once(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    gate = server.faults.hang("hydrate")
    task = asyncio.create_task(fetched(client, refs))
    await gate.arrived()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_next_batch_reaches_the_caller_in_its_turn(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    server.faults.next(is_batch, GitHubFault.unauthorized(), times=2, after=1)
    async with aclosing(client.hydrate(refs)) as results:
        first = [await anext(results) for _ in range(20)]
        with pytest.raises(AuthenticationError):
            await anext(results)
    assert [each.ref for each in first] == refs[:20]
