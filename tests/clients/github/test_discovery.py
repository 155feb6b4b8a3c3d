"""Discovery: exactly the pull requests of the three roles, each once, within the span."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.clients.github import search
from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.clients.github.search import Span
from devtrail_tui.core.errors import PermanentError, RepositoryNotFound, TemporaryError
from devtrail_tui.core.pull_request_source import Repository
from devtrail_tui.demo import search_query
from devtrail_tui.demo.world import World
from tests.clients.github.conftest import FAR_AHEAD, LONG_AGO, Said
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.doubles.worlds import involving

SECOND = timedelta(seconds=1)


def expected(world: World, repository: str, start: datetime = LONG_AGO, end: datetime = FAR_AHEAD) -> list[str]:
    """Straight from the data, newest first."""
    pulls = [
        pull
        for pull in involving(world, world.viewer.login)
        if pull.repository.full_name == repository and pull.merged_at is not None and start <= pull.merged_at < end
    ]
    return [pull.node_id for pull in sorted(pulls, key=lambda pull: (pull.merged_at, pull.number), reverse=True)]


class _Short(list[object]):
    """Fewer results than are counted."""

    def __init__(self, results: Iterable[object], counted: int) -> None:
        super().__init__(results)
        self._counted = counted

    def __len__(self) -> int:
        return self._counted


async def found(
    client: GitHubClient, world: World, repository: str, start: datetime = LONG_AGO, end: datetime = FAR_AHEAD
) -> list[str]:
    asked = await client.repository(repository)
    return [ref.node_id for ref in (await client.discover(asked, world.viewer.login, start, end)).refs]


@pytest.mark.parametrize("name", ["acme/shop", "acme/api", "acme/web", "acme/platform"])
async def test_finds_exactly_what_the_user_took_part_in(client: GitHubClient, world: World, name: str) -> None:
    assert await found(client, world, name) == expected(world, name) != []


async def test_three_roles_share_one_request(client: GitHubClient, server: FaultyServer, world: World) -> None:
    await found(client, world, "acme/shop")
    assert server.count("search") == 1


async def test_what_a_ref_carries(client: GitHubClient, world: World) -> None:
    shop = await client.repository("acme/shop")
    ref = (await client.discover(shop, world.viewer.login, LONG_AGO, FAR_AHEAD)).refs[0]
    pull = world.node(ref.node_id)
    assert pull is not None
    assert (ref.number, ref.repository) == (getattr(pull, "number", None), "acme/shop")
    assert (ref.merged_at, ref.updated_at) == (getattr(pull, "merged_at", None), getattr(pull, "updated_at", None))


async def test_the_start_is_included_and_the_end_is_not(client: GitHubClient, world: World) -> None:
    shop = await client.repository("acme/shop")
    refs = (await client.discover(shop, world.viewer.login, LONG_AGO, FAR_AHEAD)).refs
    moment = refs[3].merged_at
    login = world.viewer.login
    assert [ref.node_id for ref in (await client.discover(shop, login, moment, moment + SECOND)).refs] == [
        refs[3].node_id
    ]
    assert list((await client.discover(shop, login, moment - SECOND, moment)).refs) == []
    assert list((await client.discover(shop, login, moment, moment)).refs) == []
    assert list((await client.discover(shop, login, moment + SECOND, moment)).refs) == []


async def test_parts_of_a_second_and_other_time_zones(client: GitHubClient, world: World) -> None:
    shop = await client.repository("acme/shop")
    refs = (await client.discover(shop, world.viewer.login, LONG_AGO, FAR_AHEAD)).refs
    east = datetime.now(UTC).astimezone().tzinfo
    moment = refs[3].merged_at.astimezone(east)
    half = timedelta(milliseconds=500)
    assert (await client.discover(shop, world.viewer.login, moment - half, moment + half)).refs == [refs[3]]
    assert (await client.discover(shop, world.viewer.login, moment + half, moment + SECOND)).refs == []


async def test_spans_that_hold_too_much_are_halved(
    client: GitHubClient, server: FaultyServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With GitHub's 1,000 results a query made 5: everything is still found."""
    monkeypatch.setattr(search, "MOST_RESULTS", 5)
    monkeypatch.setattr(search_query, "MOST_RESULTS", 5)
    assert await found(client, world, "acme/shop") == expected(world, "acme/shop")
    assert server.count("search") > 8


