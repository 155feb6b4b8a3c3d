"""A command line in a home of its own, and the demo's server to talk to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.demo.world import World
from tests.cli.command_line import CommandLine, small_world
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
        monkeypatch.setenv("DEVTRAIL_GITHUB_URL", running.url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        monkeypatch.setenv("GITHUB_TOKEN", GITHUB_TOKEN)
        monkeypatch.setenv("ANTHROPIC_API_KEY", CLAUDE_KEY)
        config = Path(os.environ["DEVTRAIL_HOME"]) / "config" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text("github_pause_s = 0\n")
        yield running
