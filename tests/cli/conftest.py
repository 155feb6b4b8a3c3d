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
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.demo.world import World
from tests.cli.command_line import SYNC, CommandLine, small_world
from tests.doubles.server import FaultyServer


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No key, no keyring, no settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("DEVTRAIL_", "GITHUB_", "GH_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DEVTRAIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
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
    monkeypatch.setenv("DEVTRAIL_GITHUB_URL", server.url)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("GITHUB_TOKEN", GITHUB_TOKEN)
    monkeypatch.setenv("ANTHROPIC_API_KEY", CLAUDE_KEY)
    config = Path(os.environ["DEVTRAIL_HOME"]) / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("github_pause_s = 0\n")


@pytest.fixture(scope="session")
def synced_home(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a finished sync, to copy."""
    home = tmp_path_factory.mktemp("synced") / "home"
    with pytest.MonkeyPatch.context() as patch, FaultyServer(world) as server:
        patch.setenv("DEVTRAIL_HOME", str(home))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
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
