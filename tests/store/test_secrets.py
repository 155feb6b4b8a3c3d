"""Where secrets are found, in which order, and what a job may refer to."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from keyring.errors import NoKeyringError

from devtrail_tui.core.errors import SecretMissing, UsageError
from devtrail_tui.store.secret_places import KEYRING_SERVICE
from devtrail_tui.store.secrets import Secrets


class Ring:
    """A keyring with what the test puts in."""

    def __init__(self, **held: str) -> None:
        self.held = held
        self.asked = 0

    def get_password(self, service: str, name: str) -> str | None:
        assert service == KEYRING_SERVICE
        self.asked += 1
        return self.held.get(name)


class NoRing:
    """A machine without a keyring."""

    def get_password(self, service: str, name: str) -> str | None:
        raise NoKeyringError("No recommended backend was available.")


@pytest.fixture
def gh(tmp_path: Path) -> str:
    """A `gh` on a PATH of its own that is logged in to github.com only."""
    program = tmp_path / "gh"
    program.write_text(
        '#!/bin/sh\n[ "$1 $2 $3 $4" = "auth token --hostname github.com" ] && echo gho_from_gh && exit 0\n'
        'echo "no oauth token found" >&2; exit 1\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{tmp_path}:/bin:/usr/bin"


def test_the_environment_comes_first_then_the_keyring_then_gh(gh: str) -> None:
    environ = {"PATH": gh, "GITHUB_TOKEN": "from-environment"}
    ring = Ring(github="from-keyring")
    found = Secrets(environ, keyring=ring).find("github")
    assert found is not None
    assert (found.where, found.reference) == ("environment (GITHUB_TOKEN)", "secret:env:GITHUB_TOKEN")

    del environ["GITHUB_TOKEN"]
    found = Secrets(environ, keyring=ring).find("github")
    assert found is not None
    assert found.reference == "secret:keyring:github"

    secrets = Secrets(environ, keyring=Ring())
    found = secrets.find("github")
    assert found is not None
    assert found.where == "gh auth token"
    assert secrets.resolve("github", found.reference) == "gho_from_gh"


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("github.com", "GITHUB_TOKEN"),
        ("acme.ghe.com", "GITHUB_TOKEN"),
        ("git.acme.example", "GH_ENTERPRISE_TOKEN"),
        ("127.0.0.1", "GH_ENTERPRISE_TOKEN"),
    ],
)
def test_an_enterprise_servers_token_is_for_its_host_only(host: str, variable: str) -> None:
    environ = {"PATH": "", "GITHUB_TOKEN": "for-github", "GH_ENTERPRISE_TOKEN": "for-the-server"}
    found = Secrets(environ, github_host=host, keyring=Ring()).find("github")
    assert found is not None
    assert found.reference == f"secret:env:{variable}"
    without = Secrets({"PATH": "", "GITHUB_TOKEN": "for-github"}, github_host=host, keyring=Ring()).find("github")
    assert without is not None
    assert without.reference == "secret:env:GITHUB_TOKEN"


def test_gh_is_asked_for_the_host_in_use(gh: str) -> None:
    assert Secrets({"PATH": gh}, github_host="git.example", keyring=Ring()).find("github") is None


def test_nothing_found_is_said_with_what_to_do() -> None:
    secrets = Secrets({"PATH": ""}, keyring=NoRing())
    with pytest.raises(SecretMissing, match="Set GITHUB_TOKEN, or log in with `gh auth login` or"):
        secrets.resolve("github", "")
    with pytest.raises(SecretMissing, match="Set ANTHROPIC_API_KEY"):
        secrets.resolve("anthropic", "")


def test_a_typed_value_that_a_source_holds_becomes_that_source() -> None:
    secrets = Secrets({"PATH": "", "GH_TOKEN": "same"}, keyring=Ring())
    assert secrets.keep("github", "same") == "secret:env:GH_TOKEN"


def test_a_typed_value_stays_in_this_memory_only() -> None:
    secrets = Secrets({"PATH": ""}, keyring=Ring())
    reference = secrets.keep("github", "typed")
    assert "typed" not in reference
    assert secrets.resolve("github", reference) == "typed"
    with pytest.raises(SecretMissing, match="program that has ended"):
        Secrets({"PATH": ""}, keyring=Ring()).resolve("github", reference)


@pytest.mark.parametrize(
    "reference", ["secret:env:AWS_SECRET_ACCESS_KEY", "secret:keyring:other", "secret:gh:evil.example"]
)
def test_a_job_cannot_refer_to_anything_else(reference: str) -> None:
    environ = {"PATH": "", "AWS_SECRET_ACCESS_KEY": "not-for-github"}
    with pytest.raises(UsageError, match="not a reference to"):
        Secrets(environ, keyring=Ring(other="x")).resolve("github", reference)


def test_a_reference_whose_source_is_empty_now_is_missing() -> None:
    with pytest.raises(SecretMissing, match="GITHUB_TOKEN, which is not set here"):
        Secrets({"PATH": ""}, keyring=Ring()).resolve("github", "secret:env:GITHUB_TOKEN")


def test_a_slow_source_is_asked_once_until_it_is_forgotten() -> None:
    ring = Ring(github="held")
    secrets = Secrets({"PATH": ""}, keyring=ring)
    secrets.find("github")
    secrets.resolve("github", "")
    assert ring.asked == 1
    secrets.forget()
    secrets.find("github")
    assert ring.asked == 2
