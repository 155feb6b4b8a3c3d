"""Runs commands the way the console script does, in this process."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui import cli
from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.world import World

DAY = date(2026, 11, 20)
"""The day the tests' data was made on."""
SYNC = ("sync", "acme/web", "--since", "2025-09-01", "--until", "2026-11-19")
"""A sync of the smallest repository, over all its days."""


def small_world() -> World:
    """The demo's data, always the same."""
    return build_world(DAY)


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.out)


class CommandLine:
    """Calls `main` and captures what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        code = cli.main(arguments)
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)


def stored_jobs(home: Path) -> int:
    """How many jobs the database holds; none where there is no database."""
    path = home / "data" / "devtrail.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        count: int = connection.execute("SELECT count(*) FROM jobs").fetchone()[0]
    finally:
        connection.close()
    return count
