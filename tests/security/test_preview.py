"""What is shown before anything is sent is what is sent; secrets are masked in it, and what was excluded is not there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.demo.sent_text import sent_pull_request
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from tests.cli.command_line import SYNC, CommandLine
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.security.leaks import hits, with_bodies

LEAKED = "ghp_" + "Q7x" * 12
KEY_BLOCK = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", GITHUB_TOKEN)
    monkeypatch.setenv("ANTHROPIC_API_KEY", CLAUDE_KEY)


def exclude(home: Path, line: str) -> None:
    """Put a line into config.toml."""
    path = home / "config" / "config.toml"
    path.write_text(f"{path.read_text()}{line}\n")


def test_it_shows_exactly_what_a_sync_sends_and_sends_nothing(line: CommandLine, server: FaultyServer) -> None:
    shown = line(*SYNC, "--show-prompt", "--json")
    assert shown.code == 0
    assert server.recorder.count("messages") == 0
    as_text = line(*SYNC, "--show-prompt", "--context", "I lead the web team.").out
    assert "I lead the web team." in as_text
    assert line("jobs", "list", "--json").json == []

    assert line(*SYNC).code == 0
    sent = [each.json for each in server.recorder.requests if "messages" in each.routes]
    assert shown.json["request"] in sent
    assert f"#{shown.json['number']}, written by" in shown.json["request"]["messages"][0]["content"]
    plain = line(*SYNC, "--show-prompt").out
    for block in (*shown.json["request"]["system"], {"text": shown.json["request"]["messages"][0]["content"]}):
        assert block["text"] in plain


def test_it_needs_no_claude_key(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert "untrusted data" in line(*SYNC, "--show-prompt").out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*SYNC, "--no-analyse"), "is off"),
        (("sync", "acme/nothing"), "was not found"),
        (("sync", "acme/web", "--since", "2026-11-19", "--until", "2026-11-19"), "No merged pull request"),
        (("sync", "web"), "lacks its owner"),
    ],
)
def test_where_there_is_nothing_to_show_it_says_so(
    arguments: tuple[str, ...], sentence: str, line: CommandLine
) -> None:
    result = line(*arguments, "--show-prompt")
    assert result.code == 2
    assert sentence in result.err


def test_secrets_in_pull_requests_are_masked_before_anything_is_sent_or_stored(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    secrets = f"{LEAKED} https://me:hunter22@host/x {CLAUDE_KEY} {KEY_BLOCK}"
    server.faults.always("hydrate", Fault("leaks", change=lambda answer: with_bodies(answer, secrets)))
    values = (LEAKED, "hunter22", CLAUDE_KEY, "MHcCAQEEIB")
    assert not hits(line(*SYNC, "--show-prompt").out.encode(), values)
    assert line(*SYNC).code == 0
    sent = [each.body for each in server.recorder.requests if "messages" in each.routes]
    assert sent
    assert b"[secret]" in sent[0]
    assert not [body for body in sent if hits(body, values)]
    assert not hits((own_home / "data" / "devtrail.db").read_bytes(), values)
    assert not hits(line("evidence", "export", "--format", "json").out.encode(), values)
    matches = [match for entry in line("evidence", "list", "--json").json for match in entry["matches"]]
    assert matches, "quotes are checked against the masked texts, so answers still hold"


def test_a_stored_pull_request_gives_the_same_request_so_nothing_is_paid_twice(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    """The first time it comes from GitHub with its secrets, the second time from the database without them."""
    server.faults.always("hydrate", Fault("leaks", change=lambda answer: with_bodies(answer, LEAKED)))
    assert line(*SYNC, "--no-analyse").code == 0
    assert line(*SYNC).code == 0
    keys = {json.dumps(each.json, sort_keys=True) for each in server.recorder.requests if "messages" in each.routes}
    server.recorder.clear()
    exclude(own_home, "")
    for path in own_home.glob("data/*"):
        path.unlink()
    assert line(*SYNC).code == 0
    assert {
        json.dumps(each.json, sort_keys=True) for each in server.recorder.requests if "messages" in each.routes
    } == keys


def test_an_excluded_repository_is_neither_fetched_nor_sent(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    assert line(*SYNC, "--no-analyse").code == 0
    exclude(own_home, 'exclude_repositories = ["ACME/w*"]')
    server.recorder.clear()
    refused = line(*SYNC)
    assert refused.code == 2
    assert "excluded by exclude_repositories" in refused.err
    assert not server.recorder.requests


def test_an_excluded_repository_is_not_fetched_by_a_job_that_was_queued_before(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    assert line(*SYNC, "--no-wait").code == 0
    exclude(own_home, 'exclude_repositories = ["acme/web"]')
    line("work", "--once")
    assert not [each for each in server.recorder.requests if each.routes & {"search", "hydrate", "messages"}]
    assert "is excluded" in line("logs", "1").out


async def test_what_was_stored_before_it_was_excluded_is_not_sent(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    from devtrail_tui.clients.claude.client import ClaudeAnalyser
    from devtrail_tui.core.errors import RepositoryExcluded

    exclude(own_home, 'exclude_repositories = ["acme/web"]')
    services = Services(load_settings(os.environ), environ=os.environ)
    analyser = await services.clients.analyser(services.clients.outside_jobs(), model=services.settings.model)
    assert isinstance(analyser, ClaudeAnalyser)
    from tests.security.samples import PULL_REQUEST

    services.open()
    with pytest.raises(RepositoryExcluded, match="excluded by exclude_repositories"):
        analyser.prepare(PULL_REQUEST, (), services.criteria.list(), login="mona", roles=())
    services.close()


def test_an_excluded_path_is_left_out_and_that_is_said(line: CommandLine, server: FaultyServer, own_home: Path) -> None:
    before = line(*SYNC, "--show-prompt", "--json").json["request"]["messages"][0]["content"]
    files = [entry.split(" +")[0] for entry in sent_pull_request(before)["files"]]
    exclude(own_home, f"exclude_paths = [{json.dumps(files[0])}]")
    after = line(*SYNC, "--show-prompt", "--json").json["request"]["messages"][0]["content"]
    shown = sent_pull_request(after)
    assert files[0] not in [entry.split(" +")[0] for entry in shown["files"]]
    assert len(shown["files"]) == len(files) - 1
    assert any("by the engineer's own settings: 1 files" in sentence for sentence in shown["left_out"])


def test_a_token_in_the_context_is_neither_stored_nor_sent(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    assert line(*SYNC, "--context", f"my token is {LEAKED}").code == 0
    assert not [each for each in server.recorder.requests if hits(each.body, [LEAKED])]
    assert not hits((own_home / "data" / "devtrail.db").read_bytes(), [LEAKED])
    assert AnalysisState.ANALYSED.value in line("evidence", "list", "--json").out


def test_masking_what_was_masked_changes_nothing() -> None:
    from devtrail_tui.core.pull_request_privacy import without_secrets
    from tests.security.samples import PULL_REQUEST

    redact = Redactor(["storm"])
    once = without_secrets(PULL_REQUEST, redact)
    assert once != PULL_REQUEST
    assert without_secrets(once, redact) == once
