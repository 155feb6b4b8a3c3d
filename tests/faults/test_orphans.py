"""Promises 3 and 7: what a dead worker left is taken up again soon; a job that kills its workers is given up, others are not."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import pytest

from devtrail_tui.core.job import Status
from devtrail_tui.store.queue import POISON_CRASHES
from tests.faults.invariants import assert_finished_once, assert_sound
from tests.faults.launcher import DIED
from tests.faults.processes import LAUNCHER, Site
from tests.faults.worker_processes import HeadlessWorker

LEASE_S = 1.0
SAME_HOST_BOUND_S = 2.0
OTHER_HOST_BOUND_S = 1.5 * LEASE_S
FIRST_DETAILS = "4"
"""Which of GitHub's answers to a sync of one small repository holds pull requests: after login, repository and search."""
SLACK_S = 1.0
"""What a busy test machine may add: three processes and whatever else runs share its cores."""


def kill_owners(site: Site, kills: int, rng: random.Random, *, host: str | None) -> list[float]:
    """Kill whoever holds the job, again and again; the seconds until somebody else had it, each time.

    Two workers: one holds the job, the other waits. With `host`, both seem to run on other machines, each on its own.
    """
    job = site.enqueue("HOLD")
    places = [f"{host}-{number}" for number in (1, 2)] if host else ["", ""]
    workers = {place: start(site, place) for place in places} if host else None
    waiting = list(workers.values()) if workers else [start(site, ""), start(site, "")]
    by_id = {worker.worker_id(): (worker, place) for worker, place in zip(waiting, places, strict=True)}
    took = []
    for _ in range(kills):
        wait_until_held(site, job.id)
        threading.Event().wait(rng.uniform(0, LEASE_S))
        before = site.job(job.id)
        owner, place = by_id.pop(before.worker_id or "")
        killed_at = datetime.now(UTC)
        owner.kill()
        wait_for_claim(site, job.id, before.claim_no + 1)
        took.append((site.attempts(job.id)[-1].started_at - killed_at).total_seconds())
        fresh = start(site, place)
        by_id[fresh.worker_id()] = (fresh, place)
    return took


def start(site: Site, host: str) -> HeadlessWorker:
    """A worker, perhaps on what seems to be another machine."""
    return site.headless("--host", host, "work", launcher=LAUNCHER) if host else site.headless()


def wait_for_claim(site: Site, job_id: int, claim_no: int) -> None:
    """Until somebody has taken the job for that time."""
    site.wait_until(lambda: site.job(job_id).claim_no >= claim_no, f"claim {claim_no} of job {job_id}")


def wait_until_held(site: Site, job_id: int) -> None:
    """Until the job runs and has saved since it was claimed, so that a kill now is no step towards poison."""

    def held() -> bool:
        job = site.job(job_id)
        saves = site.services.evidence.cursor(job_id).get("", {}).get("held", 0)
        return job.status is Status.RUNNING and bool(saves == job.claim_no)

    site.wait_until(held, "the job to be held")


@pytest.mark.parametrize(
    ("host", "bound_s", "kills"),
    [
        (None, SAME_HOST_BOUND_S, 1),
        ("elsewhere", OTHER_HOST_BOUND_S, 1),
        pytest.param(None, SAME_HOST_BOUND_S, 100, marks=pytest.mark.full),
        pytest.param("elsewhere", OTHER_HOST_BOUND_S, 100, marks=pytest.mark.full),
    ],
)
def test_orphans_are_taken_up_again(
    host: str | None, bound_s: float, kills: int, open_site: Callable[..., Site]
) -> None:
    # On the same host no lease matters: it is the default one.
    leases = {"lease_s": LEASE_S} if host else {"lease_s": 30, "heartbeat_s": 10}
    site = open_site(job_types=["HOLD"], **leases)
    took = kill_owners(site, kills, random.Random(kills), host=host)
    print(f"{kills} kills, {host or 'same host'}: median {median(took):.2f} s, longest {max(took):.2f} s")
    assert len(took) == kills
    assert max(took) < bound_s + SLACK_S
    ((job_id,),) = site.rows("SELECT id FROM jobs")
    assert [attempt.outcome for attempt in site.attempts(job_id)] == ["lost"] * kills + [None]
    assert site.job(job_id).attempt == 1
    assert_sound(site)


def test_an_orphan_nobody_wants_any_more_is_cancelled(open_site: Callable[..., Site]) -> None:
    """The owner is stopped when a person cancels, and dies before it could know."""
    site = open_site(job_types=["HOLD"], lease_s=30, heartbeat_s=10)
    job = site.enqueue("HOLD")
    owner = site.headless()
    wait_until_held(site, job.id)
    owner.stop()
    site.services.queue.cancel(job.id).result()
    owner.kill()
    site.headless()
    site.wait_for_status("CANCELLED", job.id)
    assert site.job(job.id).claim_no == 1
    assert_sound(site)


def work_until_done(site: Site, *job_ids: int) -> int:
    """Start a worker whenever the last one died, as a person would, until all these jobs are finished; how many died."""
    deaths = 0
    while not all(site.job(job_id).status.finished for job_id in job_ids):
        code = site.headless("work", "--once", "--json").wait()
        assert code in (0, 1, -signal.SIGKILL), code
        deaths += code == -signal.SIGKILL
    return deaths


def test_poison_is_contained_and_the_others_finish(open_site: Callable[..., Site]) -> None:
    site = open_site(job_types=["POISON", "STEP"])
    others = [site.enqueue("STEP").id for _ in range(25)]
    poison = site.enqueue("POISON", priority=1)
    others += [site.enqueue("STEP").id for _ in range(25)]
    assert work_until_done(site, poison.id, *others) == POISON_CRASHES
    given_up = site.job(poison.id)
    assert (given_up.status, given_up.crashes, given_up.claim_no) == (Status.FAILED, POISON_CRASHES, POISON_CRASHES)
    assert "ended 3 times in a row" in (given_up.error or "")
    assert_finished_once(site, *others)
    assert_sound(site)


@pytest.mark.parametrize("deaths", [POISON_CRASHES + 1, pytest.param(20, marks=pytest.mark.full)])
def test_a_job_that_saves_between_its_deaths_is_not_poison(deaths: int, open_site: Callable[..., Site]) -> None:
    site = open_site(job_types=["MOVES_ON"])
    job = site.enqueue("MOVES_ON", config={"times": deaths})
    assert work_until_done(site, job.id) == deaths
    done = site.job(job.id)
    assert (done.result, done.attempt, done.crashes) == ({"steps": deaths + 1}, 1, 0)
    assert_finished_once(site, job.id)
    assert_sound(site)


def test_a_sync_that_always_dies_at_the_same_answer_is_poison(site: Site) -> None:
    """What it saves when it begins is the same each time, and no progress."""
    job = site.sync("acme/web", analyse=False)
    deaths = 0
    while not site.job(job.id).status.finished:
        assert deaths <= POISON_CRASHES
        dying = site.headless("--die", "after-github-answer", FIRST_DETAILS, "work", "--once", launcher=LAUNCHER)
        deaths += dying.wait() == DIED
    given_up = site.job(job.id)
    assert (given_up.status, given_up.crashes) == (Status.FAILED, POISON_CRASHES)
    assert_sound(site)