async def test_more_in_one_second_than_github_gives_is_said(
    client: GitHubClient, world: World, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_RESULTS", 0)
    monkeypatch.setattr(search_query, "MOST_RESULTS", 0)
    shop = await client.repository("acme/shop")
    moment = max(
        pull.merged_at
        for pull in involving(world, world.viewer.login)
        if pull.merged_at and pull.repository.name == "shop"
    )
    assert (await client.discover(shop, world.viewer.login, moment, moment + SECOND)).refs == []
    assert "sync again later for the rest" in said.text


async def test_a_page_with_holes_is_asked_again(client: GitHubClient, server: FaultyServer, world: World) -> None:
    server.faults.next("search", GitHubFault.null_nodes(2), times=1)
    assert await found(client, world, "acme/shop") == expected(world, "acme/shop")


def days_of(query: str) -> float:
    """The length of a search's days."""
    first, last = (datetime.fromisoformat(each) for each in re.search(r"merged:(\S+)\.\.(\S+)", query).groups())  # type: ignore[union-attr]  # each query has days
    return (last - first) / timedelta(days=1)


async def test_a_search_too_heavy_for_its_days_is_asked_for_fewer(
    client: GitHubClient, world: World, server: FaultyServer
) -> None:
    """Of a year's days only 60 can be answered at once; every pull request is found all the same."""
    end = datetime.now(UTC)
    start = end - timedelta(days=365)
    server.faults.always(lambda request: request.operation_name == "Discover", Fault.bad_gateway(502))
    server.faults.always(
        lambda request: request.operation_name == "Search" and days_of(request.variables["query"]) > 60,
        Fault.bad_gateway(502),
    )
    assert await found(client, world, "acme/shop", start, end) == expected(world, "acme/shop", start, end) != []


async def test_a_first_request_too_heavy_is_asked_role_by_role(
    client: GitHubClient, server: FaultyServer, world: World
) -> None:
    server.faults.next(lambda request: request.operation_name == "Discover", Fault.bad_gateway(504), times=2)
    assert await found(client, world, "acme/shop") == expected(world, "acme/shop")
    assert [each.operation_name for each in server.requests][-3:] == ["Search"] * 3


async def test_a_search_that_stays_broken_is_a_temporary_error(
    client: GitHubClient, server: FaultyServer, world: World, said: Said
) -> None:
    server.faults.always("search", Fault.bad_gateway(502))
    with pytest.raises(TemporaryError, match="502"):
        await found(client, world, "acme/shop")
    assert "Retrying in" in said.text


async def test_fewer_than_counted_is_looked_at_twice_and_said(
    client: GitHubClient, server: FaultyServer, world: World, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search of GitHub may give fewer than it counts: its index timed out, and it does not say so."""
    lost = expected(world, "acme/shop")[0]
    whole = search_query.run

    def short(world: World, text: str, viewer: str) -> object:
        pulls = list(whole(world, text, viewer))
        return _Short([pull for pull in pulls if pull.node_id != lost], len(pulls))

    monkeypatch.setattr(search_query, "run", short)
    assert await found(client, world, "acme/shop") == expected(world, "acme/shop")[1:]
    assert "sync again later for the rest" in said.text


async def test_what_the_first_look_missed_the_second_finds(
    client: GitHubClient, world: World, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, spans = search_query.run, set[str]()

    def short(world: World, text: str, viewer: str) -> object:
        pulls = list(whole(world, text, viewer))
        spans.add(text.partition("merged:")[2])
        return _Short(pulls[1:], len(pulls)) if len(spans) == 1 else pulls

    monkeypatch.setattr(search_query, "run", short)
    assert await found(client, world, "acme/shop") == expected(world, "acme/shop")
    assert said.lines == []


async def test_results_of_another_repository_are_left_out(
    client: GitHubClient, server: FaultyServer, world: World
) -> None:
    """A search follows renames of its own; what it brings is checked."""
    web = await client.repository("acme/web")
    other = Repository("acme/other", "acme/other", web.node_id, private=False)
    page = {"issueCount": 1, "pageInfo": {"hasNextPage": False, "endCursor": None}}
    node = {"__typename": "PullRequest", "id": "PR_1", "number": 1, "repository": {"nameWithOwner": "acme/web"}}
    node |= {"updatedAt": "2026-03-04T15:00:00Z", "mergedAt": "2026-03-04T15:00:00Z"}
    answer = {"data": {role: {**page, "nodes": [node]} for role in ("author", "commenter", "reviewer")}}
    server.faults.next("search", Fault.status(200, answer))
    assert list((await client.discover(other, world.viewer.login, LONG_AGO, FAR_AHEAD)).refs) == []


async def test_the_query_names_everything_and_keeps_pages_still(
    client: GitHubClient, server: FaultyServer, world: World
) -> None:
    await found(client, world, "acme/shop")
    variables = server.requests[-1].variables
    assert set(variables) == {"author", "commenter", "reviewer"}
    assert variables["reviewer"] == (
        "repo:acme/shop is:pr is:merged reviewed-by:robin-demo "
        "merged:2020-01-01T00:00:00Z..2029-12-31T23:59:59Z sort:created-asc"
    )


async def test_a_rename_is_followed(client: GitHubClient, server: FaultyServer, world: World) -> None:
    renamed = next(each for each in world.repositories if each.former_names)
    repository = await client.repository(renamed.former_names[0])
    assert (repository.asked, repository.name) == (renamed.former_names[0], renamed.full_name)
    assert repository.node_id == renamed.node_id


async def test_another_spelling_is_put_right(client: GitHubClient) -> None:
    assert (await client.repository("ACME/Shop")).name == "acme/shop"


async def test_an_unknown_repository(client: GitHubClient, server: FaultyServer) -> None:
    with pytest.raises(RepositoryNotFound, match=r"acme/nothing was not found: .* token cannot see it") as caught:
        await client.repository("acme/nothing")
    assert caught.value.repository == "acme/nothing"
    assert server.count("graphql") == 1


@pytest.mark.parametrize("name", ["acme", "acme/", "/shop", "acme/shop/pulls", "", "\x1b[31m/\x1b[0m/x"])
async def test_what_is_no_name_is_not_asked(client: GitHubClient, server: FaultyServer, name: str) -> None:
    with pytest.raises(RepositoryNotFound, match="is not owner/name"):
        await client.repository(name)
    assert server.count("graphql") == 0


async def test_a_repository_behind_single_sign_on_is_not_found_for_this_token(
    client: GitHubClient, server: FaultyServer
) -> None:
    words = "Resource protected by organization SAML enforcement."
    error = {"type": "FORBIDDEN", "path": ["repository"], "message": words}
    server.faults.next("repo", Fault.status(200, {"data": {"repository": None}, "errors": [error]}))
    with pytest.raises(RepositoryNotFound, match="SAML"):
        await client.repository("acme/shop")


@pytest.mark.parametrize("login", ["", "robin repo:other/private", "robin\nx", "@me"])
async def test_a_login_cannot_widen_the_search(client: GitHubClient, server: FaultyServer, login: str) -> None:
    with pytest.raises(PermanentError, match="not a valid login"):
        await client.discover(Repository("acme/shop", "acme/shop", "R_1", private=True), login, LONG_AGO, FAR_AHEAD)
    assert server.count("search") == 0


@given(st.datetimes(datetime(2020, 1, 1), datetime(2021, 1, 1)), st.integers(1, 10**7))  # noqa: DTZ001 - made aware below
def test_halves_make_up_the_whole_without_overlap(first: datetime, seconds: int) -> None:
    first = first.replace(microsecond=0, tzinfo=UTC)
    span = Span(first, first + timedelta(seconds=seconds))
    early, late = span.halves()
    assert (early.first, late.last) == (span.first, span.last)
    assert late.first - early.last == SECOND
    assert not early.empty
    assert not late.empty


async def test_pages_that_never_end_are_left(client: GitHubClient, server: FaultyServer, world: World) -> None:
    """A server that repeats its last page, and always names another."""

    def endless(document: dict[str, Any]) -> None:
        for connection in document["data"].values():
            if isinstance(connection, dict) and "pageInfo" in connection:
                connection["pageInfo"]["hasNextPage"] = True

    server.faults.next("search", GitHubFault.changed("endless pages", endless), times=20)
    assert await found(client, world, "acme/shop") == expected(world, "acme/shop")
    assert server.count("search") <= 10
