"""Periodic duties: when each is due, and that one that fails leaves the others alone."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import text

from devtrail_tui.core.errors import DatabaseBusy, DatabaseUnusable
from devtrail_tui.core.job import NewJob
from devtrail_tui.runtime.duties import Duties, Duty
from devtrail_tui.runtime.upkeep import EVENT_RETENTION
from devtrail_tui.store.queue import prune_events
from tests.doubles.clock import ManualClock
from tests.runtime.conftest import Bench, Nothing


class Counted:
    """A duty's function that counts its calls, and may fail."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None

    async def act(self) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error


async def test_each_duty_has_its_own_period() -> None:
    clock, often, seldom = ManualClock(), Counted(), Counted()
    duties = Duties(clock.monotonic, Duty("often", 1.0, often.act), Duty("seldom", 10.0, seldom.act))
    assert duties.wait_s() == 0
    for _ in range(25):
        await duties.run_due()
        clock.advance(0.5)
    assert (often.calls, seldom.calls) == (13, 2)
    clock.advance(0.25)
    await duties.run_due()
    assert duties.wait_s() == 0.25


async def test_a_duty_that_fails_stops_no_other_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    clock, broken, sound = ManualClock(), Counted(), Counted()
    broken.error = RuntimeError("a fault")
    duties = Duties(clock.monotonic, Duty("broken", 1.0, broken.act), Duty("sound", 1.0, sound.act))
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await duties.run_due()
            clock.advance(1)
    assert (broken.calls, sound.calls) == (3, 3)
    assert [record.message for record in caplog.records] == ["the duty “broken” failed"]


async def test_trouble_with_the_store_is_raised_after_all_had_their_turn() -> None:
    clock, gone, busy, sound = ManualClock(), Counted(), Counted(), Counted()
    gone.error, busy.error = DatabaseUnusable("gone"), DatabaseBusy("busy")
    duties = Duties(clock.monotonic, *(Duty(str(each), 1.0, each.act) for each in (gone, busy, sound)))
    with pytest.raises(DatabaseUnusable, match="gone"):
        await duties.run_due()
    assert sound.calls == 1
    await duties.run_due()
    assert gone.calls == 1, "it waits for its time after a failure too"


def test_a_worker_prunes_events_a_month_old(bench: Bench) -> None:
    async def run(_config: Nothing, _context: object) -> dict[str, int]:
        return {}

    bench.job_type("T", run)
    database, now = bench.services.database, bench.services.clock.now()
    bench.services.queue.enqueue(NewJob("T")).result()
    age = text("UPDATE job_events SET created_at = :at")
    old = round((now - EVENT_RETENTION - timedelta(hours=1)).timestamp() * 1e6)
    database.write(lambda connection: connection.execute(age, {"at": old})).result()
    bench.work()
    with database.read() as connection:
        statuses = connection.execute(text("SELECT to_status FROM job_events ORDER BY id")).scalars().all()
    assert statuses == ["RUNNING", "COMPLETED"]


def test_nothing_old_is_looked_for_without_the_write_lock(bench: Bench) -> None:
    database, now = bench.services.database, bench.services.clock.now()
    bench.services.queue.enqueue(NewJob("T")).result()
    version = database.version()
    assert prune_events(database, now - EVENT_RETENTION).result() == 0
    assert database.version() == version
    assert prune_events(database, now + timedelta(hours=1)).result() == 1
