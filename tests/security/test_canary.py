"""A full life of the installed program with a known secret in every source: none is found in any file or output afterwards."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.acceptance.terminal import ESCAPE, TAB, Terminal
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.house.program import NO_KEYRING, PROGRAM, access_to, environ_of
from tests.security.leaks import hits, leaks_under, with_bodies

ENVIRONMENT = "canary/env+7f3a9c2e5d"
KEYRING = "canary-ring-81b2d4f6a0"
GH = "canary-gh-c5e7091b3f"
TYPED = "canary-typed-2d4f6a8c0e"
IN_FORM = "canary-form-93a5b7c9d1"
CLAUDE = "canary-claude-e1f3a5b7c9"
KEY = Fernet.generate_key().decode()
GITHUB_TOKENS = (ENVIRONMENT, KEYRING, GH, TYPED)
CANARIES = (*GITHUB_TOKENS, IN_FORM, CLAUDE, KEY)
WITH_KEY = {"DEVTRAIL_SECRET_KEY": KEY}
WITH_TOKEN = {"GITHUB_TOKEN": ENVIRONMENT}
WITH_BOTH = {**WITH_TOKEN, **WITH_KEY}
NOTHING: Mapping[str, str] = {}
NO_RING = {**WITH_KEY, "PYTHON_KEYRING_BACKEND": NO_KEYRING}
SYNC = ("sync", "acme/web", "--since", "2026-05-01", "--until", "2026-11-19")


@dataclass
class Life:
    """One person's machine, and everything the program printed on it."""

    folder: Path
    server: FaultyServer
    printed: list[bytes] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """What is searched; the keyring, gh and the key are the system's own and lie elsewhere."""
        return self.folder / "home"

    def environ(self, **more: str) -> dict[str, str]:
        """No secret by itself; debug logging on."""
        addresses = {name: value for name, value in access_to(self.server).items() if name.endswith("_URL")}
        return {
            **environ_of(self.home),
            **addresses,
            "PATH": f"{self.folder / 'programs'}:{os.defpath}",
            "DEVTRAIL_LOG_LEVEL": "debug",
            "ANTHROPIC_LOG": "debug",
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
            "FILE_KEYRING": str(self.folder / "keyring.json"),
            **more,
        }

    def run(
        self,
        *arguments: str,
        stdin: str = "",
        code: int | None = 0,
        program: Sequence[str] = (PROGRAM,),
        environ: Mapping[str, str] = NOTHING,
    ) -> str:
        """Run it to its end, which must be with `code` (None: with any); what it prints is kept."""
        done = subprocess.run(
            [*program, *arguments],
            env=self.environ(**environ),
            input=stdin.encode(),
            capture_output=True,
            check=False,
            timeout=120,
            cwd=self.home,
        )
        self.printed += [done.stdout, done.stderr]
        assert code in (None, done.returncode), f"{arguments}: exit {done.returncode}\n{done.stdout!r}\n{done.stderr!r}"
        return (done.stdout + done.stderr).decode()

    def used(self) -> set[str]:
        """Credentials that really reached the server."""
        return {each.credential for each in self.server.recorder.requests}


@pytest.fixture
def life(server: FaultyServer, tmp_path: Path) -> Life:
    made = Life(tmp_path, server)
    server.github_tokens = set(GITHUB_TOKENS)
    server.claude_keys = {CLAUDE}
    config = made.home / "devtrail" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("github_pause_s = 0\nlease_s = 2\nheartbeat_s = 0.5\n")
    gh = tmp_path / "programs" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\n[ "$1 $2" = "auth token" ] && echo {GH}\n')
    gh.chmod(0o755)
    return made


