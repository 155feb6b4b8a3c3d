"""Promise 10: cancel stops work, also in the middle of a call, also from another process; nothing is written after it."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.job import Status
from devtrail_tui.services import Services
from devtrail_tui.store.tables import workers
from tests.doubles.gate import Gate
from tests.doubles.server import FaultyServer
from tests.faults.processes import QUICK, Site
from tests.faults.small_world import Written, small_world
from tests.faults.worker_processes import wait_until
from tests.house.desk import PATIENCE_S, Desk
from tests.house.program import PROGRAM

IN_PROCESS_BOUND_S = 1.0
ACROSS_BOUND_S = 3.0
STOP_BOUND_S = 2.0
SLACK_S = 2.0
"""What two busy cores may add to a bound."""
ROUTES = ("user", "repo", "search", "hydrate", "models", "messages")
"""Every kind of call a sync makes."""
HEARTBEATS = 3
"""So long after the end nothing may be written."""
ROUNDS, FULL_ROUNDS = 3, 50
PULL_REQUESTS = 45

WRITTEN_BY_A_JOB: Sequence[str] = (
    "jobs",
    "job_attempts",
    "job_logs",
    "job_counts",
    "evidence_entries",
    "evidence_criteria",
    "analyses",
    "sync_cursors",
)


def quick_desk(server: FaultyServer, folder: Path) -> Desk:
    """A person whose worker's heart beats quickly, in real time."""
    return Desk(server, folder, clock=SystemClock(), settings=QUICK)


Table = list[tuple[Any, ...]]


LEDGER = ("analyses", "spent_usd")
"""What a paid answer that comes late may still change."""


def all_rows(services: Services, without: Sequence[str] = ()) -> dict[str, Table]:
    """Everything a job could have written, without some tables and columns."""
    rows = {}
    with services.database.read() as connection:
        for name in WRITTEN_BY_A_JOB:
            found = connection.execute(text(f"SELECT * FROM {name}")).mappings()  # noqa: S608 - our own names
            rows[name] = sorted(tuple(repr(row[key]) for key in row if key not in without) for row in found)
    return {name: table for name, table in rows.items() if name not in without}


def wait_for_heartbeats(services: Services, count: int = HEARTBEATS) -> None:
    """Until the worker has said so many more times that it lives."""
    seen: set[datetime] = set()

    def beaten() -> bool:
        with services.database.read() as connection:
            seen.update(connection.execute(select(workers.c.last_seen_at)).scalars())
        return len(seen) > count

    wait_until(beaten, f"{count} heartbeats", seconds=PATIENCE_S)


def assert_nothing_more_is_written(services: Services, let_go: Callable[[], None], without: Sequence[str] = ()) -> None:
    """Let the answers come that nobody waits for any more, and look for a while."""
    before = all_rows(services, without)
    let_go()
    wait_for_heartbeats(services)
    assert all_rows(services, without) == before


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """Three batches of pull requests; the hourly limits are out of the way."""
    written = [Written(f"Retry number {number} with backoff") for number in range(PULL_REQUESTS)]
    with FaultyServer(small_world(written)).unlimited() as running:
        yield running


# --- from the same process


def cancel_during(server: FaultyServer, folder: Path, route: str, after: int) -> float:
    """Cancel while a call hangs; the seconds it took to be felt."""
    server.faults.clear()
    server.recorder.clear()
    gate = server.faults.hang(route, times=10_000, after=after)
    desk = quick_desk(server, folder)
    try:
        job = desk.launch()
        desk.start()
        gate.wait(PATIENCE_S)
        began = time.monotonic()
        desk.services.queue.cancel(job.id).result()
        desk.wait_until(lambda: desk.job(job).status.finished)
        took = time.monotonic() - began
        ended = desk.job(job)
        assert ended.status is Status.CANCELLED
        assert "Cancelled" in desk.log(job)
        asked = len(server.requests)
        assert_nothing_more_is_written(desk.services, gate.release)
        assert len(server.requests) == asked
        assert all(request.abandoned for request in server.requests if request.fault == "hang")
    finally:
        server.faults.clear()
        desk.close()
    return took


