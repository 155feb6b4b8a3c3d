"""Promise 4: zombies are harmless. A worker is stopped past its lease, another finishes its job, and it goes on.

It writes nothing of that job any more, and lives to serve others.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from typing import Any

import pytest

from devtrail_tui.core.job import Job, Status
from devtrail_tui.demo.latency import Latency
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_finished_once, assert_nothing_lost_nothing_twice, expected_evidence
from tests.faults.processes import LAUNCHER, Site, slices
from tests.faults.worker_processes import WorkerProcess

LONGEST_WORK_S = 0.8
"""A worker is stopped at most so long after it began: a sync of these tests takes about that long."""
MOST_ROUNDS = 20
"""The server's days are dealt out to so many rounds: four or five pull requests each."""
WRITTEN_BY_A_JOB = {
    # What was spent is not here: an answer that arrives late was paid for all the same, and is counted.
    "jobs": "SELECT id, status, claim_no, attempt, crashes, progress, progress_detail, result, error, updated_at, completed_at,"
    " last_seq, worker_id FROM jobs WHERE id = :id",
    "attempts": "SELECT * FROM job_attempts WHERE job_id = :id",
    "log": "SELECT * FROM job_logs WHERE job_id = :id",
    "cursor": "SELECT * FROM sync_cursors WHERE job_id = :id",
    "evidence": "SELECT * FROM evidence_entries",
    "matches": "SELECT * FROM evidence_criteria",
}


class Duel:
    """Two workers; each round the `victim` is stopped while it works, the `rival` finishes the job, and the victim goes on."""

    def __init__(self, site: Site, victim: WorkerProcess, rival: WorkerProcess, rng: random.Random) -> None:
        self._site = site
        self._victim = victim
        self._rival = rival
        self._rng = rng
        self._victim_id = victim.worker_id()
        rival.worker_id()

    def round(self, since: date, until: date) -> Job:
        """Sync these days; the job as it ended. Fails where the victim wrote anything of it afterwards."""
        self._stop_without_the_lock(self._rival)
        job = self._site.sync(since=since, until=until)
        self._site.wait_for_status("RUNNING", job.id)
        threading.Event().wait(self._rng.uniform(0, LONGEST_WORK_S))
        self._stop_without_the_lock(self._victim)
        was_at_it = self._site.job(job.id).status is Status.RUNNING
        self._rival.go_on()
        self._site.wait_for_status("COMPLETED", job.id)
        before = self._written(job.id)
        self._victim.go_on()
        self._let_the_victim_work()
        assert self._written(job.id) == before
        assert_finished_once(self._site, job.id)
        done = self._site.job(job.id)
        assert done.claim_no == 1 + was_at_it
        return done

    def _let_the_victim_work(self) -> None:
        """A job that only the victim may run: once it is done, the victim has let go of the one it had."""
        own = self._site.enqueue("STEP", needs_worker=self._victim_id)
        self._site.wait_for_status("COMPLETED", own.id)

    def _stop_without_the_lock(self, worker: WorkerProcess) -> None:
        """A process that is stopped inside a transaction keeps everybody from writing; that is no zombie yet: try again."""
        worker.stop()
        while self._locked():
            worker.go_on()
            worker.stop()

    def _locked(self) -> bool:
        path = self._site.services.database.path
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
            return False

    def _written(self, job_id: int) -> Mapping[str, list[tuple[Any, ...]]]:
        return {
            name: self._site.rows(statement, **({"id": job_id} if ":id" in statement else {}))
            for name, statement in WRITTEN_BY_A_JOB.items()
        }


VICTIMS: Mapping[str, Callable[[Site], WorkerProcess]] = {
    "app": lambda site: site.app(),
    "headless": lambda site: site.headless(),
    "mute": lambda site: site.headless("--mute", "work", launcher=LAUNCHER),
}
"""The mute one has no heartbeat to tell it what it lost: the fence alone has to hold."""


@pytest.mark.parametrize(
    ("victim", "rounds"),
    [("mute", 1), *(pytest.param(victim, MOST_ROUNDS, marks=pytest.mark.full) for victim in VICTIMS)],
)
def test_a_worker_that_comes_back_too_late_writes_nothing(
    victim: str, rounds: int, open_site: Callable[..., Site], server: FaultyServer
) -> None:
    server.latency = Latency(github=0.02, claude=0.3)
    site = open_site(job_types=["STEP"])
    duel = Duel(site, VICTIMS[victim](site), site.headless(), random.Random(victim))
    days = slices(server, MOST_ROUNDS)[:rounds]
    done = [duel.round(since, until) for since, until in days]
    taken_over = sum(job.claim_no > 1 for job in done)
    print(f"{rounds} rounds with {victim}: {taken_over} jobs taken over, 0 stale writes")
    assert taken_over >= rounds / 2
    everything = expected_evidence(server.world, since=days[0][0], until=days[-1][1])
    assert_nothing_lost_nothing_twice(site, [job.id for job in done], everything)
