"""GITHUB_SYNC run for real: services on a database of their own, against the demo's GitHub and Claude."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.world import World
from tests.doubles.server import FaultyServer
from tests.house.desk import Desk


@pytest.fixture(scope="session")
def world() -> World:
    today: date = datetime.now(UTC).date()
    return build_world(today)


@pytest.fixture
def server(world: World) -> Iterator[FaultyServer]:
    with FaultyServer(world) as running:
        yield running


@pytest.fixture
def desk(server: FaultyServer, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(server, tmp_path)
    yield made
    made.close()


def expected(world: World, *repositories: str) -> dict[tuple[str, int], frozenset[str]]:
    """The user's merged pull requests of the last year with their roles, read from the data itself."""
    login = world.viewer.login
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    since = (midnight - timedelta(days=365)).astimezone(UTC)
    until = (midnight + timedelta(days=1)).astimezone(UTC)
    found: dict[tuple[str, int], frozenset[str]] = {}
    for pull in world.pull_requests:
        if pull.merged_at is None or not since <= pull.merged_at < until:
            continue
        if repositories and pull.repository.full_name not in repositories:
            continue
        roles = set()
        if pull.author_login == login:
            roles.add("author")
        if login in pull.commenters:
            roles.add("commenter")
        if login in pull.reviewers and pull.author_login != login:
            roles.add("reviewer")
        if roles:
            found[pull.repository.full_name, pull.number] = frozenset(roles)
    return found