def test_a_planted_secret_is_found(tmp_path: Path) -> None:
    """The search itself: raw and in every encoding."""
    for number, data in enumerate(
        (ENVIRONMENT.encode(), base64.b64encode(f"user:{ENVIRONMENT}:x".encode()), b"?t=canary%2Fenv%2B7f3a9c2e5d")
    ):
        (tmp_path / str(number)).write_bytes(b"before " + data + b" after")
    assert len(leaks_under(tmp_path, CANARIES)) == 3


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.full)])
def test_no_secret_is_left_anywhere(life: Life, thorough: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The short form leaves out further failures and further ways to look at the same data."""
    _log_in(life, thorough=thorough)
    _succeed(life, thorough=thorough)
    _fail(life, thorough=thorough)
    _crash(life)
    _look(life, thorough=thorough)
    assert set(GITHUB_TOKENS) | {CLAUDE} <= {each.removeprefix("Bearer ") for each in life.used()}
    assert not [(hits(data, CANARIES), data[-2000:]) for data in life.printed if hits(data, CANARIES)]
    assert not leaks_under(life.home, CANARIES)
    log = (life.home / "devtrail" / "logs" / "devtrail.log").read_text()
    assert "DEBUG" in log, "debug logging was on"


def _log_in(life: Life, *, thorough: bool) -> None:
    """Into the keyring, and, with the keyring away, into the encrypted table."""
    life.run("auth", "login", "github", "--with-token", stdin=KEYRING)
    life.run("auth", "login", "claude", "--with-token", "--json", stdin=CLAUDE, environ=NO_RING)
    if thorough:
        life.run("auth", "login", "github", IN_FORM, code=2)
        life.run("doctor", "--json", environ=WITH_BOTH)


def _succeed(life: Life, *, thorough: bool) -> None:
    """Syncs with the token out of every source; once with every pull request full of canaries."""
    echo = " ".join((ENVIRONMENT, CLAUDE, base64.b64encode(f"x:{ENVIRONMENT}".encode()).decode()))
    life.server.faults.always("hydrate", Fault("echo", change=lambda answer: with_bodies(answer, echo)))
    life.run(*SYNC, "--json", environ=WITH_BOTH)
    life.server.faults.clear()
    settings = f'{{"githubToken": "{TYPED}", "dryRun": true, "userContext": "my token is {TYPED}"}}'
    if thorough:
        life.run(*SYNC, "--config", "-", "--show-prompt", stdin=settings)
    life.run(*SYNC, "--config", "-", "--json", stdin=settings, environ=WITH_KEY)
    life.run("auth", "logout", "github")
    life.run(*SYNC, "--no-analyse", "--dry-run")


def _fail(life: Life, *, thorough: bool) -> None:
    """Failures of every kind; each answer repeats the secret that was sent."""
    url = f"https://me:{ENVIRONMENT}@host/?token={ENVIRONMENT}"
    says = f"Bad credentials: {ENVIRONMENT} at {url} Authorization: Bearer {ENVIRONMENT}"
    broken = {"data": None, "errors": [{"message": says, "type": says}]}
    claude_says = f"x-api-key {CLAUDE} cannot do that"
    faults: list[tuple[str, Fault]] = [
        ("messages", ClaudeFault.error(400, "invalid_request_error", claude_says)),
    ]
    if thorough:
        faults += [
            ("user", Fault.status(401, {"message": says})),
            ("user", Fault.status(422, {"message": says})),
            ("user", Fault.status(500, {"message": says})),
            ("user", Fault.html(200, says)),
            ("hydrate", Fault.status(200, broken)),
            ("hydrate", Fault.status(403, {"message": says})),
            ("messages", Fault.html(502, claude_says)),
            ("messages", ClaudeFault.says(f"not JSON but {CLAUDE}")),
            ("models", ClaudeFault.error(403, "permission_error", claude_says)),
        ]
    for number, (route, fault) in enumerate(faults):
        home = {"DEVTRAIL_DATABASE_URL": f"sqlite:///{life.home}/devtrail/failures-{number}/devtrail.db"}
        life.server.faults.next(route, fault, times=2)  # what is retried must not be waited out for minutes
        life.run(*SYNC, "--json", code=None, environ={**WITH_BOTH, "ANTHROPIC_API_KEY": CLAUDE, **home})
        assert any(each.fault == fault.name for each in life.server.recorder.requests), fault.name
        life.server.faults.clear()
    life.run("sync", ENVIRONMENT, "--model", CLAUDE, code=2, environ=WITH_BOTH)
    if thorough:
        life.run("jobs", f"--{ENVIRONMENT}", code=2, environ=WITH_BOTH)


def _crash(life: Life) -> None:
    """A fault of the program with secrets in its text, in its cause and in its locals."""
    code = (
        "import os, sys\n"
        "from devtrail_tui.store import views\n"
        "def broken(self, *_, **__):\n"
        "    held = os.environ['GITHUB_TOKEN']\n"
        "    try:\n"
        "        raise ValueError('because of ' + held)\n"
        "    except ValueError as error:\n"
        "        raise RuntimeError('crashed with ' + held) from error\n"
        "views.Views.jobs_page = views.Views.header_facts = broken\n"
        "from devtrail_tui import __main__\n"
        "sys.argv = ['devtrail-tui', *sys.argv[1:]]\n"
        "__main__.main()\n"
    )
    said = life.run("jobs", "list", program=(sys.executable, "-c", code), code=1, environ=WITH_TOKEN)
    assert "Traceback" not in said
    (report,) = (life.home / "devtrail" / "logs").glob("crash-*.log")
    assert "RuntimeError: crashed with [secret]" in report.read_text()

    report.unlink()
    terminal = Terminal([sys.executable, "-c", code], life.environ(**WITH_TOKEN))
    terminal.wait_for_end()
    terminal.close()
    life.printed.append(terminal.written)
    assert terminal.exit_code == 1
    assert "Traceback" not in terminal.text
    assert list((life.home / "devtrail" / "logs").glob("crash-*.log"))


def _look(life: Life, *, thorough: bool) -> None:
    """Everything that shows or exports, and then the app."""
    looks: list[tuple[str, ...]] = [("jobs", "show", "1", "--json"), ("logs", "1")]
    if thorough:
        looks += [
            ("evidence", "list", "--json"),
            ("jobs", "list"),
            ("jobs", "list", "--json"),
            ("logs", "2"),
            ("evidence", "show", "1"),
        ]
        looks += [("auth", "status"), ("doctor",), ("evidence", "export", "--format", "json", "--json")]
        looks += [("evidence", "export", "--force", "--output", f"out.{form}") for form in ("json", "csv")]
    for arguments in (*looks, ("evidence", "export", "--force", "--output", "out.md")):
        life.run(*arguments, environ=WITH_BOTH)
    _use_the_app(life)


def _use_the_app(life: Life) -> None:
    terminal = Terminal([PROGRAM], life.environ(**WITH_BOTH))
    try:
        terminal.wait_for("acme/web")
        terminal.type("l")
        terminal.wait_for("t times")
        terminal.wait_for("Dry run")
        terminal.type("Y")
        terminal.wait_until(lambda _: b"\x1b]52;" in terminal.written, "a copy to the clipboard")
        terminal.type(ESCAPE)
        terminal.wait_for("n new")
        terminal.type("n")
        terminal.wait_for("GitHub token")
        terminal.wait_for("+ acme/web")
        terminal.type("acme/web")
        terminal.wait_until(lambda screen: "+ acme/web" not in screen, "the end of the offer, which is taken")
        terminal.wait_for("found: environment (GITHUB_TOKEN)")  # it then stands behind the other fields
        for place in ("Repositories", "Period", "From", "To", "About", "Match", "Model", "Budget", "Judge", "Dry run"):
            terminal.wait_for(place)
            terminal.type(TAB)
            terminal.read()
        terminal.type(IN_FORM)
        terminal.wait_for("•" * len(IN_FORM))
        cmdline = Path(f"/proc/{terminal.child.pid}/cmdline")
        life.printed.append(cmdline.read_bytes() if cmdline.exists() else b"")
        terminal.type("\x03")
        terminal.read()
        life.printed.append(terminal.text.encode())
    finally:
        terminal.close()
    life.printed.append(terminal.written)
    for copied in re.findall(rb"\x1b\]52;[^;]*;([^\x07\x1b]*)", terminal.written):
        life.printed.append(base64.b64decode(copied))
