"""What a person asks of the queue: cancel, retry, another priority, delete, clean up."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import text

from devtrail_tui.core.errors import NotFound, NotPossible
from devtrail_tui.core.job import Claim, Level, NewJob, Status
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue, cancel_requested
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from tests.doubles.clock import START, ManualClock
from tests.store.store_examples import ME, claim_of, enqueue


def test_a_cancel_is_at_once_or_asked_of_the_owner(
    queue: JobQueue, log: JobLog, running: Claim, database: SqliteDatabase
) -> None:
    waiting = enqueue(queue)
    assert queue.cancel(waiting).result().status is Status.CANCELLED
    assert [line.message for line in log.page(waiting, first_seq=1, limit=9)] == ["Cancelled before it ran."]
    asked = queue.cancel(running.job_id).result()
    assert (asked.status, asked.cancel_requested_at) == (Status.RUNNING, START)
    assert queue.cancel(running.job_id).result().cancel_requested_at == START
    assert cancel_requested(database, [running.job_id, waiting + 9]) == {running.job_id}
    renewal = queue.renew(running.worker_id, [running], 30).result()
    assert renewal.lost == frozenset()
    assert renewal.cancel_requested == {running}
    with pytest.raises(NotPossible, match="already cancelled"):
        queue.cancel(waiting).result()
    with pytest.raises(NotFound, match="no job 999"):
        queue.cancel(999).result()


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("finish", Status.COMPLETED),
        ("fail", Status.FAILED),
        ("release", Status.CANCELLED),
        ("retry_later", Status.CANCELLED),
    ],
)
def test_how_a_job_ends_that_should_be_cancelled(
    queue: JobQueue, views: Views, running: Claim, ending: str, expected: Status
) -> None:
    queue.cancel(running.job_id).result()
    calls = {
        "finish": lambda: queue.finish(running, {"kept": 1}),
        "fail": lambda: queue.fail(running, "broke"),
        "release": lambda: queue.release(running, waiting_for="a token"),
        "retry_later": lambda: queue.retry_later(running, "broke", START + timedelta(minutes=1)),
    }
    assert calls[ending]().result() is True
    job = views.job(running.job_id)
    assert (job.status, job.completed_at, job.worker_id, job.waiting_for) == (expected, START, None, None)


def test_retry_gives_one_more_attempt(queue: JobQueue, clock: ManualClock) -> None:
    job_id = enqueue(queue, max_attempts=1)
    queue.fail(claim_of(queue.claim(ME, lease_s=30).result()), "broke").result()
    clock.advance(60)
    job = queue.retry(job_id).result()
    assert (job.status, job.attempt, job.max_attempts, job.error, job.completed_at) == (
        Status.PENDING,
        1,
        2,
        None,
        None,
    )
    assert job.run_at == clock.now()
    with pytest.raises(NotPossible, match="only a failed or cancelled"):
        queue.retry(job_id).result()
    with pytest.raises(NotFound):
        queue.retry(999).result()


def test_priority_moves_only_waiting_jobs(queue: JobQueue, running: Claim) -> None:
    waiting = enqueue(queue)
    assert queue.change_priority(waiting, 1).result().priority == 1
    assert queue.change_priority(waiting, -2).result().priority == -1
    with pytest.raises(NotPossible, match="is running"):
        queue.change_priority(running.job_id, 1).result()
    with pytest.raises(NotFound):
        queue.change_priority(999, 1).result()


def test_delete_takes_the_log_and_never_the_number(
    queue: JobQueue, log: JobLog, views: Views, running: Claim, database: SqliteDatabase
) -> None:
    with pytest.raises(NotPossible, match="is running; cancel it"):
        queue.delete(running.job_id).result()
    log.append(running, [(START, Level.INFO, "x")]).result()
    queue.finish(running, {}).result()
    assert queue.delete(running.job_id).result() == 1
    with pytest.raises(NotFound):
        views.job(running.job_id)
    with pytest.raises(NotFound):
        queue.delete(running.job_id).result()
    with database.read() as connection:
        left = text("SELECT (SELECT count(*) FROM job_logs) + (SELECT count(*) FROM job_attempts)")
        assert connection.execute(left).scalar_one() == 0
    assert enqueue(queue) == running.job_id + 1


def test_cleanup_takes_old_finished_jobs_in_batches(
    queue: JobQueue, clock: ManualClock, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = itertools.cycle([Status.COMPLETED, Status.FAILED, Status.CANCELLED])
    for ending in itertools.islice(endings, 1100):
        queue.enqueue(NewJob("T"))
        if ending is Status.CANCELLED:
            continue
    old = [claim_of(queue.claim(ME, lease_s=99).result()) for _ in range(1100)]
    for claim, ending in zip(old, endings, strict=False):
        {"COMPLETED": lambda c: queue.finish(c, {}), "FAILED": lambda c: queue.fail(c, "x")}.get(
            ending, lambda c: queue.cancelled(c, "x")
        )(claim)
    clock.advance(3600)
    young = enqueue(queue)
    queue.cancel(young).result()
    waiting = enqueue(queue)
    assert queue.cleanup(timedelta(minutes=30), [Status.FAILED]).result() in (366, 367)
    assert queue.cleanup(timedelta(minutes=30)).result() in (733, 734)
    assert list(views.job_ids()) == [waiting, young]
    assert views.counts()[Status.CANCELLED] == 1
    with pytest.raises(ValueError, match="finished"):
        queue.cleanup(timedelta(0), [Status.RUNNING])