def rounds_in_process(server: FaultyServer, folder: Path, rounds: int) -> None:
    rng = random.Random(10)
    for number in range(rounds):
        route = ROUTES[-1 - number % len(ROUTES)]
        after = rng.randint(0, PULL_REQUESTS // 2) if route == "messages" else 0
        took = cancel_during(server, folder / f"{number}", route, after)
        assert took < IN_PROCESS_BOUND_S + SLACK_S, f"{route}, round {number}"


def test_a_cancel_is_felt_within_a_second_in_the_middle_of_a_call(server: FaultyServer, tmp_path: Path) -> None:
    rounds_in_process(server, tmp_path, ROUNDS)


@pytest.mark.full
def test_fifty_cancels_are_felt_within_a_second_in_the_middle_of_a_call(server: FaultyServer, tmp_path: Path) -> None:
    rounds_in_process(server, tmp_path, FULL_ROUNDS)


def cancel_at_a_random_moment(server: FaultyServer, folder: Path, rng: random.Random) -> Status:
    """Cancel while everything is on the move; a job that was quicker is done."""
    server.faults.clear()
    server.recorder.clear()
    desk = quick_desk(server, folder)
    route, most = rng.choice((("graphql", 5), ("messages", PULL_REQUESTS)))
    try:
        job = desk.launch()
        desk.start()
        server.recorder.wait(route, rng.randint(1, most), PATIENCE_S, ended=rng.random() < 0.5)
        began = time.monotonic()
        if desk.job(job).status.finished:
            return desk.job(job).status
        desk.services.queue.cancel(job.id).result()
        desk.wait_until(lambda: desk.job(job).status.finished)
        assert time.monotonic() - began < IN_PROCESS_BOUND_S + SLACK_S
        asked = len(server.requests)
        assert_nothing_more_is_written(desk.services, lambda: None)
        assert len(server.requests) == asked
        return desk.job(job).status
    finally:
        desk.close()


def random_moments(server: FaultyServer, folder: Path, rounds: int) -> None:
    rng = random.Random(11)
    ends = [cancel_at_a_random_moment(server, folder / f"{number}", rng) for number in range(rounds)]
    assert set(ends) <= {Status.CANCELLED, Status.COMPLETED}
    assert ends.count(Status.CANCELLED) >= rounds / 2


def test_a_cancel_at_any_moment_ends_the_job_and_its_writing(server: FaultyServer, tmp_path: Path) -> None:
    random_moments(server, tmp_path, ROUNDS)


@pytest.mark.full
def test_fifty_cancels_at_any_moment_end_the_job_and_its_writing(server: FaultyServer, tmp_path: Path) -> None:
    random_moments(server, tmp_path, FULL_ROUNDS)


# --- from another process

ACROSS = ("hydrate", "messages")
"""In this order over one home: a sync cancelled in the first stores nothing, one cancelled in the second has evidence."""


def cancel_across(site: Site, route: str) -> float:
    """Cancel by the command line while a worker process hangs in a call; the seconds from the request to the recorded end."""
    site.server.faults.clear()
    gate: Gate = site.server.faults.hang(route, times=10_000)
    job = site.sync()
    gate.wait(PATIENCE_S)
    subprocess.run(
        [PROGRAM, "jobs", "cancel", str(job.id)], env=site.environ, check=True, capture_output=True, timeout=PATIENCE_S
    )
    site.wait_until(lambda: site.job(job.id).status.finished, "the job's end", seconds=ACROSS_BOUND_S + SLACK_S)
    ended = site.job(job.id)
    assert ended.status is Status.CANCELLED
    ((asked_at, ended_at),) = site.rows("SELECT cancel_requested_at, completed_at FROM jobs WHERE id = :id", id=job.id)
    assert_nothing_more_is_written(site.services, gate.release, LEDGER if route == "messages" else ())
    site.server.faults.clear()
    return float(ended_at - asked_at) / 1_000_000  # SQLite keeps microseconds


def cancels_across(open_site: Callable[..., Site], rounds: int) -> None:
    done = 0
    while done < rounds:
        site = open_site()
        site.headless().worker_id()
        for route in ACROSS[: rounds - done]:
            took = cancel_across(site, route)
            done += 1
            assert took < ACROSS_BOUND_S, f"{route}, round {done}: {took} s"
        site.close()


def test_a_cancel_is_felt_by_another_process(open_site: Callable[..., Site]) -> None:
    cancels_across(open_site, len(ACROSS))


@pytest.mark.full
def test_fifty_cancels_are_felt_by_another_process(open_site: Callable[..., Site]) -> None:
    cancels_across(open_site, FULL_ROUNDS)


def test_a_waiting_job_is_cancelled_at_once_and_never_begun(server: FaultyServer, tmp_path: Path) -> None:
    """The other half of the promise: a job nobody runs yet."""
    server.recorder.clear()
    desk = quick_desk(server, tmp_path)
    job = desk.launch()
    assert desk.services.queue.cancel(job.id).result().status is Status.CANCELLED
    desk.start()
    wait_for_heartbeats(desk.services, 1)
    assert desk.job(job).status is Status.CANCELLED
    assert server.requests == []
    desk.close()


@pytest.mark.parametrize("act", ["cancel", "stop"])
def test_long_hostile_comments_do_not_delay_it(act: str, tmp_path: Path) -> None:
    """A hundred comments of 64 KB, each a text that makes rules for secrets try again and again."""
    comments = tuple((piece * 64_000)[:64_000] for piece in ("PASS=", "-----", "key: ", "bearer=", "://a:") * 20)
    with FaultyServer(small_world([Written("Long", comments=comments)])).unlimited() as server:
        desk = quick_desk(server, tmp_path)
        job = desk.launch("acme/shop", analyse=False)
        desk.start()
        server.recorder.wait("hydrate", 1, PATIENCE_S, ended=True)
        began = time.monotonic()
        if act == "cancel":
            desk.services.queue.cancel(job.id).result()
            desk.wait_until(lambda: desk.job(job).status.finished)
            assert time.monotonic() - began < IN_PROCESS_BOUND_S + SLACK_S
        else:
            desk.stop()
            assert time.monotonic() - began < STOP_BOUND_S + SLACK_S
        desk.close()
