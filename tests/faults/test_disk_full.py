"""Promise 13: a full disk. No transaction is half, app and worker live, say so in a sentence, and go on when there is room."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.job import Status
from devtrail_tui.demo.latency import Latency
from tests.acceptance.terminal import Terminal
from tests.doubles.server import FaultyServer
from tests.faults.full_disk import SmallDisk, small_disk
from tests.faults.invariants import (
    assert_nothing_lost_nothing_twice,
    assert_sound,
    expected_evidence,
)
from tests.faults.processes import Site, slices
from tests.faults.worker_processes import PATIENCE_S, wait_until

MEGABYTES = 12
"""Of the small disk: a database, its journal and a few backups' worth."""
MOST_LEFT = 120_000
"""Bytes that are left free at most when the disk is filled: from none to a few saves."""
MET_WITHIN = 0.5
"""The share of a sync in which the disk fills up, so that what is left does not fit into pages that are there already."""
SAID = "is full"
HELP = "change keys by name"
GOING_ON = "The delayed data is stored"
AGAIN_S = 10.0
"""How long going on may take once there is room, with slack: a write is tried again every two seconds."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk for a home."""
    with small_disk(tmp_path / "site-0" / "devtrail", MEGABYTES) as mounted:
        if mounted is None:
            if os.environ.get("CI"):
                pytest.fail("CI must be able to mount a tmpfs (as root)")
            pytest.skip("this machine does not let us mount a small disk (root may)")
        yield mounted


@pytest.fixture
def disk_site(disk: SmallDisk, open_site: Callable[..., Site]) -> Site:
    """A site whose home is on the small disk; what its processes say is not."""
    site = open_site()
    assert site.home == disk.folder
    return site


def slow_enough(fills: int) -> Latency:
    """So slow that a sync is not over before the disk was full that often."""
    return Latency(github=0.01, claude=0.1 if fills == 1 else 1.6)


