"""Jobs whose worker is gone: who notices, what is given back, and what is given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from devtrail_tui.core.job import Claim, Level, Progress, Status
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from tests.doubles.clock import START, ManualClock
from tests.store.store_examples import HOST, ME, OTHER, claim_of, enqueue, everyone_lives


def test_a_lease_that_ran_out_gives_the_job_back(
    queue: JobQueue, clock: ManualClock, log: JobLog, running: Claim
) -> None:
    clock.advance(29.9)
    assert queue.rescue(host=HOST, alive=everyone_lives).result() == ()
    queue.renew(running.worker_id, [running], 30).result()
    clock.advance(29.9)
    assert queue.rescue(host=HOST, alive=everyone_lives).result() == ()
    clock.advance(0.2)
    assert queue.rescue(host=HOST, alive=everyone_lives, spare=[running]).result() == ()
    (job,) = queue.rescue(host=HOST, alive=everyone_lives).result()
    assert (job.id, job.status, job.attempt, job.crashes) == (running.job_id, Status.PENDING, 0, 1)
    (line,) = log.page(job.id, first_seq=1, limit=9)
    assert (line.level, line.message.startswith("The worker stopped responding")) == (Level.WARNING, True)
    assert queue.renew(running.worker_id, [running], 30).result().lost == {running}


def test_an_ended_process_of_this_host_is_rescued_at_once(queue: JobQueue) -> None:
    mine, other = enqueue(queue), enqueue(queue)
    queue.claim(ME, lease_s=30).result()
    queue.claim(OTHER, lease_s=30).result()
    asked: list[tuple[int, float]] = []

    def alive(pid: int, start: float) -> bool:
        asked.append((pid, start))
        return pid != 10

    assert queue.rescue(host="elsewhere", alive=alive).result() == ()
    assert asked == []
    rescued = queue.rescue(host=HOST, alive=alive).result()
    assert [job.id for job in rescued] == [mine]
    assert sorted(asked) == [(10, 1000.25), (11, 2000.5)]
    assert other not in [job.id for job in rescued]


def test_a_lease_renewed_meanwhile_is_not_lost(queue: JobQueue, clock: ManualClock, running: Claim) -> None:
    clock.advance(31)

    def renews_while_asked(pid: int, start: float) -> bool:
        queue.renew(running.worker_id, [running], 30).result()
        return True

    assert queue.rescue(host=HOST, alive=renews_while_asked).result() == ()
    assert queue.progress(running, Progress()).result() is True


def test_a_judge_of_leases_decides_whatever_the_clock_says(queue: JobQueue, clock: ManualClock, running: Claim) -> None:
    judged: list[dict[Claim, datetime]] = []

    def silent(leases: Mapping[Claim, datetime]) -> list[Claim]:
        judged.append(dict(leases))
        return list(leases) if len(judged) == 3 else []

    clock.advance(3600)
    assert queue.rescue(host=HOST, alive=everyone_lives, ran_out=silent).result() == ()
    clock.advance(-7200)
    assert queue.rescue(host=HOST, alive=everyone_lives, ran_out=silent).result() == ()
    (job,) = queue.rescue(host=HOST, alive=everyone_lives, ran_out=silent).result()
    assert (job.id, job.status) == (running.job_id, Status.PENDING)
    assert judged == [{running: START + timedelta(seconds=30)}] * 3


def test_three_crashes_without_a_save_are_poison(queue: JobQueue, clock: ManualClock, views: Views) -> None:
    job_id = enqueue(queue)
    for crashes in (1, 2, 3):
        claim = claim_of(queue.claim(ME, lease_s=30).result())
        clock.advance(31)
        (job,) = queue.rescue(host=HOST, alive=everyone_lives).result()
        assert (job.crashes, job.attempt) == (crashes, 0)
        assert claim.claim_no == crashes
    job = views.job(job_id)
    assert job.status is Status.FAILED
    assert job.completed_at == clock.now()
    assert "3 times in a row" in (job.error or "")
    assert queue.retry(job_id).result().crashes == 0


def test_a_save_forgives_crashes(queue: JobQueue, clock: ManualClock, evidence: EvidenceStore) -> None:
    job_id = enqueue(queue)
    for _ in range(5):
        claim = claim_of(queue.claim(ME, lease_s=30).result())
        evidence.save(claim, cursor={"": claim.claim_no}).result()
        clock.advance(31)
        (job,) = queue.rescue(host=HOST, alive=everyone_lives).result()
        assert (job.id, job.status, job.crashes) == (job_id, Status.PENDING, 1)


def test_a_lost_job_that_should_be_cancelled_is(queue: JobQueue, clock: ManualClock, running: Claim) -> None:
    queue.cancel(running.job_id).result()
    clock.advance(31)
    (job,) = queue.rescue(host=HOST, alive=everyone_lives).result()
    assert (job.status, job.completed_at, job.crashes) == (Status.CANCELLED, clock.now(), 1)


def test_a_job_only_an_ended_process_could_run_says_so(queue: JobQueue, views: Views, database: SqliteDatabase) -> None:
    waits = enqueue(queue, needs_worker=ME)
    ran = enqueue(queue, needs_worker=ME)
    queue.claim(ME, lease_s=30, job_id=ran).result()

    def alive(pid: int, start: float) -> bool:
        return False

    assert [job.id for job in queue.rescue(host=HOST, alive=alive).result()] == [ran]
    for job_id in (waits, ran):
        job = views.job(job_id)
        assert job.status is Status.PENDING
        assert "cancel this job and start it again" in (job.waiting_for or "")
    version = database.version()
    queue.rescue(host=HOST, alive=alive).result()
    assert database.version() == version, "said once, not at every look"
