"""The installed program and the in-process command line, in a home of their own, against the demo's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.demo.world import World
from tests.cli.command_line import CommandLine, small_world
from tests.doubles.server import FaultyServer
from tests.house.program import use_empty_home, write_config
from tests.security.hostile_home import HostileHome


@pytest.fixture(scope="session")
def world() -> World:
    return small_world()


@pytest.fixture
def server(world: World) -> Iterator[FaultyServer]:
    with FaultyServer(world) as running:
        yield running


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FaultyServer) -> Path:
    """No key of whoever runs the tests, a keyring in a file, the demo's services."""
    home = tmp_path / "home"
    use_empty_home(home, monkeypatch)
    write_config(home, "github_pause_s = 0")
    monkeypatch.setenv("DEVTRAIL_GITHUB_URL", server.url)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return home


@pytest.fixture
def line(own_home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileHome]:
    """A home of hostile text, for tests that change nothing; made once, for they are in one group."""
    made = HostileHome(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()
