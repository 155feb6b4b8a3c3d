"""Nothing hangs without a word: commands that wait for a job of a killed process, or for a service that is down."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from devtrail_tui.core.job import Job, Status
from tests.doubles.faults import Fault
from tests.faults.processes import Site
from tests.faults.worker_processes import PATIENCE_S
from tests.house.program import PROGRAM

RESCUE_BOUND_S = 2.0
SLACK_S = 5.0
"""What a program's start on a busy machine adds."""


def orphan(site: Site) -> tuple[Job, datetime]:
    """A sync whose worker was killed in the middle, and when."""
    gate = site.server.faults.hang("hydrate")
    job = site.sync("acme/web")
    worker = site.headless()
    gate.wait(PATIENCE_S)
    worker.kill()
    site.server.faults.clear()
    assert site.job(job.id).status is Status.RUNNING
    return job, datetime.now(UTC)


def run(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], env=site.environ, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


@pytest.mark.parametrize("command", ["work", "sync"])
def test_a_command_that_runs_jobs_takes_up_an_orphan(command: str, open_site: Callable[..., Site]) -> None:
    site = open_site(lease_s=30, heartbeat_s=10)
    job, killed_at = orphan(site)
    since = job.config["startDate"]
    arguments = ("work", "--job", str(job.id)) if command == "work" else ("sync", "acme/web", "--since", since)
    done = run(site, *arguments)
    assert done.returncode == 0, done.stderr
    assert site.job(job.id).status is Status.COMPLETED
    assert site.attempts(job.id)[1].started_at - killed_at < timedelta(seconds=RESCUE_BOUND_S + SLACK_S)


@pytest.mark.parametrize("arguments", [("jobs", "wait"), ("logs", "-f")])
def test_a_command_that_waits_rescues_an_orphan_and_says_that_nobody_runs_it(
    arguments: tuple[str, ...], open_site: Callable[..., Site]
) -> None:
    site = open_site(lease_s=30, heartbeat_s=10)
    job, _ = orphan(site)
    waiting = site.headless(*arguments, str(job.id))
    site.wait_until(lambda: "No worker is running" in site.said_by(waiting), "the command to say who could run it")
    assert site.job(job.id).status is Status.PENDING
    assert f"devtrail-tui work --job {job.id}" in site.said_by(waiting)
    assert run(site, "work", "--once").returncode == 0
    assert waiting.wait() == 0


def test_a_cancel_ends_an_orphan(open_site: Callable[..., Site]) -> None:
    site = open_site(lease_s=30, heartbeat_s=10)
    job, _ = orphan(site)
    done = run(site, "jobs", "cancel", str(job.id))
    assert (done.returncode, done.stdout) == (0, f"Job {job.id} is cancelled.\n")
    assert site.job(job.id).status is Status.CANCELLED


def test_a_job_of_a_clock_an_hour_ahead_runs(open_site: Callable[..., Site]) -> None:
    site = open_site()
    job = site.sync("acme/web")
    site.write(
        "UPDATE jobs SET run_at = run_at + 3600000000, created_at = run_at + 3600000000, updated_at = run_at + 3600000000"
    )
    assert run(site, "work", "--job", str(job.id)).returncode == 0
    assert site.job(job.id).status is Status.COMPLETED


@pytest.mark.parametrize(
    ("route", "fault"),
    [("user", Fault.close()), ("search", Fault.bad_gateway(502)), ("hydrate", Fault.status(503, {}))],
)
def test_an_outage_is_waited_out_without_spending_a_try(
    route: str, fault: Fault, open_site: Callable[..., Site]
) -> None:
    site = open_site()
    site.server.faults.always(route, fault)
    job = site.sync("acme/web")
    done = run(site, "work", "--once", "--json")
    assert done.returncode == 1, done.stdout
    answer = json.loads(done.stdout)
    assert (answer["success"], answer["processed"], answer["failed"]) == (False, 0, 0)
    assert answer["jobs"] == [{"id": job.id, "type": "GITHUB_SYNC", "status": "PENDING"}]
    assert f"1 could not run: job {job.id}: " in answer["message"]
    waiting = site.job(job.id)
    assert (waiting.status, waiting.attempt) == (Status.PENDING, 0)
    assert waiting.run_at > waiting.updated_at
    shown = run(site, "jobs", "show", str(job.id)).stdout
    assert "Waits for" in shown
    site.server.faults.clear()
    assert run(site, "work", "--job", str(job.id)).returncode == 0
    assert site.job(job.id).status is Status.COMPLETED


