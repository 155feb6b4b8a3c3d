"""The installed program against the demo's GitHub and Claude, in a home of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.world import World
from tests.acceptance.terminal import Terminal
from tests.doubles.server import FaultyServer
from tests.house.program import PROGRAM, environ_of


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(datetime.now(UTC).date())


@pytest.fixture
def server(world: World) -> Iterator[FaultyServer]:
    with FaultyServer(world) as running:
        yield running


@pytest.fixture
def environ(server: FaultyServer, tmp_path: Path, processes: None) -> dict[str, str]:
    """A person with a token, a key and nothing else."""
    return environ_of(tmp_path, server)


@pytest.fixture
def command(environ: dict[str, str]) -> Callable[..., Any]:
    """Run the program headless with `--json` and read its answer."""

    def run(*arguments: str, exit_code: int = 0) -> Any:
        done = subprocess.run(
            [PROGRAM, *arguments, "--json"], env=environ, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == exit_code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    return run


@pytest.fixture
def open_terminal(environ: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Open the program in a pseudo-terminal; closed again after the test."""
    opened: list[Terminal] = []

    def open_one(*arguments: str, **how: Any) -> Terminal:
        terminal = Terminal([PROGRAM, *arguments], environ, **how)
        opened.append(terminal)
        return terminal

    yield open_one
    for each in opened:
        each.close()
