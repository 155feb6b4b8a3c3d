"""The commands that look at what is stored, most of them over one finished sync."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pytest

from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from tests.cli.command_line import SYNC, CommandLine
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer

pytestmark = pytest.mark.xdist_group("synced home")  # the sync is run once


def test_jobs_list_and_show(line: CommandLine, synced: int) -> None:
    listed = line("jobs", "list")
    assert listed.code == 0
    assert listed.out.splitlines()[0].split() == ["#", "Type", "What", "Status", "%", "When"]
    assert "✓ done" in listed.out
    shown = line("jobs", "show", "1")
    assert "GITHUB_SYNC" in shown.out
    assert f"{synced} of {synced}" in shown.out
    as_json = line("jobs", "show", "1", "--json").json
    assert len(as_json["logs"]) >= synced
    assert line("jobs", "list", "--json").json == [{**as_json, "logs": []}]


def test_jobs_list_filters_and_pages(line: CommandLine, server: FaultyServer) -> None:
    for name in ("acme/web", "acme/api", "acme/shop"):
        line("sync", name, "--no-wait")
    assert [job["id"] for job in line("jobs", "list", "--json").json] == [3, 2, 1]
    assert [job["id"] for job in line("jobs", "list", "repo:acme/api", "--json").json] == [2]
    assert line("jobs", "list", "state:failed", "--json").json == []
    page = line("jobs", "list", "--limit", "2")
    assert "--before 2" in page.err
    assert [job["id"] for job in line("jobs", "list", "--before", "2", "--json").json] == [1]


def test_cancel_retry_wait_delete_cleanup(line: CommandLine, server: FaultyServer) -> None:
    line(*SYNC, "--no-analyse", "--no-wait")
    assert line("jobs", "cancel", "1", "--json").json["status"] == "CANCELLED"
    assert line("jobs", "wait", "1").code == 3
    assert line("jobs", "cancel", "1").code == 2
    assert line("jobs", "retry", "1", "--json").json["status"] == "PENDING"
    assert line("jobs", "delete", "1").code == 2
    assert line("work", "--job", "1").code == 0
    assert line("jobs", "wait", "1", "--json").json["status"] == "COMPLETED"
    assert line("work", "--job", "1").code == 2
    assert line("jobs", "cleanup", "--days", "1", "--json").json == {"deleted": 0}
    assert line("jobs", "cleanup", "--days", "0", "--json").json == {"deleted": 1}
    assert line("jobs", "show", "1").code == 2
    assert line("evidence", "list", "--json").json


def test_logs_follow_a_finished_job_to_its_end(line: CommandLine, synced: int) -> None:
    everything = line("logs", "1")
    assert everything.out == line("logs", "1", "-f").out
    lines = [json.loads(each) for each in line("logs", "1", "--json").out.splitlines()]
    assert [each["seq"] for each in lines] == list(range(1, len(lines) + 1))
    assert line("logs", "1", "--tail", "2").out.splitlines() == everything.out.splitlines()[-2:]
    assert line("logs", "1", "--tail", "0").out == ""


def test_evidence_list_and_show(line: CommandLine, synced: int) -> None:
    entries = line("evidence", "list", "--limit", "1000", "--json").json
    assert len(entries) == synced
    assert [each["mergedAt"] for each in entries] == sorted((each["mergedAt"] for each in entries), reverse=True)
    matched = next(each for each in entries if each["matches"])
    shown = line("evidence", "show", str(matched["id"]))
    assert matched["matches"][0]["quotes"][0] in shown.out
    assert "own confidence" in shown.out
    detail = line("evidence", "show", str(matched["id"]), "--json").json
    assert detail["model"] == "claude-sonnet-5-5"
    assert detail["metrics"]["additions"] == matched["additions"]
    assert detail["content"]["title"] == matched["title"]
    limited = line("evidence", "list", "--limit", "1")
    assert len(limited.out.splitlines()) == 2
    assert "There may be more" in limited.err


def test_evidence_export_in_three_formats(line: CommandLine, synced: int, tmp_path: Path) -> None:
    printed = line("evidence", "export")
    assert printed.code == 0
    assert printed.out.startswith("# Evidence by criterion\n")
    document = line("evidence", "export", "--format", "json").json
    assert document["counts"]["entries"] == synced
    assert document == {**line("evidence", "export", "--json").json, "generatedAt": document["generatedAt"]}
    rows = list(csv.DictReader(io.StringIO(line("evidence", "export", "--format", "csv").out, newline="")))
    assert {int(row["evidence_id"]) for row in rows} == {entry["id"] for entry in document["entries"]}

    path = tmp_path / "evidence.csv"
    written = line("evidence", "export", "--output", str(path), "--json").json
    assert written == {
        "exported": synced,
        "format": "csv",
        "file": str(path),
        "matchesBelow": document["matchesBelow"],
    }
    assert list(csv.DictReader(io.StringIO(path.read_text(), newline=""))) == rows
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_evidence_export_of_days_and_of_what_is_confident(line: CommandLine, synced: int) -> None:
    everything = line("evidence", "export", "--json", "--min-confidence", "0").json
    confidences = [each["confidence"] for criterion in everything["criteria"] for each in criterion["evidence"]]
    assert everything["matchesBelow"] == 0
    usual = line("evidence", "export", "--json")
    weak = sum(round(confidence * 100) < 60 for confidence in confidences)
    assert (usual.json["minConfidence"], usual.json["matchesBelow"]) == (60, weak)
    assert (f"{weak} matches below 60 % not in the document" in usual.err) == (weak > 1)
    none = line("evidence", "export", "--min-confidence", "100").out
    assert f"- {len(confidences)} matches below 100 %." in none
    merged = sorted(entry["mergedAt"] for entry in everything["entries"])
    middle = merged[len(merged) // 2][:10]
    early = line("evidence", "export", "--until", middle, "--json").json
    late = line("evidence", "export", "--since", middle, "--json").json
    assert early["days"] == {"since": None, "until": middle}
    assert 0 < early["counts"]["entries"] < synced
    assert all(entry["mergedAt"][:10] <= middle for entry in early["entries"])
    both = {entry["id"] for entry in early["entries"]} | {entry["id"] for entry in late["entries"]}
    assert len(both) == synced
    assert line("evidence", "export", "--since", "last-quarter", "--json").json["days"]["until"] is not None
    for wrong in (("--since", "soon"), ("--since", "2026-03-02", "--until", "2026-03-01"), ("--min-confidence", "101")):
        assert line("evidence", "export", *wrong).code == 2


def test_evidence_export_of_one_criterion(line: CommandLine, synced: int) -> None:
    everything = line("evidence", "export", "--json").json
    chosen = everything["criteria"][0]["criterion_id"]
    document = line("evidence", "export", f"criterion:{chosen}", "--json").json
    assert [each["criterion_id"] for each in document["criteria"]] == [chosen]
    assert document["chosen"] == f"criterion:{chosen}"
    assert document["criteria"][0]["evidence"] == everything["criteria"][0]["evidence"]


def test_an_export_replaces_a_file_whole_and_keeps_its_mode(line: CommandLine, synced: int, tmp_path: Path) -> None:
    path = tmp_path / "evidence.md"
    path.write_text("older and much longer\n" * 10_000)
    path.chmod(0o644)
    refused = line("evidence", "export", "--output", str(path))
    assert refused.code == 2
    assert "exists. Add --force to replace it" in refused.err
    assert path.read_text().startswith("older")
    assert line("evidence", "export", "--output", str(path), "--force").code == 0
    assert path.read_text().startswith("# Evidence by criterion")
    assert "older" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_evidence_without_a_key_is_listed_as_not_analysed(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    synced = line(*SYNC, "--json").json["result"]
    assert synced["notAnalysed"] == synced["found"]
    exported = line("evidence", "export").out
    assert f"{synced['found']} not analysed" in exported
    assert "none: nothing was analysed" in exported


def test_criteria_go_out_and_come_back(line: CommandLine, tmp_path: Path) -> None:
    before = line("criteria", "list", "--json").json
    path = tmp_path / "mine.csv"
    assert line("criteria", "export", "--output", str(path)).code == 0
    assert path.read_text() == line("criteria", "export").out
    assert line("criteria", "import", str(path), "--json").json == {
        "imported": len(before), "added": 0, "changed": 0, "retired": 0, "unchanged": len(before),
    }  # fmt: skip
    path.write_text("\n".join(path.read_text().splitlines()[:3]) + "\n")
    assert line("criteria", "import", str(path), "--json").json["retired"] == len(before) - 2
    assert line("criteria", "list", "--json").json == before[:2]
    assert line("criteria", "export", "--json").json == before[:2]


def test_doctor_says_what_was_found(line: CommandLine, server: FaultyServer, own_home: Path) -> None:
    result = line("doctor")
    assert result.code == 0
    assert "robin-demo" in result.out
    assert "repo" in result.out
    assert "graphql limit" in result.out
    assert "valid" in result.out
    assert str(own_home / "data" / "devtrail.db") in result.out
    for line_ in result.out.splitlines():
        assert line_.split()[:2] in (["✓", "ok"], ["!", "note"], ["✗", "wrong"])
    as_json = line("doctor", "--json")
    assert as_json.json["ok"] is True
    by_name = {check["name"]: check for check in as_json.json["checks"]}
    assert by_name["GitHub token"]["login"] == "robin-demo"
    assert by_name["graphql limit"]["limit"] == 5000
    for secret in (GITHUB_TOKEN, CLAUDE_KEY):
        assert secret not in result.out + result.err + as_json.out + as_json.err


def test_doctor_names_an_enterprise_server_and_reads_its_token(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.enterprise("3.17.4")
    monkeypatch.setenv("DEVTRAIL_GITHUB_URL", f"{server.url}/api/v3")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", GITHUB_TOKEN)
    monkeypatch.setenv("GITHUB_TOKEN", "a-token-of-github-com")
    result = line("doctor")
    assert "Enterprise Server 3.17.4" in result.out
    assert "environment (GH_ENTERPRISE_TOKEN)" in result.out
    assert {request.credential for request in server.requests if request.service == "github"} == {GITHUB_TOKEN}


def test_doctor_without_keys(line: CommandLine) -> None:
    result = line("doctor")
    assert result.code == 2
    assert "✗ wrong GitHub token" in result.out
    assert "! note  Claude key" in result.out
    offline = line("doctor", "--offline")
    assert offline.code == 0
    assert "✗" not in offline.out


def test_doctor_with_bad_keys_asks_once(line: CommandLine, server: FaultyServer) -> None:
    server.github_tokens.clear()
    server.claude_keys.clear()
    result = line("doctor")
    assert result.code == 1
    assert result.out.count("✗ wrong") == 2
    assert (server.count("user"), server.count("models")) == (1, 1)


def test_doctor_says_when_a_token_reaches_little(line: CommandLine, server: FaultyServer) -> None:
    server.scopes = "read:user"
    result = line("doctor")
    assert result.code == 0
    assert "public repositories only" in result.out


def test_doctor_reports_an_unusable_database_and_goes_on(
    line: CommandLine, server: FaultyServer, own_home: Path
) -> None:
    path = own_home / "data" / "devtrail.db"
    path.parent.mkdir(parents=True)
    path.write_text("dear diary " * 1000)
    result = line("doctor")
    assert result.code == 2
    assert "✗ wrong database" in result.out
    assert "robin-demo" in result.out


def test_doctor_does_not_wait_for_ever(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtrail_tui.actions.secrets.ANSWER_TIMEOUT_S", 0.3)
    gate = server.faults.hang("user")
    result = line("doctor")
    gate.release()
    assert result.code == 1
    assert "did not answer" in result.out


def test_foreign_text_cannot_reach_the_terminal(line: CommandLine, synced: int) -> None:
    for arguments in (
        ("evidence", "list"), ("evidence", "export"), ("evidence", "export", "--format", "csv"),
        ("evidence", "show", "1"), ("jobs", "show", "1"), ("logs", "1"),
    ):  # fmt: skip
        text = line(*arguments).out
        assert not [
            hex(ord(each)) for each in text if (ord(each) < 0x20 and each not in "\n\t\r") or 0x7F <= ord(each) < 0xA0
        ]


def test_a_failed_job_says_why(line: CommandLine, server: FaultyServer) -> None:
    server.faults.always("user", Fault.status(451, {"message": "\x1b[31mUnavailable\x1b[0m"}))
    result = line(*SYNC)
    assert result.code == 1
    assert result.out.startswith("✗ failed · job 1: ")
    assert "\x1b" not in result.out + result.err
