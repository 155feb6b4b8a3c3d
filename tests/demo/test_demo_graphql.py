"""How the demo's GraphQL behaves where clients go wrong: unknown things, pages, limits, the search's edges."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.demo.connections import cursor, page, position
from devtrail_tui.demo.dataset import Scale, build_world
from devtrail_tui.demo.search_query import parse_interval, run
from devtrail_tui.demo.world import World
from tests.demo.conftest import TODAY, Ask
from tests.doubles.server import FaultyServer

REPOSITORY = """
query ($owner: String!, $name: String!, $follow: Boolean) {
  repository(owner: $owner, name: $name, followRenames: $follow) { nameWithOwner }
}
"""
SEARCH = """
query ($query: String!, $first: Int!, $after: String) {
  search(query: $query, type: ISSUE, first: $first, after: $after) {
    issueCount
    pageInfo { hasNextPage endCursor }
    nodes { ... on PullRequest { id title mergedAt author { __typename login } } }
  }
}
"""
FILES = """
query ($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on PullRequest {
      files(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { path } }
    }
  }
}
"""


async def test_an_unknown_repository_is_null_with_githubs_error(ask: Ask) -> None:
    answer = await ask(REPOSITORY, owner="acme", name="nope")
    assert answer["data"] == {"repository": None}
    assert answer["errors"] == [
        {
            "type": "NOT_FOUND",
            "message": "Could not resolve to a Repository with the name 'acme/nope'.",
            "locations": [{"line": 3, "column": 3}],
            "path": ["repository"],
        }
    ]


async def test_a_renamed_repository_is_followed_unless_asked_not_to(ask: Ask) -> None:
    assert (await ask(REPOSITORY, owner="acme", name="storefront"))["data"] == {
        "repository": {"nameWithOwner": "acme/web"}
    }
    refused = await ask(REPOSITORY, owner="acme", name="storefront", follow=False)
    assert refused["errors"][0]["type"] == "NOT_FOUND"


async def test_a_search_finds_a_renamed_repository_under_its_new_name_only(ask: Ask) -> None:
    old = await ask(SEARCH, query="repo:acme/storefront is:pr is:merged", first=5)
    new = await ask(SEARCH, query="repo:acme/web is:pr is:merged", first=5)
    assert old["data"]["search"]["issueCount"] == 0
    assert new["data"]["search"]["issueCount"] > 50


async def test_ids_that_do_not_exist_leave_a_null_and_the_others_stand(ask: Ask, world: World) -> None:
    pull = world.pull_requests[0]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on PullRequest { number } } }"
    answer = await ask(document, ids=["PR_nothing", pull.node_id])
    assert answer["data"]["nodes"] == [None, {"__typename": "PullRequest", "number": pull.number}]
    assert answer["errors"][0]["path"] == ["nodes", 0]
    refused = await ask(document, ids=[pull.node_id] * 101)
    assert refused["errors"][0]["type"] == "ARGUMENT_LIMIT"


async def test_all_250_files_come_in_pages(ask: Ask, world: World) -> None:
    title = "Move the whole storefront to the new import paths"
    pull = next(pull for pull in world.pull_requests if pull.detail.title == title)
    paths: list[str] = []
    sizes: list[int] = []
    after = None
    while True:
        files = (await ask(FILES, id=pull.node_id, first=100, after=after))["data"]["node"]["files"]
        sizes.append(len(files["nodes"]))
        paths += [node["path"] for node in files["nodes"]]
        if not files["pageInfo"]["hasNextPage"]:
            break
        after = files["pageInfo"]["endCursor"]
    assert sizes == [100, 100, 50]
    assert len(set(paths)) == 250


@pytest.mark.parametrize(("first", "kind"), [(101, "EXCESSIVE_PAGINATION"), (0, "INVALID_PAGINATION")])
async def test_a_page_has_1_to_100_items(ask: Ask, world: World, first: int, kind: str) -> None:
    answer = await ask(FILES, id=world.pull_requests[0].node_id, first=first)
    assert answer["data"]["node"] == {"files": None}
    assert answer["errors"][0]["type"] == kind


async def test_a_page_needs_a_size_and_a_real_cursor(ask: Ask) -> None:
    document = '{ search(query: "is:pr is:merged", type: ISSUE) { issueCount } }'
    assert (await ask(document))["errors"][0]["type"] == "MISSING_PAGINATION_BOUNDARIES"
    answer = await ask(SEARCH, query="is:pr is:merged", first=1, after="nonsense")
    assert answer["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


async def test_a_document_that_does_not_fit_is_refused_whole(ask: Ask) -> None:
    answer = await ask("{ rateLimit { shoeSize } }")
    assert "data" not in answer
    assert "shoeSize" in answer["errors"][0]["message"]


async def test_too_many_possible_nodes_are_refused(ask: Ask, world: World) -> None:
    document = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on PullRequest {
      reviews(first: 100) { nodes { comments(first: 100) { nodes { url } } } } } } }"""
    answer = await ask(document, ids=[pull.node_id for pull in world.pull_requests[:60]])
    assert answer["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"


async def test_requests_cost_points_and_run_out(ask: Ask, server: FaultyServer, github: httpx.AsyncClient) -> None:
    document = "{ rateLimit { cost limit remaining } }"
    assert (await ask(document))["data"]["rateLimit"] == {"cost": 1, "limit": 5000, "remaining": 4999}
    server.limits.graphql.used = 5000
    answer = await github.post("/graphql", json={"query": document})
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["x-ratelimit-resource"] == "graphql"
    assert (await github.get("/user")).headers["x-ratelimit-remaining"] == "4999"


async def test_actors_of_every_kind(ask: Ask) -> None:
    answer = await ask(SEARCH, query="repo:acme/platform is:pr is:merged author:dependabot", first=5)
    assert answer["data"]["search"]["nodes"][0]["author"] == {"__typename": "Bot", "login": "dependabot"}
    imported = await ask(SEARCH, query="repo:acme/shop is:pr is:merged author:old-svn-kwame", first=5)
    assert imported["data"]["search"]["nodes"][0]["author"]["__typename"] == "Mannequin"


async def test_a_ghost_has_no_author(ask: Ask, world: World) -> None:
    pull = next(pull for pull in world.pull_requests if pull.author is None)
    answer = await ask(
        "query ($id: ID!) { node(id: $id) { ... on PullRequest { author { login } } } }", id=pull.node_id
    )
    assert answer["data"]["node"] == {"author": None}


async def test_the_search_cap_over_http() -> None:
    large = build_world(TODAY, scale=Scale(merged=2_600, involving_user=1_300))
    async with FaultyServer(large) as server, httpx.AsyncClient(base_url=server.url) as client:
        client.headers["Authorization"] = "Bearer demo-github-token"
        found: list[Any] = []
        after = None
        while True:
            variables = {"query": "is:pr is:merged", "first": 100, "after": after}
            data = (await client.post("/graphql", json={"query": SEARCH, "variables": variables})).json()["data"][
                "search"
            ]
            found += data["nodes"]
            if not data["pageInfo"]["hasNextPage"]:
                break
            after = data["pageInfo"]["endCursor"]
    assert data["issueCount"] > 1_000
    assert len(found) == 1_000


def _titles(world: World, query: str) -> set[str]:
    return {pull.detail.title for pull in run(world, query, "robin-demo")}


def test_the_three_roles_find_exactly_what_involves_the_user(world: World) -> None:
    found = {
        pull.node_id
        for role in ("author", "commenter", "reviewed-by")
        for pull in run(world, f"is:pr is:merged {role}:robin-demo", "robin-demo")
    }
    by_hand = {
        pull.node_id
        for pull in world.pull_requests
        if pull.merged_at is not None
        and "robin-demo"
        in {
            pull.author_login,
            *(comment.author.login for comment in pull.detail.comments if comment.author),
            *(review.author.login for review in pull.detail.reviews if review.author),
        }
    }
    assert found == by_hand
    assert 80 <= len(found) <= 100


def test_who_is_only_mentioned_has_no_role(world: World) -> None:
    mentioned = "Rate limit partner keys by plan"
    assert mentioned in {pull.detail.title for pull in world.pull_requests}
    assert "Translate size tables for Japan" in _titles(world, "is:pr is:merged reviewed-by:robin-demo")
    for role in ("author", "commenter", "reviewed-by"):
        assert mentioned not in _titles(world, f"is:pr is:merged {role}:robin-demo")


def test_both_days_of_a_range_are_whole(world: World) -> None:
    # 120 days before 2026-11-20 is 2026-07-23, 00:00:00; the day before ends with the other one, at 23:59:59.
    first = "Freeze catalogue writes for the price migration"
    last = "Unfreeze catalogue writes after the price migration"
    of_api = "repo:acme/api is:pr is:merged author:robin-demo"
    assert {first} <= _titles(world, f"{of_api} merged:2026-07-23..2026-07-23")
    assert {last} <= _titles(world, f"{of_api} merged:2026-07-22")
    assert not {first, last} & _titles(world, f"{of_api} merged:2026-07-22T00:00:00Z..2026-07-22T23:59:58Z")
    assert {first, last} <= _titles(world, f"{of_api} merged:2026-07-22T23:59:59Z..2026-07-23T00:00:00Z")
    assert {first, last} <= _titles(world, f"{of_api} merged:2026-07-22..2026-07-23")


def test_open_and_closed_ones_are_not_merged(world: World) -> None:
    assert len(run(world, "is:pr is:merged", "robin-demo")) == 400
    unmerged = [pull for pull in world.pull_requests if pull.merged_at is None]
    assert (len(unmerged), sum(pull.closed_at is None for pull in unmerged)) == (14, 6)


def test_a_question_the_product_never_asks_is_not_answered_wrongly(world: World) -> None:
    with pytest.raises(ValueError, match="label:docs"):
        run(world, "is:pr is:merged label:docs", "robin-demo")


@given(st.integers(0, 300), st.integers(1, 100))
def test_pages_join_up_to_the_whole(size: int, step: int) -> None:
    items = list(range(size))
    seen: list[int] = []
    after: str | None = None
    while True:
        found = page("things", items, first=step, after=after)
        seen += found.nodes
        if not found.has_next_page:
            break
        after = found.end_cursor
    assert seen == items


@given(st.integers(0, 10_000))
def test_a_cursor_names_its_item(index: int) -> None:
    assert position(cursor(index)) == index + 1


def test_intervals() -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for text, holds in [
        ("2026-03-04", True),
        ("2026-03-01..2026-03-04", True),
        ("2026-03-05..2026-03-06", False),
        ("2026-03-04T12:00:00+00:00..2026-03-04T13:00:00Z", True),
        ("2026-03-04T14:00:00+02:00..2026-03-04T15:00:00+02:00", True),
    ]:
        assert parse_interval(text).holds(noon) is holds, text
    with pytest.raises(ValueError, match="soon"):
        parse_interval("soon")
