"""GitHub Enterprise Server: which API version it is sent, and what it says of itself."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.clients.github.transport import API_VERSION
from tests.clients.github.conftest import FAR_AHEAD, LONG_AGO, MakeClient
from tests.doubles.faults import Fault
from tests.doubles.server import API_VERSIONS, FaultyServer

CASE = json.loads((Path(__file__).parents[2] / "cases" / "ghes-api-version.json").read_text())["version"]


def versions(server: FaultyServer) -> list[str | None]:
    return [request.headers.get("x-github-api-version") for request in server.requests]


async def test_an_enterprise_server_is_sent_no_version_and_works_whole(
    make_client: MakeClient, server: FaultyServer
) -> None:
    client = make_client(f"{server.enterprise('3.17.4').url}/api/v3")
    shop = await client.repository("acme/shop")
    assert (await client.discover(shop, server.world.viewer.login, LONG_AGO, FAR_AHEAD)).refs
    assert (await client.account()).login == server.world.viewer.login
    assert await client.server_version() == "3.17.4"
    assert set(versions(server)) == {None}
    assert {request.status for request in server.requests} == {200}


@pytest.mark.parametrize(
    "supported", [frozenset({CASE["supported"]}), frozenset({"2022-11-28", "2024-01-01"}), frozenset()]
)
async def test_a_host_that_refuses_the_version_is_asked_again_without_it(
    client: GitHubClient, server: FaultyServer, supported: frozenset[str]
) -> None:
    server.enterprise("3.20.1", supported)
    await asyncio.gather(client.account(), client.limits(), client.repository("acme/shop"))
    await client.account()
    assert versions(server)[-1] is None
    assert sum(request.status == 400 for request in server.requests) <= 2  # those that were under way together


async def test_the_answer_of_a_real_server_is_recognised(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.next("user", Fault.status(400, CASE["answer"]))
    assert (await client.account()).login == server.world.viewer.login
    assert versions(server) == [API_VERSION, None]


async def test_github_itself_gets_the_version_with_each_request(client: GitHubClient, server: FaultyServer) -> None:
    server.api_versions = API_VERSIONS
    await client.account()
    await client.repository("acme/shop")
    assert versions(server) == [API_VERSION, API_VERSION]
    assert await client.server_version() == ""


async def test_a_400_for_another_reason_stays_a_refusal(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.always("user", Fault.status(400, {"message": "Problems parsing JSON"}))
    with pytest.raises(Exception, match="Problems parsing JSON"):
        await client.account()
    assert server.count("user") == 1
