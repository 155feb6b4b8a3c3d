"""`devtrail-tui sync` against the demo's server: run here, in the queue, cancelled, interrupted, taken over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from devtrail_tui.actions.running import make_worker
from devtrail_tui.cli.interruption import Interruption
from devtrail_tui.demo.server import GITHUB_TOKEN
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from tests.acceptance.terminal import Terminal
from tests.cli.command_line import SYNC, CommandLine, stored_jobs
from tests.doubles.faults import Fault
from tests.doubles.gate import Gate
from tests.doubles.server import FaultyServer


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Do something in another thread while the block runs; its error is raised at the end."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(act)
        yield
        doing.result()


def other_program() -> Services:
    """Another program on the same database."""
    services = Services(load_settings(os.environ), environ=os.environ)
    services.open()
    return services


@contextmanager
def another_worker(server: FaultyServer) -> Iterator[Gate]:
    """A worker of another program that has taken the waiting job and stands at a gate."""
    gate = server.faults.hang("hydrate")
    other = other_program()
    worker = make_worker(other)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        gate.wait()
        yield gate
    finally:
        gate.release()
        worker.stop()
        thread.join()
        other.close()


def test_a_sync_runs_here_and_prints_the_finished_job(line: CommandLine, server: FaultyServer) -> None:
    result = line(*SYNC, "--json")
    assert result.code == 0
    job = result.json
    assert (job["type"], job["status"], job["progress"]) == ("GITHUB_SYNC", "COMPLETED", 100.0)
    assert job["result"]["new"] == job["result"]["found"] > 0
    assert job["logs"][0]["message"].startswith("Logged in")
    assert set(job) == {
        "id", "type", "status", "progress", "logs", "result", "error", "config",
        "startedAt", "completedAt", "createdAt", "updatedAt",
    }  # fmt: skip
    assert "(no code)" in result.err.splitlines()[0]  # what goes where, before anything goes
    assert GITHUB_TOKEN not in result.out + result.err


def test_a_second_sync_says_already_stored_and_pays_nothing(line: CommandLine, server: FaultyServer) -> None:
    first = line(*SYNC, "--json").json
    paid, hydrated = server.count("messages"), server.count("hydrate")
    second = line(*SYNC)
    assert second.code == 0
    assert "already stored" in second.out
    assert (server.count("messages"), server.count("hydrate")) == (paid, hydrated)
    assert len(line("evidence", "list", "--limit", "1000", "--json").json) == first["result"]["found"]


def test_a_dry_run_stores_nothing_and_shows_the_plan(line: CommandLine, server: FaultyServer) -> None:
    result = line(*SYNC, "--dry-run")
    assert result.code == 0
    assert "acme/web" in result.out
    assert server.count("messages") == 0
    assert line("evidence", "list", "--json").json == []


def test_a_repository_that_was_left_out_is_named_and_the_exit_code_is_1(
    line: CommandLine, server: FaultyServer
) -> None:
    result = line("sync", "acme/no-such", *SYNC[1:])
    assert result.code == 1
    assert result.out.startswith("◐ partly · job 1: ")
    assert "Left out: acme/no-such (acme/no-such was not found" in result.out
    assert "◐ partly" in line("jobs", "list").out
    assert line("jobs", "wait", "1").code == 1
    shown = line("jobs", "show", "1", "--json").json
    assert (shown["status"], shown["result"]["success"]) == ("COMPLETED", False)
    assert [item["what"] for item in shown["result"]["leftOut"]] == ["acme/no-such"]


def test_nothing_of_the_person_says_what_to_check(line: CommandLine, server: FaultyServer) -> None:
    result = line("sync", "acme/web", "--since", "2019-01-01", "--until", "2019-02-01", "--no-analyse")
    assert result.code == 0
    assert "acme/web has 0 merged pull requests in these days, none with robin-demo" in result.out
    assert "Check the days, the login of the token, and its permission" in result.out


def test_no_wait_only_queues_and_work_once_runs_it(line: CommandLine, server: FaultyServer) -> None:
    queued = line(*SYNC, "--no-wait", "--json")
    assert queued.code == 0
    assert queued.json["status"] == "PENDING"
    assert server.requests == []
    worked = line("work", "--once", "--json")
    assert worked.code == 0
    assert worked.json == {
        "success": True,
        "message": "Processed 1 job successfully, 0 failed",
        "processed": 1,
        "failed": 0,
        "jobs": [{"id": queued.json["id"], "type": "GITHUB_SYNC", "status": "COMPLETED"}],
    }
    assert "#1 " in worked.err
    assert line("work", "--once", "--json").json["processed"] == 0


def test_work_once_says_when_a_job_failed(line: CommandLine, server: FaultyServer) -> None:
    server.github_tokens.clear()
    line(*SYNC, "--no-wait")
    worked = line("work", "--once", "--json")
    assert worked.code == 1
    assert (worked.json["success"], worked.json["failed"]) == (False, 1)


def test_a_refused_token_fails_the_job_after_one_call(line: CommandLine, server: FaultyServer) -> None:
    server.github_tokens.clear()
    result = line(*SYNC)
    assert result.code == 1
    assert "failed" in result.out
    assert [each.path for each in server.requests if each.service == "github"] == ["/user"]


def test_settings_come_from_a_file_and_options_win(line: CommandLine, server: FaultyServer, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"repositories": ["acme/web"], "startDate": "2026-10-01", "analyse": False}))
    result = line("sync", "--config", str(path), "--since", "2026-11-01", "--until", "2026-11-19", "--json")
    assert result.code == 0
    assert result.json["config"]["startDate"] == "2026-11-01"
    assert result.json["config"]["analyse"] is False
    assert server.count("messages") == 0


def test_a_finished_jobs_own_settings_can_be_used_again(
    line: CommandLine, server: FaultyServer, tmp_path: Path
) -> None:
    path = tmp_path / "again.json"
    path.write_text(json.dumps(line(*SYNC, "--no-analyse", "--json").json["config"]))
    assert line("sync", "--config", str(path)).code == 0


def test_a_token_in_the_file_is_used_and_stored_nowhere(
    line: CommandLine, server: FaultyServer, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    token = "ghp_only_in_the_file_1234567890"
    server.github_tokens = {token}
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"repositories": ["acme/web"], "githubToken": token, "analyse": False}))
    result = line("sync", "--config", str(path), "--json")
    assert result.code == 0
    assert token not in result.out + result.err
    for file in own_home.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


def test_a_token_in_the_file_cannot_go_to_another_worker(
    line: CommandLine, server: FaultyServer, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"repositories": ["acme/web"], "githubToken": "ghp_x1234567890"}))
    result = line("sync", "--config", str(path), "--no-wait")
    assert result.code == 2
    assert "omit --no-wait" in result.err
    assert "ghp_x" not in result.err
    assert stored_jobs(own_home) == 0


def test_ctrl_c_keeps_the_job_and_says_how_to_go_on(line: CommandLine, server: FaultyServer) -> None:
    gate = server.faults.hang("messages", after=1)

    def interrupt() -> None:
        gate.wait()
        os.kill(os.getpid(), signal.SIGINT)

    with meanwhile(interrupt):
        stopped = line(*SYNC, "--json")
    gate.release()
    assert stopped.code == 130
    assert stopped.json["status"] == "PENDING"
    assert "devtrail-tui work --job 1" in stopped.err
    before = len(line("evidence", "list", "--limit", "1000", "--json").json)
    assert before >= 1

    finished = line("work", "--job", "1", "--json")
    assert (finished.code, finished.json["status"]) == (0, "COMPLETED")
    assert len(line("evidence", "list", "--limit", "1000", "--json").json) == finished.json["result"]["found"]


def test_sigterm_stops_a_worker_in_good_order(line: CommandLine, server: FaultyServer) -> None:
    line(*SYNC, "--no-wait")
    gate = server.faults.hang("messages")

    def terminate() -> None:
        gate.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    with meanwhile(terminate):
        stopped = line("work", "--json")
    gate.release()
    assert stopped.code == 130
    assert stopped.json["jobs"] == [{"id": 1, "type": "GITHUB_SYNC", "status": "PENDING"}]


def test_a_cancel_from_elsewhere_ends_the_command_with_3(line: CommandLine, server: FaultyServer) -> None:
    gate = server.faults.hang("messages")

    def cancel() -> None:
        gate.wait()
        services = other_program()
        services.queue.cancel(1).result()
        services.close()

    with meanwhile(cancel):
        result = line(*SYNC)
    gate.release()
    assert result.code == 3
    assert "cancelled" in result.out


def test_a_job_another_worker_has_is_followed(line: CommandLine, server: FaultyServer) -> None:
    line(*SYNC, "--no-analyse", "--no-wait")
    with another_worker(server) as gate, meanwhile(gate.release):
        result = line("work", "--job", "1", "--json")
    assert (result.code, result.json["status"]) == (0, "COMPLETED")


def test_ctrl_c_leaves_a_job_that_another_worker_has(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PressedAtOnce(Interruption):
        def __enter__(self) -> Interruption:
            entered = super().__enter__()
            os.kill(os.getpid(), signal.SIGINT)
            return entered

    monkeypatch.setattr("devtrail_tui.cli.run.Interruption", PressedAtOnce)
    line(*SYNC, "--no-analyse", "--no-wait")
    with another_worker(server):
        result = line("jobs", "wait", "1", "--json")
        assert (result.code, result.json["status"]) == (130, "RUNNING")
        assert "continues in another worker" in result.err
        assert line("jobs", "show", "1", "--json").json["status"] == "RUNNING"


def test_a_job_whose_token_is_gone_is_kept_and_says_so(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    line(*SYNC, "--no-wait")
    monkeypatch.delenv("GITHUB_TOKEN")
    result = line("work", "--job", "1")
    assert result.code == 2
    assert "GITHUB_TOKEN" in result.err
    assert line("jobs", "show", "1", "--json").json["status"] == "PENDING"


def test_a_retry_is_waited_for_and_made(
    line: CommandLine, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtrail_tui.clients.github.calls._BASE_S", 0.05)
    server.faults.next("viewer", Fault.bad_gateway(502), times=2)
    server.faults.next("user", Fault.bad_gateway(502), times=2)
    assert line(*SYNC, "--no-analyse").code == 0


@pytest.mark.usefixtures("processes")
def test_a_closed_terminal_gives_the_job_back(line: CommandLine, server: FaultyServer) -> None:
    gate = server.faults.hang("messages", after=1)
    terminal = Terminal([sys.executable, "-m", "devtrail_tui", *SYNC], os.environ)
    gate.wait(60)
    assert terminal.hang_up() < 3
    gate.release()
    terminal.close()
    job = line("jobs", "show", "1", "--json").json
    assert job["status"] == "PENDING"
    assert "Stopped" in job["logs"][-1]["message"]


@pytest.mark.usefixtures("processes")
def test_a_reader_of_stderr_that_leaves_loses_no_job(line: CommandLine, server: FaultyServer) -> None:
    gate = server.faults.hang("messages", times=1_000)
    command = [sys.executable, "-m", "devtrail_tui", *SYNC]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"(no code)" in process.stderr.readline()
        process.stderr.close()
        assert process.wait(60) == 0
    gate.release()
    assert [job["status"] for job in line("jobs", "list", "--json").json] == ["PENDING"]