def empty_journal(site: Site) -> None:
    """Fold the -wal into the database: SQLite would otherwise write over old pages in it, for which a full disk has room."""
    with closing(sqlite3.connect(site.services.database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def entries(site: Site) -> int:
    ((count,),) = site.rows("SELECT count(*) FROM evidence_entries")
    return int(count)


def assert_paid_once(site: Site, server: FaultyServer) -> None:
    """No answer that was paid for was dropped for want of room."""
    ((paid,),) = site.rows("SELECT count(*) FROM analyses")
    assert server.count("messages") == paid


SMALL = ("acme/web",)
EVERYTHING = ("acme/shop", "acme/api", "acme/web", "acme/platform")


def counts(short: int, full: int) -> pytest.MarkDecorator:
    """How often the disk fills up, and what is synced meanwhile."""
    return pytest.mark.parametrize(
        ("fills", "repositories"), [(short, SMALL), pytest.param(full, EVERYTHING, marks=pytest.mark.full)]
    )


@counts(1, 20)
def test_a_worker_on_a_disk_that_fills_up(
    disk_site: Site, disk: SmallDisk, server: FaultyServer, fills: int, repositories: Sequence[str]
) -> None:
    site, rng = disk_site, random.Random(fills)
    server.latency = slow_enough(fills)
    jobs = [site.sync(*repositories, since=since, until=until).id for since, until in slices(server, 2)]
    expected = expected_evidence(server.world, *repositories)
    worker = site.headless()
    for number in range(fills):
        wanted = number * MET_WITHIN * len(expected) / fills
        site.wait_until(lambda wanted=wanted: entries(site) >= wanted, "some evidence")  # type: ignore[misc]  # bound now
        said = site.said_by(worker).count(SAID)
        empty_journal(site)
        disk.fill(leave=rng.choice((0, rng.randrange(MOST_LEFT))))
        site.wait_until(lambda said=said: site.said_by(worker).count(SAID) > said, "the sentence")  # type: ignore[misc]  # bound now
        assert worker.alive
        assert_sound(site)
        disk.make_room()
        site.wait_until(
            lambda number=number: site.said_by(worker).count(GOING_ON) > number,  # type: ignore[misc]  # bound now
            "the worker to go on",
            seconds=AGAIN_S,
        )
    site.wait_for_status("COMPLETED", *jobs, seconds=120)
    assert worker.alive
    assert "Traceback" not in site.said_by(worker)
    assert_nothing_lost_nothing_twice(site, jobs, expected)
    assert_paid_once(site, server)
    assert site.rows("SELECT count(*) FROM job_attempts WHERE outcome <> 'completed'") == [(0,)]
    print(f"{fills} times full: {len(expected)} entries, {server.count('messages')} paid calls")


@counts(1, 10)
def test_the_app_on_a_disk_that_fills_up(
    disk_site: Site, disk: SmallDisk, server: FaultyServer, fills: int, repositories: Sequence[str]
) -> None:
    site, expected = disk_site, expected_evidence(server.world, *repositories)
    server.latency = slow_enough(fills)
    job = site.sync(*repositories)
    terminal = site.terminal()
    try:
        for number in range(fills):
            wanted = number * MET_WITHIN * len(expected) / fills
            wait_showing(terminal, lambda wanted=wanted: entries(site) > wanted, "some evidence")  # type: ignore[misc]  # bound now
            empty_journal(site)
            disk.fill()
            terminal.wait_for(SAID)
            assert_it_answers(terminal)
            disk.make_room()
            terminal.wait_for("continues.", seconds=AGAIN_S)
        wait_showing(terminal, lambda: site.job(job.id).status is Status.COMPLETED, "the sync's end")
    finally:
        terminal.close()
    assert_nothing_lost_nothing_twice(site, [job.id], expected)
    assert_paid_once(site, server)


def wait_showing(terminal: Terminal, holds: Callable[[], bool], what: str) -> None:
    """Wait for something in the database while the terminal is read."""
    terminal.wait_until(lambda _screen: holds(), what, seconds=PATIENCE_S)


def assert_it_answers(terminal: Terminal) -> None:
    """Keys still do what they do."""
    terminal.type("?")
    terminal.wait_for(HELP)
    terminal.type("\x1b")
    terminal.wait_until(lambda screen: HELP not in screen, "the help to close")


@counts(1, 20)
def test_a_database_that_may_not_grow(
    site: Site, server: FaultyServer, fills: int, repositories: Sequence[str]
) -> None:
    """The same without a disk to fill, so that it runs everywhere: SQLite is told to keep to the pages it has."""
    server.latency = slow_enough(fills)
    job = site.sync(*repositories)
    worker = make_worker(site.services)
    thread = threading.Thread(target=worker.run)
    thread.start()
    expected = expected_evidence(server.world, *repositories)
    try:
        for number in range(fills):
            wanted = number * MET_WITHIN * len(expected) / fills
            site.wait_until(lambda wanted=wanted: entries(site) > wanted, "some evidence")  # type: ignore[misc]  # bound now
            keep_to_pages(site, site.rows("PRAGMA page_count")[0][0])
            site.wait_until(lambda: SAID in worker.trouble, "the worker to say so")
            assert_sound(site)
            keep_to_pages(site, 1_000_000)
            site.wait_until(lambda: not worker.trouble, "the worker to go on", seconds=AGAIN_S)
        site.wait_for_status("COMPLETED", job.id)
    finally:
        worker.stop()
        thread.join(PATIENCE_S)
    assert_nothing_lost_nothing_twice(site, [job.id], expected)
    assert_paid_once(site, server)


def keep_to_pages(site: Site, most: int) -> None:
    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={most}").scalar()

    site.services.database.write(limit).result()


@pytest.mark.full
def test_once_does_not_end_while_there_is_no_room(disk_site: Site, disk: SmallDisk, server: FaultyServer) -> None:
    """`work --once` ends when nothing is left to do, not when nothing can be done."""
    site = disk_site
    job = site.sync("acme/web")
    disk.fill()
    worker = site.headless("work", "--once")
    wait_until(lambda: SAID in site.said_by(worker) or not worker.alive, "the sentence")
    if not worker.alive:  # not even the worker's own row could be written
        assert worker.wait() == 2
        assert SAID in site.said_by(worker)
        disk.make_room()
        worker = site.headless("work", "--once")
    disk.make_room()
    assert worker.wait() == 0, site.said_by(worker)
    assert site.job(job.id).status is Status.COMPLETED


STOPPED_WITHIN_S = 2.0
SLACK_S = 6.0
"""What a busy machine may add."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("arguments", [("work",), ("sync", "acme/web", "acme/shop", "--since", "2020-01-01")])
def test_a_signal_on_a_full_disk_ends_the_program(
    disk_site: Site, disk: SmallDisk, server: FaultyServer, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    """The job cannot be given back; the next start finds a dead owner, takes it over and completes it."""
    site, server.latency = disk_site, slow_enough(1)
    expected = expected_evidence(server.world, "acme/web", "acme/shop")
    if arguments == ("work",):
        site.sync("acme/web", "acme/shop")
    worker = site.headless(*arguments)
    site.wait_until(lambda: entries(site) > 2, "some evidence")
    empty_journal(site)
    disk.fill()
    site.wait_until(lambda: SAID in site.said_by(worker), "the sentence")
    began = time.monotonic()
    worker.send(number)
    code = worker.wait()
    assert time.monotonic() - began < STOPPED_WITHIN_S + SLACK_S
    assert code in (1, 2, 130, 143), site.said_by(worker)
    assert "Traceback" not in site.said_by(worker)
    disk.make_room()
    (job_id,) = (row[0] for row in site.rows("SELECT id FROM jobs"))
    assert site.headless("work", "--once").wait() == 0
    assert site.job(job_id).status is Status.COMPLETED
    assert_nothing_lost_nothing_twice(site, [job_id], expected)
