"""The installed program and the in-process command line, in a home of their own, against the demo's server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.demo.world import World
from tests.cli.command_line import CommandLine, small_world
from tests.doubles.server import FaultyServer


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
    for name in list(os.environ):
        if name.startswith(("DEVTRAIL_", "GITHUB_", "GH_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    config = home / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("github_pause_s = 0\n")
    monkeypatch.setenv("DEVTRAIL_HOME", str(home))
    monkeypatch.setenv("DEVTRAIL_GITHUB_URL", server.url)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    return home


@pytest.fixture
def line(own_home: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)
