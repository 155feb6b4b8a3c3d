"""Promise 11: clocks lie. Workers on machines whose clocks differ, and one whose clock is set back before it dies."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devtrail_tui.core.job import Status
from devtrail_tui.demo.latency import Latency
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_nothing_lost_nothing_twice, assert_sound, expected_evidence
from tests.faults.processes import Site, slices
from tests.faults.worker_processes import HeadlessWorker

SKEWS_S = (-30, 0, 30)
LEASE_S = 1.0
BOUND_S = 2 * LEASE_S
SLACK_S = 2.0
"""What a busy test machine may add: four processes and whatever else runs share its cores."""
HOUR_S = 3600
MANY = 10
"""From so many kills on, everything is synced, and some must have met running jobs."""


class Machine:
    """A worker that seems to run on a machine of its own, with a clock of its own."""

    def __init__(self, site: Site, folder: Path, name: str, ahead_s: float) -> None:
        self._site = site
        self._name = name
        self._file = folder / f"{name}-is-ahead-by"
        self.set_clock(ahead_s)
        self.worker = self.start()

    def set_clock(self, ahead_s: float) -> None:
        """Be so many seconds ahead from now on."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(ahead_s))
        fresh.replace(self._file)

    def runs_a_job(self) -> bool:
        """Whether its worker owns a job now."""
        owned = "SELECT 1 FROM jobs WHERE status = 'RUNNING' AND worker_id LIKE :host || '%'"
        return bool(self._site.rows(owned, host=self._name))

    def start(self) -> HeadlessWorker:
        """The worker, or another one after it was killed."""
        launcher = (sys.executable, "-m", "tests.faults.skewed_clock", "--host", self._name)
        self.worker = self._site.headless("--offset", str(self._file), "work", launcher=launcher)
        return self.worker


@pytest.fixture
def holding_site(open_site: Callable[..., Site]) -> Site:
    """A site that knows the job which waits until somebody ends it."""
    return open_site(job_types=("HOLD",))


@pytest.mark.parametrize("kills", [1, pytest.param(40, marks=pytest.mark.full)])
def test_skewed_workers_lose_nothing(site: Site, server: FaultyServer, tmp_path: Path, kills: int) -> None:
    """Three machines whose clocks are up to a minute apart share the jobs; some are killed. With leases of a second, each
    would find every lease of another ages old, or ages ahead."""
    rng, full = random.Random(kills), kills >= MANY
    server.latency = Latency(github=0.02 if full else 0.1, claude=0.4)
    repositories = () if full else ("acme/web",)
    days = slices(server, 3 + kills)
    jobs = [site.sync(*repositories, since=since, until=until, analyse=full).id for since, until in days]
    machines = [Machine(site, tmp_path, f"machine{ahead:+}", ahead) for ahead in SKEWS_S]
    for machine in machines:
        machine.worker.worker_id()
    for _ in range(kills):
        threading.Event().wait(rng.uniform(0, 1.0))
        victim = next((each for each in machines if each.runs_a_job()), rng.choice(machines))
        site.kill_fairly(victim.worker)
        victim.start()
    site.wait_for_status("COMPLETED", *jobs, seconds=300)
    assert_nothing_lost_nothing_twice(site, jobs, expected_evidence(server.world, *repositories), analysed=full)
    ((lost,),) = site.rows("SELECT count(*) FROM job_attempts WHERE outcome = 'lost'")
    print(f"{kills} kills, {lost} claims lost")
    assert lost <= kills, "no healthy worker lost a job to a clock"
    assert lost >= kills / 4 or kills < MANY, "the kills did not meet running jobs"


@pytest.mark.parametrize("beats", [3, pytest.param(30, marks=pytest.mark.full)])
def test_a_healthy_job_is_left_to_its_owner(holding_site: Site, tmp_path: Path, beats: int) -> None:
    """The owner is far behind the others: by their clocks its lease has run out before it begins."""
    site, rng = holding_site, random.Random(beats)
    job = site.enqueue("HOLD")
    owner = Machine(site, tmp_path, "behind", -30)
    site.wait_until(lambda: site.job(job.id).status is Status.RUNNING, "the job to run")
    others = [Machine(site, tmp_path, f"other{ahead:+}", ahead) for ahead in (0, 30)]
    for other in others:
        other.worker.worker_id()
    for _ in range(beats):
        lease = site.job(job.id).lease_expires_at
        site.wait_until(lambda lease=lease: site.job(job.id).lease_expires_at != lease, "a heartbeat")  # type: ignore[misc]  # bound now
        owner.set_clock(rng.choice((-30, 30, HOUR_S, -HOUR_S)))
    found = site.job(job.id)
    assert (found.status, found.claim_no, found.worker_id) == (Status.RUNNING, 1, owner.worker.worker_id())


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.full)])
def test_a_clock_set_back_an_hour_and_a_kill(holding_site: Site, tmp_path: Path, rounds: int) -> None:
    """The dead owner's lease ends in an hour by every clock that is left, and the job was put into the queue in an hour's
    time; still nobody waits longer than two leases."""
    site, took = holding_site, []
    for number in range(rounds):
        first, second = (Machine(site, tmp_path, f"m{number}-{name}", 0) for name in ("first", "second"))
        for machine in (first, second):
            machine.worker.worker_id()
        job = site.enqueue("HOLD")
        site.wait_until(lambda job=job: site.job(job.id).status is Status.RUNNING, "the job to run")  # type: ignore[misc]  # bound now
        holder = site.job(job.id).worker_id
        owner, other = (first, second) if first.worker.worker_id() == holder else (second, first)
        other.set_clock(-HOUR_S)
        owner.worker.kill()
        began = time.monotonic()
        site.wait_until(lambda job=job: site.job(job.id).claim_no == 2, "somebody to take the job")  # type: ignore[misc]  # bound now
        took.append(time.monotonic() - began)
        site.services.queue.cancel(job.id).result()
        site.wait_for_status("CANCELLED", job.id)
        other.worker.kill()
    print(f"{rounds} jumps: taken up again after {min(took):.2f} to {max(took):.2f} s")
    assert max(took) <= BOUND_S + SLACK_S
    assert_sound(site)


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.full)])
def test_a_worker_an_hour_behind_takes_what_is_meant_for_now(holding_site: Site, tmp_path: Path, rounds: int) -> None:
    site, took = holding_site, []
    machine = Machine(site, tmp_path, "behind", -HOUR_S)
    machine.worker.worker_id()
    for _ in range(rounds):
        job = site.enqueue("HOLD")
        took.append(site.wait_until(lambda job=job: site.job(job.id).claim_no == 1, "the job to be taken"))  # type: ignore[misc]  # bound now
        site.services.queue.cancel(job.id).result()
        site.wait_for_status("CANCELLED", job.id)
    print(f"{rounds} jobs put into the queue an hour ahead: taken after {max(took):.2f} s at most")
    assert max(took) <= BOUND_S + SLACK_S
