"""The demo's GitHub and Claude in this process, and sites for real worker processes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.world import World
from tests.doubles.server import FaultyServer
from tests.faults.processes import Site
from tests.faults.small_world import Written, small_world


@pytest.fixture(scope="session")
def world() -> World:
    """The demo's data: about 90 pull requests of the user among 400."""
    return build_world(datetime.now(UTC).date())


@pytest.fixture(scope="session", autouse=True)
def signals_are_heard() -> None:
    """A process ignores what its parent ignored when it was started, and these tests may run under `nohup` or in the background:
    what is handled here, if only by nothing, is at its default there."""
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture
def server(world: World) -> Iterator[FaultyServer]:
    """It answers at once; a test sets `latency` and `faults`. Its hourly limit is out of the way."""
    with FaultyServer(world).unlimited() as running:
        yield running


@pytest.fixture(scope="module")
def server_of_two() -> Iterator[FaultyServer]:
    """A server with two pull requests."""
    with FaultyServer(small_world([Written("Retry with backoff"), Written("Cache the prices")])).unlimited() as running:
        yield running


@pytest.fixture
def small_server(server_of_two: FaultyServer) -> Iterator[FaultyServer]:
    """The same, well and with an empty book at the start of each test."""
    server_of_two.faults.clear()
    server_of_two.recorder.clear()
    yield server_of_two
    server_of_two.faults.clear()


@pytest.fixture
def open_site(server: FaultyServer, tmp_path: Path, processes: None) -> Iterator[Callable[..., Site]]:
    """Make a site with settings of its own; its processes end with the test."""
    opened: list[Site] = []

    def open_one(**how: Any) -> Site:
        site = Site(server, tmp_path / f"site-{len(opened)}", **how)
        opened.append(site)
        return site

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """A site with quick settings."""
    return open_site()
