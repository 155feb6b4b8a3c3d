"""Promise 1: no job lost, no evidence twice. Two workers, one of them the app, are killed at random moments during syncs."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devtrail_tui.demo import DemoServer, Latency, Scale, build_world
from devtrail_tui.store.job_queue import POISON_CRASHES
from tests.faults.invariants import assert_nothing_lost_nothing_twice, expected_evidence
from tests.faults.processes import Site, WorkerProcess, slices

LONGEST_PEACE_S = 1.0
"""Kills come at most so far apart: two workers live about twice as long each, which is time to start, claim and save a little."""
REST_S = 600.0
"""How long what is left of the work may take once nobody is killed any more."""


def kill_at_random(site: Site, *, kills: int, jobs: int, rng: random.Random) -> None:
    """Kill and start again; then let the work end, and look."""
    launched = [site.sync(since=since, until=until).id for since, until in slices(site.server, jobs)]
    starts: list[Callable[[], WorkerProcess]] = [site.app, site.headless]
    workers = [start() for start in starts]
    running_when_killed = 0
    for number in range(kills):
        threading.Event().wait(rng.uniform(0, LONGEST_PEACE_S))
        victim = number % 2 if rng.random() < 0.5 else rng.randrange(2)
        wait_until_nothing_is_nearly_poison(site)
        assert workers[victim].alive
        running_when_killed += runs_a_job(site, workers[victim])
        workers[victim].kill()
        workers[victim] = starts[victim]()
    site.wait_for_status("COMPLETED", *launched, seconds=REST_S)
    assert_nothing_lost_nothing_twice(site, launched, expected_evidence(site.server.world))
    ((lost,),) = site.rows("SELECT count(*) FROM job_attempts WHERE outcome = 'lost'")
    assert lost >= running_when_killed / 2, "the kills did not meet running jobs"
    ((entries,),) = site.rows("SELECT count(*) FROM evidence_entries")
    ((lines,),) = site.rows("SELECT count(*) FROM job_logs")
    print(f"{kills} kills, {lost} of them took a running job; {jobs} jobs, {entries} entries, {lines} log lines")


def wait_until_nothing_is_nearly_poison(site: Site) -> None:
    """A job that was killed twice before it saved anything would rightly be given up at the third time (promise 7)."""
    nearly = "SELECT id FROM jobs WHERE status IN ('PENDING', 'RUNNING') AND crashes >= :many"
    site.wait_until(lambda: not site.rows(nearly, many=POISON_CRASHES - 1), "a save by the job that crashed twice")


def runs_a_job(site: Site, worker: WorkerProcess) -> bool:
    """Whether it owns a job now."""
    owned = "SELECT 1 FROM jobs JOIN workers ON workers.id = worker_id WHERE pid = :pid AND status = 'RUNNING'"
    return bool(site.rows(owned, pid=worker.pid))


def test_killed_at_random(site: Site, server: DemoServer) -> None:
    server.latency = Latency(github=0.01, claude=0.2)
    kill_at_random(site, kills=6, jobs=8, rng=random.Random(1))


@pytest.fixture(scope="module")
def much_work() -> Iterator[DemoServer]:
    """Enough pull requests for 200 kills to meet running syncs."""
    with DemoServer(build_world(datetime.now(UTC).date(), scale=Scale(merged=3000, mine=800))) as server:
        server.limits.graphql.limit = server.limits.core.limit = 1_000_000
        server.latency = Latency(github=0.02, claude=0.4)
        yield server


@pytest.mark.full
def test_killed_two_hundred_times(much_work: DemoServer, tmp_path: Path) -> None:
    site = Site(much_work, tmp_path)
    try:
        kill_at_random(site, kills=200, jobs=70, rng=random.Random(200))
    finally:
        site.close()
