"""What the tests of the demo server share: one small world, a server on it, and a client that may ask."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from devtrail_tui.demo import GITHUB_TOKEN, DemoServer, World, build_world

TODAY = date(2026, 11, 20)
SHARED_GITHUB = Path(__file__).parents[3] / "shared" / "github"


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
async def server(world: World) -> AsyncIterator[DemoServer]:
    async with DemoServer(world) as running:
        yield running


@pytest.fixture
async def github(server: DemoServer, plain: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {GITHUB_TOKEN}", "X-GitHub-Api-Version": "2026-03-10"}
    async with httpx.AsyncClient(base_url=server.github_url, headers=headers, verify=plain) as client:
        yield client


@pytest.fixture
def ask(github: httpx.AsyncClient) -> Ask:
    async def send(document: str, **variables: Any) -> dict[str, Any]:
        answer = await github.post("/graphql", json={"query": document, "variables": variables})
        data: dict[str, Any] = answer.json()
        return data

    return send


@pytest.fixture(scope="session")
def published() -> Callable[[str], str]:
    """Reads one of GitHub's own published descriptions; skips where they are absent, fails in CI."""

    def read(name: str) -> str:
        path = SHARED_GITHUB / name
        if path.is_file():
            return path.read_text("utf-8")
        reason = f"GitHub's published {name} is not beside this repository (../shared/github)."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    return read
