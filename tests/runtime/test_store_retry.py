"""A store that cannot write for now is waited for; what was to be written is neither lost nor written twice."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Connection

from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull, DatabaseUnusable, StoreError
from devtrail_tui.core.job import Status
from devtrail_tui.runtime.store_retry import AGAIN_S, StoreRetry
from tests.doubles.clock import HeldClock, ManualClock
from tests.runtime.conftest import Bench


def failed(error: Exception) -> Future[str]:
    future: Future[str] = Future()
    future.set_exception(error)
    return future


def done(value: str) -> Future[str]:
    future: Future[str] = Future()
    future.set_result(value)
    return future


async def test_a_write_is_made_again_until_it_is_stored() -> None:
    clock = ManualClock()
    store_retry = StoreRetry(clock)
    answers = iter([failed(DatabaseFull("No room.")), failed(DatabaseBusy("Locked.")), done("stored")])
    seen: list[str] = []

    def attempt() -> Future[str]:
        seen.append(store_retry.sentence)
        return next(answers)

    assert await store_retry.write(attempt) == "stored"
    assert seen == ["", "No room.", "Locked."]
    assert store_retry.sentence == ""
    assert clock.monotonic() == 2 * AGAIN_S


async def test_what_time_does_not_mend_is_raised() -> None:
    store_retry = StoreRetry(ManualClock())
    with pytest.raises(DatabaseUnusable, match="gone"):
        await store_retry.write(lambda: failed(DatabaseUnusable("It is gone.")))
    assert store_retry.sentence == ""


async def test_a_cancel_ends_the_wait() -> None:
    clock = HeldClock()
    store_retry = StoreRetry(clock)
    task = asyncio.create_task(store_retry.write(lambda: failed(DatabaseFull("No room."))))
    await clock.sleepers.get()
    assert store_retry.sentence == "No room."
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store_retry.sentence == ""


def keep_to_pages(bench: Bench, most: int) -> None:
    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={most}").scalar()

    bench.services.database.write(limit).result()


@pytest.mark.parametrize("then", ["room", "cancel"])
def test_a_job_without_room_waits_where_it_is(bench: Bench, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are stored once and in order, whether it goes on or is cancelled meanwhile; it is never a failed job."""
    monkeypatch.setattr("devtrail_tui.runtime.store_retry.AGAIN_S", 0.1)

    async def saves_much(_config: Any, context: Context) -> dict[str, Any]:
        context.log("before")
        await context.save(cursor={"": {"large": "x" * 400_000}}, log=())
        context.log("after")
        return {}

    bench.job_type("SAVES", saves_much)
    job = bench.launch("SAVES")
    with bench.services.database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    keep_to_pages(bench, pages + 20)
    worker = bench.start()
    while "is full" not in worker.trouble:
        assert not bench.job(job.id).status.finished
    assert bench.job(job.id).status is Status.RUNNING
    if then == "cancel":
        bench.services.queue.cancel(job.id).result()
        bench.wait_until(lambda: bench.job(job.id).status is Status.CANCELLED)
    else:
        keep_to_pages(bench, 1_000_000)
        bench.wait_until(lambda: bench.job(job.id).status is Status.COMPLETED)
    messages = [line.message for line in bench.log(job.id)]
    assert messages[0] == "before"
    assert messages.count("before") == 1
    assert worker.trouble == ""
    assert bench.job(job.id).crashes == 0


@pytest.mark.parametrize("error", [DatabaseFull("The disk reported an error."), DatabaseBusy("It is locked.")])
def test_a_read_that_fails_for_now_gives_the_job_back_unspent(bench: Bench, error: StoreError) -> None:
    async def reads(_config: Any, _context: Context) -> dict[str, Any]:
        raise error

    bench.job_type("READS", reads, max_attempts=1)
    job = bench.launch("READS")
    assert bench.work().lost == []
    after = bench.job(job.id)
    assert (after.status, after.attempt, after.crashes, after.waiting_for) == (Status.PENDING, 0, 0, str(error))


def test_a_store_that_is_gone_is_no_failure_of_the_job(bench: Bench) -> None:
    async def reads(_config: Any, _context: Context) -> dict[str, Any]:
        raise DatabaseUnusable("It is gone.")

    bench.job_type("READS", reads, max_attempts=1)
    job = bench.launch("READS")
    assert bench.work().lost == [job.id]
    assert bench.job(job.id).status is Status.RUNNING, "its lease returns it"
