"""Bad days on order: each fault as the real service shows it, as often as it was ordered and no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.people import ROBIN
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN, DemoServer
from devtrail_tui.demo.tour import make_tour
from devtrail_tui.demo.world import World
from tests.demo.conftest import TODAY, Ask
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.doubles.worlds import involving

LIMIT = {"query": "{ rateLimit { limit } }"}
HYDRATE = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on PullRequest { id } } }"


@pytest.mark.parametrize(
    ("fault", "status", "header", "words"),
    [
        (GitHubFault.unauthorized(), 401, None, "Bad credentials"),
        (GitHubFault.forbidden(), 403, None, "not accessible"),
        (GitHubFault.sso(), 403, "x-github-sso", "SAML"),
        (GitHubFault.secondary_limit(3), 403, "retry-after", "secondary rate limit"),
        (GitHubFault.secondary_limit(3, status=429), 429, "retry-after", "secondary rate limit"),
        (GitHubFault.graphql_limit(reset_in=2), 200, "x-ratelimit-reset", "RATE_LIMITED"),
        (GitHubFault.graphql_error(), 200, None, "Something went wrong"),
        (Fault.bad_gateway(502), 502, None, "<html>"),
        (Fault.bad_gateway(504), 504, None, "Gateway Time-out"),
        (Fault.html(), 200, None, "<!DOCTYPE html>"),
        (Fault.status(418, {"message": "teapot"}, x_tea="green"), 418, "x-tea", "teapot"),
    ],
)
async def test_a_fault_strikes_once(
    fault: Fault, status: int, header: str | None, words: str, github: httpx.AsyncClient, server: FaultyServer
) -> None:
    server.faults.next("graphql", fault)
    answer = await github.post("/graphql", json=LIMIT)
    assert answer.status_code == status
    assert words in answer.text
    assert header is None or header in answer.headers
    assert (await github.post("/graphql", json=LIMIT)).json() == {"data": {"rateLimit": {"limit": 5000}}}
    assert [request.fault for request in server.requests] == [fault.name, None]


async def test_faults_keep_to_their_route_and_wait_their_turn(github: httpx.AsyncClient, server: FaultyServer) -> None:
    server.faults.next("user", Fault.bad_gateway(), times=2, after=1)
    statuses = [(await github.get(path)).status_code for path in ("/user", "/rate_limit", "/user", "/user", "/user")]
    assert statuses == [200, 200, 502, 502, 200]
    assert server.count("user") == 4


async def test_too_heavy_until_the_batch_is_small(ask: Ask, server: FaultyServer, world: World) -> None:
    server.faults.too_heavy(10)
    ids = [pull.node_id for pull in world.pull_requests[:20]]
    with pytest.raises(json.JSONDecodeError):
        await ask(HYDRATE, ids=ids)
    assert len((await ask(HYDRATE, ids=ids[:10]))["data"]["nodes"]) == 10
    assert [request.status for request in server.requests] == [502, 200]


async def test_partial_data_comes_with_errors(ask: Ask, server: FaultyServer, world: World) -> None:
    server.faults.next("hydrate", GitHubFault.null_nodes(2))
    answer = await ask(HYDRATE, ids=[pull.node_id for pull in world.pull_requests[:3]])
    assert [node is None for node in answer["data"]["nodes"]] == [True, True, False]
    assert [error["path"] for error in answer["errors"]] == [["nodes", 0], ["nodes", 1]]


async def test_a_limit_that_resets(github: httpx.AsyncClient, world: World) -> None:
    now = 1_000_000.0
    async with FaultyServer(world, clock=lambda: now) as server:
        server.faults.next("rest", GitHubFault.primary_limit(reset_in=7, status=429))
        answer = await github.get(f"{server.url}/user")
    assert answer.status_code == 429
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["x-ratelimit-reset"] == "1000007"


async def test_json_that_stops_in_the_middle(github: httpx.AsyncClient, server: FaultyServer) -> None:
    server.faults.next("user", Fault.truncated_json())
    answer = await github.get("/user")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("fault", [Fault.close(), Fault.cut()])
async def test_a_connection_that_breaks(fault: Fault, github: httpx.AsyncClient, server: FaultyServer) -> None:
    server.faults.next("user", fault)
    with pytest.raises(httpx.RemoteProtocolError):
        await github.get("/user")
    assert (await github.get("/user")).status_code == 200


async def test_a_body_that_drips_arrives_whole(github: httpx.AsyncClient, server: FaultyServer) -> None:
    server.faults.next("graphql", Fault.drip(interval=0.0))
    async with github.stream("POST", "/graphql", json=LIMIT) as answer:
        chunks = [chunk async for chunk in answer.aiter_raw()]
    assert len(chunks) > 5
    assert json.loads(b"".join(chunks)) == {"data": {"rateLimit": {"limit": 5000}}}


async def test_a_request_hangs_until_it_is_released(github: httpx.AsyncClient, server: FaultyServer) -> None:
    gate = server.faults.hang("user")
    waiting = asyncio.create_task(github.get("/user"))
    await gate.arrived()
    assert not waiting.done()
    assert (await github.get("/rate_limit")).status_code == 200
    gate.release()
    assert (await waiting).json()["login"] == "robin-demo"


async def test_a_client_that_goes_away_is_noticed(github: httpx.AsyncClient, server: FaultyServer) -> None:
    gate = server.faults.hang("user")
    waiting = asyncio.create_task(github.get("/user"))
    await gate.arrived()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await server.recorder.until("user", ended=True)
    assert server.requests[0].abandoned
    assert server.requests[0].status is None


async def test_waiting_for_requests_and_counting_those_at_once(github: httpx.AsyncClient, server: FaultyServer) -> None:
    gate = server.faults.hang("user", times=3)
    tasks = [asyncio.create_task(github.get("/user")) for _ in range(3)]
    await server.recorder.until("user", 3)
    gate.release()
    assert [answer.status_code for answer in await asyncio.gather(*tasks)] == [200, 200, 200]
    assert server.recorder.peak("user") == 3


def test_faults_by_predicate_and_clearing(running: FaultyServer) -> None:
    running.faults.always(lambda request: request.path.endswith("/user"), Fault.bad_gateway())
    with httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {GITHUB_TOKEN}"}) as client:
        assert client.get("/user").status_code == 502
        assert client.get("/rate_limit").status_code == 200
        running.faults.clear()
        assert client.get("/user").status_code == 200


@pytest.fixture
def running(world: World) -> Iterator[FaultyServer]:
    """The server in its own thread."""
    with FaultyServer(world) as server:
        yield server


def test_a_server_in_its_own_thread(running: FaultyServer) -> None:
    headers = {"x-api-key": CLAUDE_KEY, "anthropic-version": "2026-10-21"}
    assert httpx.get(f"{running.url}/v1/models", headers=headers).status_code == 200
    running.recorder.wait("models")
    assert running.count("messages") == 0


def test_a_server_that_was_closed_answers_no_more(world: World) -> None:
    with FaultyServer(world) as server:
        url = server.url
        gate = server.faults.hang("user")
    gate.release()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.url


def test_a_failure_inside_the_server_is_not_hidden(world: World) -> None:
    def broken(_request: object) -> bool:
        raise ZeroDivisionError

    server = FaultyServer(world)
    server.__enter__()
    server.faults.always(broken, Fault.close())
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{server.url}/user")
    with pytest.raises(RuntimeError, match="failed while answering"):
        server.__exit__(None, None, None)


def test_only_loopback(world: World) -> None:
    with DemoServer(world) as server:
        assert urlsplit(server.url).hostname == "127.0.0.1"


def test_latencies_vary_within_their_bounds() -> None:
    import random

    rng = random.Random(3)
    latency = Latency(github=0.2, claude=2.0, jitter=0.25)
    assert all(0.15 <= latency.seconds("github", rng) <= 0.25 for _ in range(50))
    assert all(1.5 <= latency.seconds("claude", rng) <= 2.5 for _ in range(50))
    assert Latency().seconds("claude", rng) == 0.0
    with pytest.raises(ValueError, match="seconds"):
        Latency(github=-1)


def test_the_tour_has_all_a_first_sync_needs() -> None:
    tour = make_tour(today=TODAY, latency=Latency())
    assert len(tour.repositories) == 4
    with tour.server as server, httpx.Client(base_url=server.url) as client:
        client.headers["Authorization"] = f"Bearer {GITHUB_TOKEN}"
        assert client.get("/user").json()["login"] == ROBIN.login
        answers = [client.post("/graphql", json={"query": HYDRATE, "variables": {"ids": []}}) for _ in range(4)]
        oldest = min(pull.merged_at for pull in involving(server.world, ROBIN.login) if pull.merged_at)
    assert [answer.status_code for answer in answers] == [200, 200, 403, 200]
    assert answers[2].headers["retry-after"] == "3"
    assert tour.since <= oldest.date()
