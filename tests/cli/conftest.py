"""A command line in a home of its own, and the demo's server to talk to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from devtrail_tui import cli
from devtrail_tui.demo.world import World
from tests.cli.command_line import SYNC, CommandLine, small_world
from tests.doubles.server import FaultyServer
from tests.house.program import access_to, use_empty_home, write_config


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No key, no keyring, no settings of whoever runs the tests."""
    use_empty_home(tmp_path / "home", monkeypatch)
    return tmp_path / "home"


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="session")
def world() -> World:
    return small_world()


@pytest.fixture
def server(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    """A GitHub and a Claude, with valid keys for both in the environment."""
    with FaultyServer(world) as running:
        talk_to(running, monkeypatch)
        yield running


def talk_to(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the server and its keys in the environment; no pause between calls."""
    for name, value in access_to(server).items():
        monkeypatch.setenv(name, value)
    write_config(Path(os.environ["DEVTRAIL_HOME"]), "github_pause_s = 0")


@pytest.fixture(scope="session")
def synced_home(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a finished sync, to copy."""
    home = tmp_path_factory.mktemp("synced") / "home"
    with pytest.MonkeyPatch.context() as patch, FaultyServer(world) as server:
        use_empty_home(home, patch)
        talk_to(server, patch)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            assert cli.main(SYNC) == 0
    return home


@pytest.fixture
def synced(line: CommandLine, own_home: Path, synced_home: Path) -> int:
    """A finished sync; the number of its pull requests."""
    shutil.copytree(synced_home, own_home)
    found: int = line("jobs", "show", "1", "--json").json["result"]["found"]
    return found
