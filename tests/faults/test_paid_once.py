"""Every distinct request to Claude is paid once, however many jobs and processes want its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from devtrail_tui.clients.claude.request import request_key
from devtrail_tui.core.errors import AlreadyQueued
from devtrail_tui.demo.latency import Latency
from tests.doubles.server import FaultyServer
from tests.faults.processes import Site, first_day
from tests.faults.worker_processes import HeadlessWorker

REPOSITORY = "acme/api"
CLAUDE_CONCURRENCY = 4
"""Calls that may be under way, and are paid again, when a process dies."""


@pytest.fixture(autouse=True)
def slow_claude(server: FaultyServer) -> None:
    server.latency = Latency(claude=0.7)


def paid(server: FaultyServer) -> tuple[int, int]:
    """How many calls were made, and how many different ones."""
    calls = [request_key(each.json) for each in server.requests if "messages" in each.routes]
    return len(calls), len(set(calls))


def days(server: FaultyServer, later: int = 0) -> Sequence[str]:
    """Options for all days of the data, from some days later on."""
    return ("--since", (first_day(server) + timedelta(days=later)).isoformat())


def wait_for_calls(server: FaultyServer, site: Site, count: int) -> None:
    site.wait_until(lambda: server.count("messages") >= count, f"{count} calls to Claude")


def judged(site: Site) -> int:
    """Entries that were judged; the data holds one that Claude gives no usable answer for."""
    ((count,),) = site.rows("SELECT count(*) FROM evidence_entries WHERE judged_by IS NOT NULL")
    return int(count)


def dollars(site: Site) -> tuple[float, float]:
    """What the jobs say they spent, and what the ledger knows: known cost and uncertain cost."""
    ((spent,),) = site.rows("SELECT sum(spent_usd) FROM jobs")
    ((cost, uncertain),) = site.rows("SELECT sum(cost_usd), sum(uncertain_usd) FROM analyses")
    return round(spent, 6), round(cost + uncertain, 6)


def test_a_second_launch_follows_the_first(site: Site, server: FaultyServer) -> None:
    first = site.headless("sync", REPOSITORY, *days(server), "--json")
    wait_for_calls(server, site, 1)
    again = site.headless("sync", REPOSITORY.upper().replace("ACME", "Acme"), *days(server), "--budget", "3", "--json")
    queued = site.headless("sync", REPOSITORY, *days(server), "--no-wait", "--context", "staff engineer")
    assert [each.wait() for each in (queued, first, again)] == [0, 0, 0], site.said_by(again)
    assert "Already queued as job 1, budget $5" in site.said_by(again)
    assert "Already queued as job 1, budget $5" in site.said_by(queued)
    assert '"status": "COMPLETED"' in site.said_by(again)
    assert site.rows("SELECT count(*) FROM jobs") == [(1,)]
    assert_paid_once(site, server)


@pytest.mark.full
def test_a_second_launch_runs_the_job_that_no_worker_runs(site: Site, server: FaultyServer) -> None:
    server.latency = Latency()
    queued = site.headless("sync", REPOSITORY, *days(server), "--no-wait")
    assert queued.wait() == 0
    again = site.headless("sync", REPOSITORY, *days(server))
    assert again.wait() == 0, site.said_by(again)
    assert "Already queued as job 1" in site.said_by(again)
    assert site.job(1).status == "COMPLETED"


@pytest.mark.full
def test_a_second_launch_goes_on_where_the_first_was_killed(site: Site, server: FaultyServer) -> None:
    first = site.headless("sync", REPOSITORY, *days(server))
    wait_for_calls(server, site, 2)
    again = site.headless("sync", REPOSITORY, *days(server))
    site.wait_until(lambda: "Already queued as job 1" in site.said_by(again), "the second to follow the first")
    first.kill()
    assert again.wait() == 0, site.said_by(again)
    assert site.job(1).status == "COMPLETED"
    calls, different = paid(server)
    assert different <= calls <= different + CLAUDE_CONCURRENCY + len(useless_keys(site))


@pytest.mark.parametrize(
    "different",
    [
        {"dryRun": True},
        {"model": "claude-haiku-5-5"},
        {"maxPullRequests": 3},
        {"analyse": False},
        {"rejudge": True},
        {"endDate": "2026-01-31"},
        {"githubToken": "another-token-for-this-job-only"},
    ],
)
def test_a_launch_that_differs_is_another_job(site: Site, different: Mapping[str, Any]) -> None:
    first = site.sync(REPOSITORY)
    assert site.sync(REPOSITORY, **different).id != first.id


@pytest.mark.parametrize("same", [{"budgetUsd": 1}, {"userContext": "staff engineer"}])
def test_budget_and_context_make_no_other_job(site: Site, same: Mapping[str, Any]) -> None:
    first = site.sync("acme/api", "acme/web")
    with pytest.raises(AlreadyQueued, match=rf"^Already queued as job {first.id}, budget \$5\b") as refused:
        site.sync("ACME/web", "acme/API", **same)
    assert refused.value.job_id == first.id


def both_end(*processes: HeadlessWorker) -> list[int]:
    return [each.wait() for each in processes]


def useless_keys(site: Site) -> set[str]:
    """The requests with an answer that could not be used."""
    return {str(key).partition("#")[0] for (key,) in site.rows("SELECT key FROM analyses WHERE key LIKE '%#%'")}


def assert_paid_once(site: Site, server: FaultyServer) -> None:
    """No request was sent twice, but those whose answer could not be used, which a later job may send once more."""
    keys = [request_key(each.json) for each in server.requests if "messages" in each.routes]
    assert {key for key in keys if keys.count(key) > 1} <= useless_keys(site)
    assert len(set(keys)) > 10


def test_overlapping_syncs_of_two_processes_pay_once(site: Site, server: FaultyServer) -> None:
    first = site.headless("sync", REPOSITORY, *days(server))
    second = site.headless("sync", REPOSITORY, *days(server, later=1))
    assert both_end(first, second) == [0, 0]
    _, different = paid(server)
    assert_paid_once(site, server)
    assert judged(site) == different
    spent, ledger = dollars(site)
    assert spent == ledger > 0


@pytest.mark.full
def test_overlapping_jobs_of_one_worker_pay_once(open_site: Callable[..., Site], server: FaultyServer) -> None:
    site = open_site(concurrency=4)
    since = first_day(server)
    for later in range(4):
        site.sync(REPOSITORY, since=since + timedelta(days=later))
    work = site.headless("work", "--once", "--json")
    assert work.wait() == 0, site.said_by(work)
    assert json.loads(site.said_by(work)[site.said_by(work).index("{\n") :])["failed"] == 0
    assert_paid_once(site, server)


@pytest.mark.full
def test_the_app_and_a_process_pay_once(site: Site, server: FaultyServer) -> None:
    job = site.sync(REPOSITORY)
    site.app()
    wait_for_calls(server, site, 1)
    command = site.headless("sync", REPOSITORY, *days(server, later=1))
    assert command.wait() == 0, site.said_by(command)
    site.wait_for_status("COMPLETED", job.id)
    assert_paid_once(site, server)


@pytest.mark.parametrize("killed_after", [2, pytest.param(9, marks=pytest.mark.full)])
def test_a_kill_adds_its_calls_under_way(site: Site, server: FaultyServer, killed_after: int) -> None:
    """The other process takes the freed requests over; the killed job goes on in it and pays for nothing that is stored."""
    first = site.headless("sync", REPOSITORY, *days(server))
    second = site.headless("sync", REPOSITORY, *days(server, later=1))
    wait_for_calls(server, site, killed_after)
    first.kill()
    assert second.wait() == 0, site.said_by(second)
    last = site.headless("work", "--once")
    assert last.wait() == 0, site.said_by(last)
    site.wait_for_status("COMPLETED", 1, 2)
    calls, different = paid(server)
    assert different <= calls <= different + CLAUDE_CONCURRENCY + len(useless_keys(site))
    assert judged(site) == different
    spent, ledger = dollars(site)
    assert spent == ledger


def test_a_cancelled_job_frees_its_requests(site: Site, server: FaultyServer) -> None:
    server.latency = Latency()
    gate = server.faults.hang("messages", times=CLAUDE_CONCURRENCY, after=1)  # the first call is sent alone
    first = site.headless("sync", REPOSITORY, *days(server))
    wait_for_calls(server, site, CLAUDE_CONCURRENCY + 1)
    second = site.headless("sync", REPOSITORY, *days(server, later=1))
    site.wait_until(lambda: "Another job sends the same requests" in site.said_by(second), "the second to wait")
    assert site.headless("jobs", "cancel", "1").wait() == 0
    assert first.wait() == 3
    gate.release()
    assert second.wait() == 0, site.said_by(second)
    ((uncertain, open_calls),) = site.rows("SELECT sum(uncertain_usd), count(call_job_id) FROM analyses")
    assert uncertain > 0
    assert open_calls == 0
    spent, ledger = dollars(site)
    assert spent == ledger
