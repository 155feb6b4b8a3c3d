"""The installed program as a person has it: where it is, the environment it starts in, a plugin beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.jobs import ENTRY_POINT_GROUP
from tests.doubles.server import FaultyServer

PROGRAM = str(Path(sys.executable).parent / "devtrail-tui")
CHECKOUT = Path(__file__).parents[2]
NO_KEYRING = "keyring.backends.null.Keyring"


def environ_of(
    home: Path, server: FaultyServer | None = None, *, devtrail_home: Path | None = None, claude: bool = True
) -> dict[str, str]:
    """A person's environment and nothing of whoever runs the tests; with a server, its addresses and the keys for it."""
    environ = {
        "HOME": str(home),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "DEVTRAIL_HOME": str(devtrail_home or home / "devtrail"),
        "PYTHON_KEYRING_BACKEND": NO_KEYRING,
    }
    return environ if server is None else {**environ, **access_to(server, claude=claude)}


def access_to(server: FaultyServer, *, claude: bool = True) -> dict[str, str]:
    """The variables that name a server's GitHub and Claude and hold valid keys for them."""
    environ = {"DEVTRAIL_GITHUB_URL": server.url, "ANTHROPIC_BASE_URL": server.url, "GITHUB_TOKEN": GITHUB_TOKEN}
    return {**environ, "ANTHROPIC_API_KEY": CLAUDE_KEY} if claude else environ


def use_empty_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: no key, no keyring, no programs and no settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("DEVTRAIL_", "GITHUB_", "GH_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DEVTRAIL_HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)
    monkeypatch.setenv("PATH", str(home.parent / "programs"))


def write_config(home: Path, *lines: str) -> None:
    """What config.toml of a home (DEVTRAIL_HOME) holds from now on."""
    path = home / "config" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def install(folder: Path, name: str, job_types: Sequence[str], code: str = "") -> dict[str, str]:
    """A distribution as an installer leaves it behind: metadata that names `job_types` ("module:NAME"), and `code` in a module
    called `name`. Returns the variable that brings a program to it."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    points = "\n".join(f"{each.rpartition(':')[2].lower()} = {each}" for each in job_types)
    (metadata / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{points}\n")
    if code:
        (folder / f"{name}.py").write_text(code)
    return {"PYTHONPATH": str(folder)}
