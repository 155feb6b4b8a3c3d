"""`auth`: the secret is proved by one free call, kept in the right place, and never printed."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import keyring.core
import pexpect
import pytest
from keyring.backends.null import Keyring as NullKeyring

from devtrail_tui.demo.people import ROBIN
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from tests.cli.command_line import CommandLine, Result
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.security.file_keyring import FileKeyring

TOKENS = {"github": GITHUB_TOKEN, "claude": CLAUDE_KEY}
Piped = Callable[..., Result]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """This process's system keyring, and the file in which it keeps what it is given."""
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keyring.json"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", FileKeyring())  # type: ignore[no-untyped-call]  # keyring's own
    return tmp_path / "keyring.json"


@pytest.fixture
def no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", NullKeyring())  # type: ignore[no-untyped-call]  # keyring's own


@pytest.fixture
def piped(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Piped:
    """Run a command with a text on stdin."""

    def run(text: str, *arguments: str) -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return line(*arguments)

    return run


@pytest.mark.parametrize("service", TOKENS)
def test_a_login_is_proved_and_kept_in_the_keyring(service: str, piped: Piped, line: CommandLine, ring: Path) -> None:
    result = piped(f"{TOKENS[service]}\n", "auth", "login", service, "--with-token")
    assert (result.code, result.err) == (0, "")
    assert "Stored in: system keyring" in result.out
    assert TOKENS[service] not in result.out
    assert list(json.loads(ring.read_text()).values()) == [TOKENS[service]]
    state = line("auth", "status", "--json").json[service]
    assert (state["found"], state["where"], state["problem"]) == (True, "system keyring", "")


def test_github_says_login_and_scopes(piped: Piped, ring: Path) -> None:
    result = piped(GITHUB_TOKEN, "auth", "login", "github", "--with-token", "--json")
    assert result.json["login"] == ROBIN.login
    assert "repo" in result.json["scopes"]


@pytest.mark.parametrize("service", TOKENS)
def test_a_refused_secret_is_not_kept(service: str, piped: Piped, ring: Path, server: FaultyServer) -> None:
    result = piped("not-the-right-one-1234", "auth", "login", service, "--with-token")
    assert result.code == 1
    assert "401" in result.err or "refused" in result.err
    assert "not-the-right-one" not in result.out + result.err
    assert not ring.exists()
    assert len([each for each in server.recorder.requests if "rate_limit" not in each.routes]) == 1


@pytest.mark.usefixtures("no_ring")
def test_without_a_keyring_a_key_is_made_named_and_used(
    piped: Piped, line: CommandLine, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = piped(GITHUB_TOKEN, "auth", "login", "github", "--with-token")
    assert refused.code == 2
    assert "auth new-key" in refused.err
    key_file = tmp_path / "usb" / "devtrail.key"
    assert line("auth", "new-key", str(key_file)).code == 0
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key_file.read_text().strip() not in line("auth", "new-key", str(key_file)).err
    monkeypatch.setenv("DEVTRAIL_SECRET_KEY_FILE", str(key_file))
    assert "encrypted" in piped(GITHUB_TOKEN, "auth", "login", "github", "--with-token").out
    assert GITHUB_TOKEN.encode() not in (own_home / "data" / "devtrail.db").read_bytes()
    assert line("auth", "status").code == 0
    doctor = line("doctor", "--offline").out
    assert "no keyring. Secrets are stored encrypted" in doctor


@pytest.mark.usefixtures("no_ring")
def test_plain_secrets_are_said_plainly(piped: Piped, own_home: Path) -> None:
    (own_home / "config" / "config.toml").write_text("plain_secrets = true\n")
    result = piped(GITHUB_TOKEN, "auth", "login", "github", "--with-token")
    assert result.code == 0
    assert "NOT encrypted" in result.err


def test_a_key_is_not_made_over_another_nor_beside_the_data(line: CommandLine, tmp_path: Path, own_home: Path) -> None:
    (tmp_path / "key").write_text("precious")
    assert "makes its secrets unreadable" in line("auth", "new-key", str(tmp_path / "key")).err
    assert (tmp_path / "key").read_text() == "precious"
    assert "beside the data" in line("auth", "new-key", str(own_home / "data" / "key")).err


@pytest.mark.parametrize("arguments", [("auth", "login", "github"), ("auth", "login", "claude", "--with-token")])
def test_a_secret_as_an_argument_is_refused_and_not_repeated(arguments: tuple[str, ...], line: CommandLine) -> None:
    result = line(*arguments, "some-secret-value-77")
    assert result.code == 2
    assert "must not be an argument" in result.err
    assert "some-secret-value-77" not in result.out + result.err


@pytest.mark.parametrize("text", ["", "two words", "Ωmega-token-of-letters", "x" * 20_000])
def test_what_is_no_token_is_refused_and_not_repeated(text: str, piped: Piped, server: FaultyServer) -> None:
    result = piped(text, "auth", "login", "github", "--with-token")
    assert result.code == 2
    assert "one word without spaces" in result.err
    assert not text or text[:9] not in result.err
    assert not server.recorder.requests


def test_without_a_terminal_it_asks_for_stdin(piped: Piped) -> None:
    assert "--with-token" in piped("", "auth", "login", "github").err


def test_the_environment_comes_first_and_that_is_said(
    piped: Piped, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "from-the-environment")
    assert (
        "environment (GITHUB_TOKEN) takes precedence"
        in piped(GITHUB_TOKEN, "auth", "login", "github", "--with-token").err
    )


def test_logout_forgets_and_says_what_is_left(piped: Piped, line: CommandLine, ring: Path) -> None:
    piped(GITHUB_TOKEN, "auth", "login", "github", "--with-token")
    result = line("auth", "logout", "github", "--json")
    assert result.json == {"service": "github", "removedFrom": ["system keyring"], "stillFound": None}
    assert json.loads(ring.read_text()) == {}
    assert "No GitHub token was stored" in line("auth", "logout", "github").out
    assert line("auth", "status").code == 2


def test_status_without_anything_says_what_to_do(line: CommandLine) -> None:
    result = line("auth", "status")
    assert result.code == 2
    assert "auth login github" in result.out
    assert "auth login claude" in result.out


def test_status_names_a_key_that_does_not_work(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", GITHUB_TOKEN)
    monkeypatch.setenv("ANTHROPIC_API_KEY", CLAUDE_KEY)
    server.faults.always("user", GitHubFault.unauthorized())
    result = line("auth", "status", "--json")
    assert result.code == 1
    assert "401" in result.json["github"]["problem"]
    assert result.json["claude"]["problem"] == ""
    assert line("auth", "status", "--offline").code == 0


@pytest.mark.usefixtures("processes")
@pytest.mark.usefixtures("own_home")
def test_the_prompt_shows_nothing_and_gh_is_offered(tmp_path: Path) -> None:
    gh = tmp_path / "programs" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\n[ "$1 $2" = "auth token" ] && echo {GITHUB_TOKEN}\n')
    gh.chmod(0o755)
    environ = {**os.environ, "PATH": f"{gh.parent}:/bin:/usr/bin", "FILE_KEYRING": str(tmp_path / "ring.json")}
    environ |= {
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
        "TERM": "xterm",
    }
    command = [sys.executable, "-m", "devtrail_tui", "auth", "login", "github"]
    taken = pexpect.spawn(command[0], command[1:], env=environ, timeout=30, encoding="utf-8")
    taken.expect("gh is logged in")
    taken.sendline("y")
    taken.expect("The token is read from gh")
    taken.expect(pexpect.EOF)
    assert not (tmp_path / "ring.json").exists()

    typed = pexpect.spawn(command[0], command[1:], env=environ, timeout=30, encoding="utf-8")
    shown = io.StringIO()
    typed.logfile_read = shown
    typed.expect("gh is logged in")
    typed.sendline("n")
    typed.expect("not shown")
    typed.waitnoecho()
    typed.sendline(GITHUB_TOKEN)
    typed.expect("Stored in: system keyring")
    typed.expect(pexpect.EOF)
    assert GITHUB_TOKEN not in shown.getvalue()
    assert GITHUB_TOKEN in (tmp_path / "ring.json").read_text()