def test_a_sync_waits_for_a_service_that_is_down_and_says_how_to_leave(open_site: Callable[..., Site]) -> None:
    site = open_site()
    site.server.faults.always("user", Fault.close())
    sync = site.headless("sync", "acme/web")
    site.wait_until(lambda: "Ctrl+C stops waiting" in site.said_by(sync), "the command to say how to leave")
    assert "; waiting until" in site.said_by(sync)
    site.server.faults.clear()
    assert sync.wait() == 0


def test_an_outage_that_lasts_longer_than_the_longest_wait_fails_the_job(open_site: Callable[..., Site]) -> None:
    site = open_site()
    site.server.faults.always("user", Fault.close())
    done = run(site, "sync", "acme/web", "--max-wait", "0s")
    assert done.returncode == 1
    assert "Given up after 0 s of waiting; retry the job when it is back." in done.stdout
    assert run(site, "sync", "acme/web", "--max-wait", "soon").returncode == 2


@pytest.mark.parametrize("reader", ["closed", "full"])
def test_a_result_that_nobody_can_read_is_no_success(reader: str, open_site: Callable[..., Site]) -> None:
    site = open_site()
    gate = site.server.faults.hang("hydrate") if reader == "closed" else None
    command = [PROGRAM, "sync", "acme/web", "--json"]
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        process = subprocess.Popen(
            command,
            env=site.environ,
            stdout=subprocess.PIPE if gate else full,
            stderr=subprocess.PIPE,
            text=True,
        )
    if gate:
        gate.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE_S) == 1
    status = site.job(1).status
    if gate:
        assert "The reader of stdout has gone" in said
        assert status is Status.PENDING
    else:
        assert "stdout cannot be written" in said
        assert status is Status.COMPLETED


def test_a_worker_whose_job_was_deleted_meanwhile_ends_cleanly(open_site: Callable[..., Site]) -> None:
    site = open_site()
    first = site.sync("acme/web")
    second = site.sync("acme/api")
    gate = site.server.faults.hang("hydrate", after=2)
    worker = site.headless("work", "--once", "--json")
    site.wait_for_status("COMPLETED", first.id)
    assert run(site, "jobs", "delete", str(first.id)).returncode == 0
    gate.release()
    assert worker.wait() == 0, site.said_by(worker)
    site.wait_for_status("COMPLETED", second.id)


@pytest.mark.parametrize("foreign", ["type", "setting"])
def test_a_job_of_a_newer_version_is_left_alone(foreign: str, open_site: Callable[..., Site]) -> None:
    site = open_site()
    job = site.sync("acme/web")
    if foreign == "type":
        site.write("UPDATE jobs SET type = 'PODCAST'")
    else:
        site.write("UPDATE jobs SET config = json_set(config, '$.telepathy', 1)")
    done = run(site, "work", "--once", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["jobs"][0]["status"] == "PENDING"
    left = site.job(job.id)
    assert (left.status, left.claim_no) == (Status.PENDING, 0)
    word = "PODCAST" if foreign == "type" else "telepathy"
    assert word in run(site, "jobs", "show", str(job.id)).stdout


def test_a_job_without_its_token_says_so_once(open_site: Callable[..., Site]) -> None:
    site = open_site()
    job = site.sync("acme/web")
    del site.environ["GITHUB_TOKEN"]
    for _ in range(3):
        done = run(site, "work", "--once", "--json")
        assert done.returncode == 1
        assert json.loads(done.stdout)["success"] is False
        site.write("UPDATE jobs SET run_at = created_at")
    logged = run(site, "logs", str(job.id)).stdout
    assert logged.count("GITHUB_TOKEN") == 1, logged
