"""Another program stands still in the middle of a commit (SIGSTOP, a suspended machine's share, a debugger): for as long as it
holds SQLite's locks nobody can read or write. Ours wait for it, say so, can be ended, and go on when it does.

Which instruction a SIGSTOP hits is chance, so a program of the test's own takes the same locks: those that a process holds
while it rebuilds the index of the write-ahead log (SQLite, "WAL-mode File Format", section 2.3.1).
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devtrail_tui.core.status import Status
from tests.faults.processes import Site

SAID = "is suspended during"
AGAIN = ("can be read again", "The delayed data is stored")
"""Whoever met it says so: the eye that watches the jobs, or the worker."""
SQLITE_GIVES_UP_S = 30.0
"""SQLite tries to begin a reading for some ten seconds of waiting, more on a busy machine."""
END_S = 2.5
"""Two seconds, and what a busy test machine may add."""
HOLDER = """
import fcntl, os, sys
file = os.open(sys.argv[1] + "-shm", os.O_RDWR)
fcntl.lockf(file, fcntl.LOCK_EX, 5, 123)  # the five marks of those who read
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(site: Site) -> Iterator[None]:
    """Nobody can begin to read, until the block ends."""
    command = [sys.executable, "-c", HOLDER, str(site.services.database.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.kill()


@pytest.mark.full
def test_a_worker_waits_says_so_and_goes_on(site: Site) -> None:
    worker = site.headless()
    worker.worker_id()
    with held(site):
        site.wait_until(lambda: SAID in site.said_by(worker), "the sentence", seconds=SQLITE_GIVES_UP_S)
        assert worker.alive
    site.wait_until(
        lambda: any(each in site.said_by(worker) for each in AGAIN), "the end of it", seconds=SQLITE_GIVES_UP_S
    )
    job = site.sync("acme/web")
    site.wait_for_status(Status.COMPLETED, job.id)
    assert "Traceback" not in site.said_by(worker)


@pytest.mark.full
def test_the_app_waits_says_so_and_goes_on(site: Site) -> None:
    terminal = site.terminal()
    try:
        terminal.wait_for("worker ●")
        with held(site):
            terminal.wait_for(SAID, seconds=SQLITE_GIVES_UP_S)
        terminal.wait_until(
            lambda screen: any(each in screen for each in AGAIN), "the end of it", seconds=SQLITE_GIVES_UP_S
        )
        job = site.sync("acme/web")
        terminal.wait_until(lambda _: site.job(job.id).status is Status.COMPLETED, "the sync's end", seconds=60)
        terminal.type("q")
        terminal.wait_for_end()
    finally:
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)])
def test_a_worker_ends_while_it_waits(site: Site, number: signal.Signals) -> None:
    worker = site.headless()
    worker.worker_id()
    with held(site):
        worker.send(number)
        took = site.wait_until(lambda: not worker.alive, "the end")
    assert took < END_S
    assert "Traceback" not in site.said_by(worker)


@pytest.mark.full
def test_the_app_ends_while_it_waits(site: Site) -> None:
    terminal = site.terminal()
    try:
        terminal.wait_for("worker ●")
        with held(site):
            terminal.type("q")
            terminal.wait_for_end(seconds=END_S)
        assert terminal.left_on() == []
    finally:
        terminal.close()
