"""What the tests of the demo server share: one small world, a server on it, and a client that may ask."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Protocol

import httpx
import pytest

from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.server import GITHUB_TOKEN
from devtrail_tui.demo.world import World
from tests.doubles.server import FaultyServer

TODAY = date(2026, 11, 20)


class Ask(Protocol):
    """Sends a GraphQL document; the parsed answer."""

    async def __call__(self, document: str, **variables: Any) -> dict[str, Any]: ...


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(TODAY)


@pytest.fixture(scope="session")
def plain() -> ssl.SSLContext:
    """For clients that only speak plain HTTP: without it each of them reads all certificates anew (0.1 s)."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def server(world: World) -> AsyncIterator[FaultyServer]:
    async with FaultyServer(world) as running:
        yield running


@pytest.fixture
async def github(server: FaultyServer, plain: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {GITHUB_TOKEN}", "X-GitHub-Api-Version": "2026-03-10"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, verify=plain) as client:
        yield client


@pytest.fixture
def ask(github: httpx.AsyncClient) -> Ask:
    async def send(document: str, **variables: Any) -> dict[str, Any]:
        answer = await github.post("/graphql", json={"query": document, "variables": variables})
        data: dict[str, Any] = answer.json()
        return data

    return send
