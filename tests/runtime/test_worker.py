"""The worker and its executor: every way a job can end, and what is written then."""

from __future__ import annotations

import asyncio
import random
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import ClaimLost, InvalidInput, PermanentError, TemporaryError
from devtrail_tui.core.job import Claim, Level, Progress, Status
from devtrail_tui.core.progress import Part
from devtrail_tui.runtime.executor import Execution, Pace
from devtrail_tui.runtime.outcomes import InterruptedRun, StopReason
from tests.house.desk import PATIENCE_S
from tests.runtime.conftest import Bench, WithToken


async def fine(_config: Any, context: Context) -> dict[str, Any]:
    context.log("first")
    context.progress(Progress(percent=50, phase="half", parts=(Part("all", 1, 2),)))
    context.log("second", Level.WARNING)
    return {"answer": 42}


class Gate:
    """A handler that says when it runs and then waits until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.running = 0
        self.most_at_once = 0
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def __call__(self, _config: Any, _context: Context) -> dict[str, Any]:
        self.running += 1
        self.most_at_once = max(self.running, self.most_at_once)
        let_go = asyncio.Event()
        self._waiting.append((asyncio.get_running_loop(), let_go))
        if self._open:
            let_go.set()
        self.entered.release()
        try:
            await let_go.wait()
        finally:
            self.running -= 1
        return {}

    def go(self) -> None:
        """Let go whoever waits and whoever comes."""
        self._open = True
        for loop, let_go in self._waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(let_go.set)

    def wait_entered(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.entered.acquire(timeout=PATIENCE_S)


def test_a_job_completes_with_its_result_log_and_progress(bench: Bench) -> None:
    bench.job_type("FINE", fine)
    job = bench.launch("FINE")
    assert bench.work().ended == [job.id]
    done = bench.job(job.id)
    assert (done.status, done.result, done.attempt, done.progress) == (Status.COMPLETED, {"answer": 42}, 1, 100)
    assert done.started_at is not None
    assert done.completed_at is not None
    assert done.worker_id is None or done.lease_expires_at is None
    assert [(line.level, line.message) for line in bench.log(job.id) if line.message in ("first", "second")] == [
        (Level.INFO, "first"),
        (Level.WARNING, "second"),
    ]


@pytest.mark.parametrize("error", [PermanentError("The token may not read it."), ValueError("boom\x1b[31m")])
def test_an_error_no_retry_mends_fails_the_job_at_once(bench: Bench, error: Exception) -> None:
    async def fails(_config: Any, _context: Context) -> dict[str, Any]:
        raise error

    bench.job_type("FAILS", fails)
    job = bench.launch("FAILS")
    bench.work()
    done = bench.job(job.id)
    assert done.status is Status.FAILED
    assert done.attempt == 1
    assert done.error is not None
    assert "\x1b" not in done.error
    assert str(error).partition("\x1b")[0] in done.error
    assert bench.log(job.id)[-1].level is Level.ERROR


def test_an_error_in_one_of_several_tasks_counts_as_the_jobs_own(bench: Bench) -> None:
    async def fails(_config: Any, _context: Context) -> dict[str, Any]:
        async def part() -> None:
            raise PermanentError("One part was refused.")

        async with asyncio.TaskGroup() as group:
            group.create_task(part())
        return {}

    bench.job_type("FAILS", fails)
    job = bench.launch("FAILS")
    bench.work()
    assert bench.job(job.id).error == "One part was refused."


def test_what_time_can_mend_is_tried_again_later_and_given_up_in_the_end(bench: Bench) -> None:
    async def troubled(_config: Any, _context: Context) -> dict[str, Any]:
        raise TemporaryError("The network is down.")

    bench.job_type("TROUBLED", troubled, max_attempts=1)
    bench.job_type("LATER", troubled, max_attempts=2)
    once, twice = bench.launch("TROUBLED"), bench.launch("LATER")
    bench.work()
    assert bench.job(once.id).status is Status.FAILED
    again = bench.job(twice.id)
    assert (again.status, again.attempt) == (Status.PENDING, 1)
    assert again.run_at >= again.created_at
    assert "Try 1 of 2" in bench.log(twice.id)[-1].message


@pytest.mark.parametrize(("position", "attempts"), [("new", 0), ("same", 1)])
def test_a_save_of_something_new_gives_the_try_back(position: str, attempts: int, bench: Bench) -> None:
    async def troubled(_config: Any, context: Context) -> dict[str, Any]:
        await context.save(cursor={"": context.clock.now().isoformat() if position == "new" else "same"})
        raise TemporaryError("The network is down.")

    bench.job_type("TROUBLED", troubled, max_attempts=3)
    job = bench.launch("TROUBLED")
    bench.work()
    for failures in (1, 2):
        again = bench.job(job.id)
        # The first save of an unchanging position is new.
        assert (again.status, again.attempt) == (Status.PENDING, attempts * (failures - 1))
        due = text("UPDATE jobs SET run_at = created_at")
        bench.services.database.write(partial(Connection.execute, statement=due)).result()
        bench.work()


def test_the_services_own_wait_is_honoured(bench: Bench) -> None:
    async def limited(_config: Any, _context: Context) -> dict[str, Any]:
        raise TemporaryError("Limit.", retry_after_s=3600)

    bench.job_type("LIMITED", limited)
    job = bench.launch("LIMITED")
    bench.work()
    assert bench.job(job.id).run_at >= datetime.now(UTC) + timedelta(seconds=3500)


def test_a_missing_secret_makes_the_job_wait_and_say_so(bench: Bench) -> None:
    async def needs(_config: Any, context: Context) -> dict[str, Any]:
        assert not context.has_secret("github")
        await context.secret("github")
        return {}

    bench.job_type("NEEDS", needs, WithToken)
    job = bench.launch("NEEDS")
    bench.work()
    waiting = bench.job(job.id)
    assert (waiting.status, waiting.attempt) == (Status.PENDING, 0)
    assert waiting.waiting_for is not None
    assert "GITHUB_TOKEN" in waiting.waiting_for
    assert waiting.run_at > datetime.now(UTC)


def test_a_typed_secret_stays_in_memory_and_binds_the_job_to_this_worker(bench: Bench) -> None:
    seen: list[str] = []

    async def needs(_config: Any, context: Context) -> dict[str, Any]:
        seen.append(await context.secret("github"))
        return {}

    bench.job_type("NEEDS", needs, WithToken)
    job = bench.launch("NEEDS", token="typed-by-hand")
    assert job.needs_worker == bench.services.worker_id
    assert "typed-by-hand" not in str(job)
    with pytest.raises(InvalidInput, match="another process"):
        launch_job(bench.services, "NEEDS", {"token": "typed-by-hand"}, elsewhere=True)
    bench.work()
    assert seen == ["typed-by-hand"]


def test_a_cancel_is_felt_at_once_and_nothing_follows_it(bench: Bench) -> None:
    gate = Gate()
    bench.job_type("GATED", gate)
    job = bench.launch("GATED")
    bench.start()
    gate.wait_entered()
    bench.services.queue.cancel(job.id).result()
    bench.wait_until(lambda: bench.job(job.id).status is Status.CANCELLED)
    assert gate.running == 0
    done = bench.job(job.id)
    assert done.completed_at is not None


def test_a_stop_gives_the_job_back_without_spending_its_attempt(bench: Bench) -> None:
    gate = Gate()
    bench.job_type("GATED", gate)
    job = bench.launch("GATED")
    bench.start()
    gate.wait_entered()
    bench.stop()
    given_back = bench.job(job.id)
    assert (given_back.status, given_back.attempt) == (Status.PENDING, 0)
    gate.go()
    bench.work()
    assert bench.job(job.id).status is Status.COMPLETED


def test_jobs_run_one_after_another_unless_told_otherwise(bench: Bench) -> None:
    gate = Gate()
    bench.job_type("GATED", gate)
    for _ in range(3):
        bench.launch("GATED")
    bench.start()
    gate.wait_entered()
    gate.go()
    gate.wait_entered(2)
    bench.stop()
    assert gate.most_at_once == 1

    several = Gate()
    bench.job_type("GATED", several)
    for _ in range(3):
        bench.launch("GATED")
    bench.start(concurrency=3)
    several.wait_entered(3)
    assert several.most_at_once == 3
    several.go()


def test_an_idle_worker_wakes_for_a_new_job(bench: Bench) -> None:
    bench.job_type("FINE", fine)
    bench.start()
    job = bench.launch("FINE")
    bench.wait_until(lambda: bench.job(job.id).status is Status.COMPLETED)


def test_a_job_has_a_bound_on_its_time(bench: Bench) -> None:
    gate = Gate()
    bench.job_type("SLOW", gate, timeout_s=0.05, max_attempts=1)
    job = bench.launch("SLOW")
    bench.work()
    assert bench.job(job.id).status is Status.FAILED
    assert "0.05 s" in (bench.job(job.id).error or "")


def test_a_worker_that_lost_its_claim_writes_nothing_more(bench: Bench) -> None:
    lost: list[BaseException] = []
    gate = Gate()

    async def zombie(config: Any, context: Context) -> dict[str, Any]:
        await gate(config, context)
        try:
            await context.save(cursor={"": {"mine": 1}})
        except ClaimLost as error:
            lost.append(error)
            raise
        return {"mine": True}

    bench.job_type("ZOMBIE", zombie)
    job = bench.launch("ZOMBIE")
    bench.start()
    gate.wait_entered()
    running = bench.job(job.id)
    mine = Claim(job.id, running.claim_no, running.worker_id or "")
    assert bench.services.queue.release(mine).result()
    other = bench.services.queue.claim("other:1:1:x", lease_s=60).result()
    assert other is not None
    gate.go()
    bench.stop()
    after = bench.job(job.id)
    assert (after.status, after.claim_no, after.result) == (Status.RUNNING, other.claim_no, None)
    assert lost or not bench.services.evidence.cursor(job.id)


def test_a_heartbeat_keeps_the_lease(bench: Bench) -> None:
    gate = Gate()
    bench.job_type("GATED", gate)
    job = bench.launch("GATED")
    bench.start()
    gate.wait_entered()
    first = bench.job(job.id).lease_expires_at
    assert first is not None
    bench.wait_until(lambda: (bench.job(job.id).lease_expires_at or first) > first)
    gate.go()


def test_only_the_named_job_is_run(bench: Bench) -> None:
    bench.job_type("FINE", fine)
    first, second = bench.launch("FINE"), bench.launch("FINE")
    summary = make_worker(bench.services, job_id=second.id).run()
    assert summary.ended == [second.id]
    assert bench.job(first.id).status is Status.PENDING


async def test_a_lost_claim_outranks_a_stop(bench: Bench) -> None:
    """The job is another worker's now: nothing of this run is written, not even that it was stopped."""
    bench.job_type("QUICK", fine)
    job = bench.launch("QUICK")
    claimed = bench.services.queue.claim(bench.services.worker_id, lease_s=30).result()
    assert claimed is not None
    worker = make_worker(bench.services)
    execution = Execution(
        claimed,
        bench.services.catalogue["QUICK"],
        worker._dependencies,
        random.Random(0),
        Pace(),
    )
    execution.interrupt(StopReason.STOP)
    execution.interrupt(StopReason.LOST)
    execution.interrupt(StopReason.CANCEL)
    assert await execution.run() == InterruptedRun(StopReason.LOST)
    assert bench.job(job.id).status is Status.RUNNING
    assert bench.log(job.id) == []
