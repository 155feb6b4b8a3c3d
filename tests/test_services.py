"""The composition root: launching puts secrets out of configs; nothing bad is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.core.errors import InvalidInput, UsageError
from devtrail_tui.core.job import Status
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings

SYNC = {"repositories": ["acme/shop"]}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    environ = {"DEVTRAIL_HOME": str(tmp_path), "PATH": "", "GITHUB_TOKEN": "ghp_in_environment"}
    made = Services(load_settings(environ), environ=environ)
    made.open()
    yield made
    made.close()


def test_a_job_never_holds_a_secret(services: Services, tmp_path: Path) -> None:
    job = launch_job(services, "GITHUB_SYNC", {**SYNC, "githubToken": "ghp_typed", "anthropicApiKey": "sk-typed"})
    assert job.status is Status.PENDING
    stored = json.dumps(dict(job.config))
    assert "typed" not in stored
    services.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"ghp_typed" not in written
    assert b"sk-typed" not in written


def test_a_token_that_the_environment_holds_binds_the_job_to_nobody(services: Services) -> None:
    job = launch_job(services, "GITHUB_SYNC", {**SYNC, "githubToken": "ghp_in_environment"}, elsewhere=True)
    assert job.config["githubToken"] == "secret:env:GITHUB_TOKEN"
    assert job.needs_worker is None


def test_a_token_only_this_program_knows_may_not_wait_for_another(services: Services) -> None:
    with pytest.raises(InvalidInput) as caught:
        launch_job(services, "GITHUB_SYNC", {**SYNC, "githubToken": "ghp_typed"}, elsewhere=True)
    assert "--no-wait" in caught.value.problems["githubToken"]
    assert list(services.views.job_ids()) == []


def test_an_unknown_job_type_is_refused(services: Services) -> None:
    with pytest.raises(UsageError, match="GITHUB_SYNC"):
        launch_job(services, "GITHUB_SINK", {})


def test_a_launched_job_says_what_it_is(services: Services) -> None:
    job = launch_job(services, "GITHUB_SYNC", {"repositories": ["acme/shop", "acme/api"], "startDate": "2026-01-01"})
    assert job.title == "acme/shop +1 · 2026-01-01 to today"


@pytest.mark.parametrize(
    ("setting", "url", "part"),
    [
        ("github_url", "http://git.example/api/v3", "unencrypted"),
        ("github_url", "https://me:pw@git.example/api/v3", "user name or password"),
        ("github_url", "git.example", "not an https URL"),
        ("anthropic_base_url", "http://proxy.example", "unencrypted"),
        ("anthropic_base_url", "https://me:pw@proxy.example", "user name or password"),
        ("anthropic_base_url", "proxy.example", "not a valid"),
    ],
)
def test_an_address_that_would_leak_a_secret_is_refused(tmp_path: Path, setting: str, url: str, part: str) -> None:
    environ = {"DEVTRAIL_HOME": str(tmp_path), "PATH": ""}
    with pytest.raises(UsageError) as caught:
        Services(load_settings(environ, **{setting: url}), environ=environ)
    assert part in str(caught.value)
    assert "pw" not in str(caught.value)


def test_plain_http_is_for_loopback_only(tmp_path: Path) -> None:
    environ = {"DEVTRAIL_HOME": str(tmp_path), "PATH": ""}
    loopback = "http://127.0.0.1:8000"
    Services(load_settings(environ, github_url=loopback, anthropic_base_url=loopback), environ=environ)
