"""Promise 1: no job lost, no evidence twice. Two workers, one of them the app, are killed at random moments during syncs."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devtrail_tui.demo.dataset import Scale, build_world
from devtrail_tui.demo.latency import Latency
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_nothing_lost_nothing_twice, expected_evidence
from tests.faults.processes import Site, slices
from tests.faults.worker_processes import WorkerProcess

LONGEST_PEACE_S = 1.0
"""A worker is killed at most so long after it was seen at work."""
AT_WORK = 0.8
"""How often whoever is killed is at work; otherwise it may be starting, waiting, or between two jobs."""
REST_S = 600.0
"""How long what is left of the work may take once nobody is killed any more."""


class Pair:
    """Two workers on one site, the app and a headless one; who is killed is started again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._starts: list[Callable[[], WorkerProcess]] = [site.app, site.headless]
        self._workers = [start() for start in self._starts]

    def kill_one(self, rng: random.Random) -> None:
        """Kill the one that is at work, or, at times, either."""
        at_work = rng.random() < AT_WORK
        if at_work:
            self._site.wait_until(lambda: bool(self._owners()), "somebody to be at work")
        threading.Event().wait(rng.uniform(0, LONGEST_PEACE_S))
        victim = rng.choice((at_work and self._owners()) or [0, 1])
        assert self._workers[victim].alive
        self._site.kill_fairly(self._workers[victim])
        self._workers[victim] = self._starts[victim]()

    def _owners(self) -> list[int]:
        owners = "SELECT pid FROM jobs JOIN workers ON workers.id = worker_id WHERE status = 'RUNNING'"
        pids = {pid for (pid,) in self._site.rows(owners)}
        return [place for place, worker in enumerate(self._workers) if worker.pid in pids]


def kill_at_random(site: Site, *repositories: str, kills: int, jobs: int, rng: random.Random) -> None:
    """Kill and start again; then let the work end, and look."""
    days = slices(site.server, jobs)
    launched = [site.sync(*repositories, since=since, until=until).id for since, until in days]
    pair = Pair(site)
    for _ in range(kills):
        pair.kill_one(rng)
    site.wait_for_status("COMPLETED", *launched, seconds=REST_S)
    assert_nothing_lost_nothing_twice(site, launched, expected_evidence(site.server.world, *repositories))
    ((lost,),) = site.rows("SELECT count(*) FROM job_attempts WHERE outcome = 'lost'")
    ((entries,),) = site.rows("SELECT count(*) FROM evidence_entries")
    ((lines,),) = site.rows("SELECT count(*) FROM job_logs")
    print(f"{kills} kills, {lost} of them took a running job; {jobs} jobs, {entries} entries, {lines} log lines")
    assert lost >= kills / 2


def test_killed_at_random(site: Site, server: FaultyServer) -> None:
    server.latency = Latency(github=0.01, claude=0.5)
    kill_at_random(site, "acme/web", "acme/platform", kills=1, jobs=3, rng=random.Random(1))


@pytest.fixture(scope="module")
def much_work() -> Iterator[FaultyServer]:
    """Enough pull requests for 200 kills to meet running syncs."""
    world = build_world(datetime.now(UTC).date(), scale=Scale(merged=3000, involving_user=800))
    with FaultyServer(world).unlimited() as server:
        server.latency = Latency(github=0.02, claude=1.2)
        yield server


@pytest.mark.full
@pytest.mark.usefixtures("processes")
def test_killed_two_hundred_times(much_work: FaultyServer, tmp_path: Path) -> None:
    site = Site(much_work, tmp_path)
    try:
        kill_at_random(site, kills=200, jobs=70, rng=random.Random(200))
    finally:
        site.close()
