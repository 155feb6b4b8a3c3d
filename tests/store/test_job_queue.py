"""The queue's rules, one by one; test_queue_states walks through them at random."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.job import Claim, Level, NewJob, Progress, Status
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue, first_due
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from tests.doubles.clock import START, ManualClock
from tests.store.store_examples import HOST, ME, OTHER, claim_of, enqueue

TYPES = ("GITHUB_SYNC",)


def run(database: SqliteDatabase, statement: str, **values: object) -> None:
    database.write(lambda connection: connection.execute(text(statement), values)).result()


def test_a_new_job_waits_with_what_it_was_given(queue: JobQueue) -> None:
    job = queue.enqueue(
        NewJob("GITHUB_SYNC", {"repositories": ["acme/shop"]}, title="acme/shop", priority=3, timeout_s=60)
    ).result()
    assert (job.status, job.title, job.priority, job.timeout_s) == (Status.PENDING, "acme/shop", 3, 60)
    assert (job.attempt, job.claim_no, job.config) == (0, 0, {"repositories": ["acme/shop"]})
    assert job.run_at == job.created_at == START


def test_foreign_text_is_harmless_once_stored(queue: JobQueue) -> None:
    job = queue.enqueue(NewJob("X", {"note": "a\x1b[31mb\ud800"}, title="t\x1b]0;x\x07\nu")).result()
    assert job.title == "t u"
    assert job.config == {"note": "ab\ufffd"}


def test_a_job_whose_worker_died_waits_until_it_can_run_alone_and_those_behind_it_wait_too(
    queue: JobQueue, database: SqliteDatabase, clock: ManualClock
) -> None:
    before, crashed, behind = enqueue(queue, priority=2), enqueue(queue, priority=1), enqueue(queue)
    run(database, "UPDATE jobs SET crashes = 1 WHERE id = :id", id=crashed)
    assert first_due(database, ME, TYPES, clock.now(), idle=False)
    assert claim_of(queue.claim(ME, lease_s=30, idle=False).result()).job_id == before
    assert not first_due(database, ME, TYPES, clock.now(), idle=False)
    assert queue.claim(ME, lease_s=30, idle=False).result() is None
    assert first_due(database, ME, TYPES, clock.now())
    assert claim_of(queue.claim(ME, lease_s=30).result()).job_id == crashed
    assert claim_of(queue.claim(ME, lease_s=30, idle=False).result()).job_id == behind


def test_claims_go_by_priority_then_time_then_number(queue: JobQueue, clock: ManualClock) -> None:
    late = enqueue(queue, run_at=START - timedelta(seconds=1))
    early = enqueue(queue, run_at=START - timedelta(seconds=5))
    urgent = enqueue(queue, priority=1)
    not_yet = enqueue(queue, priority=9, run_at=START + timedelta(seconds=1))
    order = [queue.claim(ME, lease_s=30).result() for _ in range(4)]
    assert [job.id if job else None for job in order] == [urgent, early, late, None]
    clock.advance(1)
    job = queue.claim(ME, lease_s=30).result()
    assert job is not None
    assert job.id == not_yet


def test_a_claim_counts_itself_and_the_attempt(queue: JobQueue, clock: ManualClock, database: SqliteDatabase) -> None:
    enqueue(queue)
    job = queue.claim(ME, lease_s=30).result()
    assert job is not None
    assert (job.status, job.claim_no, job.attempt, job.worker_id) == (Status.RUNNING, 1, 1, ME)
    assert job.lease_expires_at == START + timedelta(seconds=30)
    assert queue.release(claim_of(job)).result()
    clock.advance(5)
    again = queue.claim(ME, lease_s=30).result()
    assert again is not None
    assert (again.claim_no, again.attempt, again.started_at) == (2, 1, START)
    with database.read() as connection:
        rows = connection.execute(text("SELECT claim_no, attempt, outcome FROM job_attempts ORDER BY 1")).all()
    assert [tuple(row) for row in rows] == [(1, 1, "released"), (2, 1, None)]


def test_a_claim_may_ask_for_types_or_for_one_job(queue: JobQueue) -> None:
    first = enqueue(queue)
    second = queue.enqueue(NewJob("AI_ANALYSIS")).result().id
    assert queue.claim(ME, lease_s=30, types=("REPORT",)).result() is None
    assert claim_of(queue.claim(ME, lease_s=30, types=("AI_ANALYSIS",)).result()).job_id == second
    assert queue.claim(ME, lease_s=30, job_id=second).result() is None
    assert claim_of(queue.claim(ME, lease_s=30, job_id=first).result()).job_id == first


def test_a_job_for_one_worker_is_left_by_the_others(
    queue: JobQueue, database: SqliteDatabase, clock: ManualClock
) -> None:
    job_id = enqueue(queue, needs_worker=ME)
    assert queue.claim(OTHER, lease_s=30).result() is None
    assert not first_due(database, OTHER, TYPES, clock.now())
    assert first_due(database, ME, TYPES, clock.now())
    assert claim_of(queue.claim(ME, lease_s=30).result()).job_id == job_id


def test_dependencies_and_pauses_hold_a_job(queue: JobQueue, database: SqliteDatabase, clock: ManualClock) -> None:
    first, second = enqueue(queue), enqueue(queue)
    run(database, "INSERT INTO job_dependencies VALUES (:a, :b)", a=first, b=second)
    claim = claim_of(queue.claim(ME, lease_s=30).result())
    assert claim.job_id == second
    assert queue.claim(ME, lease_s=30).result() is None
    assert not first_due(database, ME, TYPES, clock.now())
    queue.finish(claim, {}).result()
    for paused in ("GITHUB_SYNC", "*"):
        run(database, "INSERT INTO queue_pauses VALUES (:type, '', 0)", type=paused)
        assert queue.claim(ME, lease_s=30).result() is None
        run(database, "DELETE FROM queue_pauses")
    assert claim_of(queue.claim(ME, lease_s=30).result()).job_id == first


def test_a_job_is_due_when_its_time_has_come(queue: JobQueue, clock: ManualClock, database: SqliteDatabase) -> None:
    assert not first_due(database, ME, TYPES, clock.now())
    enqueue(queue, run_at=START + timedelta(hours=1))
    assert not first_due(database, ME, TYPES, clock.now())
    assert queue.claim(ME, lease_s=30).result() is None
    clock.advance(3600)
    assert not first_due(database, ME, ("OTHER",), clock.now())
    assert first_due(database, ME, TYPES, clock.now())
    assert queue.claim(ME, lease_s=30).result() is not None


@pytest.mark.parametrize("by", ["enqueue", "release", "rescue", "retry"])
def test_a_job_meant_for_now_does_not_wait_for_a_clock_that_was_set_back(
    queue: JobQueue, clock: ManualClock, database: SqliteDatabase, by: str
) -> None:
    job_id = enqueue(queue)
    if by != "enqueue":
        claim = claim_of(queue.claim(ME, lease_s=30).result())
        if by == "release":
            queue.release(claim).result()
        elif by == "rescue":
            queue.rescue(host=HOST, alive=lambda _pid, _start: False).result()
        else:
            queue.fail(claim, "broke").result()
            queue.retry(job_id).result()
    later = enqueue(queue, run_at=START + timedelta(seconds=5))
    clock.advance(-3600)
    assert first_due(database, ME, TYPES, clock.now())
    assert claim_of(queue.claim(ME, lease_s=30).result()).job_id == job_id
    assert not first_due(database, ME, TYPES, clock.now()), f"job {later} was meant for later"


@pytest.mark.parametrize("by", ["release", "rescue"])
def test_a_job_that_was_stopped_goes_on_first_and_one_that_crashed_last(
    queue: JobQueue, clock: ManualClock, by: str
) -> None:
    first = enqueue(queue)
    clock.advance(1)
    second = enqueue(queue)
    claim = claim_of(queue.claim(ME, lease_s=30).result())
    clock.advance(1)
    if by == "release":
        queue.release(claim).result()
    else:
        queue.rescue(host=HOST, alive=lambda _pid, _start: False).result()
    assert claim_of(queue.claim(ME, lease_s=30).result()).job_id == (first if by == "release" else second)


@pytest.mark.parametrize("ending", ["finish", "fail", "cancelled", "release", "retry_later"])
def test_a_stale_claim_changes_nothing(queue: JobQueue, log: JobLog, views: Views, ending: str) -> None:
    job_id = enqueue(queue)
    stale = claim_of(queue.claim(ME, lease_s=30).result())
    queue.release(stale).result()
    owner = claim_of(queue.claim(OTHER, lease_s=30).result())
    before = views.job(job_id)
    calls = {
        "finish": lambda: queue.finish(stale, {"stale": True}),
        "fail": lambda: queue.fail(stale, "stale"),
        "cancelled": lambda: queue.cancelled(stale, "stale"),
        "release": lambda: queue.release(stale),
        "retry_later": lambda: queue.retry_later(stale, "stale", START),
    }
    assert calls[ending]().result() is False
    assert queue.progress(stale, Progress(percent=99)).result() is False
    assert log.append(stale, [(START, Level.INFO, "stale")]).result() is False
    assert views.job(job_id) == before
    assert log.bounds(job_id) is None
    assert queue.renew(ME, [stale], 30).result().lost == {stale}
    assert queue.finish(owner, {}).result() is True


def test_nothing_is_written_after_the_end(
    queue: JobQueue, log: JobLog, views: Views, evidence: EvidenceStore, running: Claim
) -> None:
    queue.cancel(running.job_id).result()
    assert queue.progress(running, Progress(percent=10)).result() is True
    assert queue.cancelled(running, "Cancelled by you.").result() is True
    before = views.job(running.job_id)
    assert log.append(running, [(START, Level.INFO, "late")]).result() is False
    assert queue.progress(running, Progress(percent=20)).result() is False
    assert queue.finish(running, {}).result() is False
    assert views.job(running.job_id) == before


def test_progress_is_kept_and_bounded(queue: JobQueue, views: Views, running: Claim) -> None:
    shown = Progress(percent=150, phase="fetch")
    queue.progress(running, shown).result()
    assert views.job(running.job_id).progress == 100
    queue.progress(running, Progress(percent=None, phase="wait")).result()
    job = views.job(running.job_id)
    assert (job.progress, job.progress_detail.phase, job.last_progress_at) == (100, "wait", START)


def test_retry_later_spends_the_attempt_and_release_does_not(queue: JobQueue, views: Views, running: Claim) -> None:
    queue.retry_later(running, "network down", START + timedelta(seconds=8)).result()
    job = views.job(running.job_id)
    assert (job.status, job.attempt, job.error, job.run_at) == (
        Status.PENDING,
        1,
        "network down",
        START + timedelta(seconds=8),
    )
    assert job.waiting_for


def test_release_says_what_the_job_waits_for(queue: JobQueue, views: Views, running: Claim) -> None:
    later = START + timedelta(seconds=60)
    queue.release(running, waiting_for="GITHUB_TOKEN is not set.", run_at=later).result()
    job = views.job(running.job_id)
    assert (job.status, job.attempt, job.waiting_for, job.run_at) == (
        Status.PENDING,
        0,
        "GITHUB_TOKEN is not set.",
        later,
    )


def test_a_unique_job_is_queued_once_while_active(queue: JobQueue) -> None:
    first = enqueue(queue, unique_key="shop")
    with pytest.raises(NotPossible, match=f"Job {first} does the same"):
        enqueue(queue, unique_key="shop")
    queue.cancel(first).result()
    second = enqueue(queue, unique_key="shop")
    with pytest.raises(NotPossible, match=f"Job {second} does the same"):
        queue.retry(first).result()


def test_a_value_that_is_no_json_is_refused_and_nothing_changes(queue: JobQueue, views: Views, running: Claim) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        queue.finish(running, {"bad": object()}).result()
    assert views.job(running.job_id).status is Status.RUNNING
