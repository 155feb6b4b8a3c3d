"""Promise 5: it stops cleanly. Every way to end the program, at random moments, while GitHub hangs.

Gone within two seconds, no job left RUNNING, no attempt spent, the terminal as it was. What a person sees when they quit in the
middle of matching is in tests/acceptance; here the moment is what varies, from the first instruction of the process on.
"""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from devtrail_tui.core.job import Status
from tests.acceptance.terminal import Terminal
from tests.doubles.recorder import Recorded
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_sound
from tests.faults.processes import Site
from tests.faults.worker_processes import LOOK_S, PATIENCE_S
from tests.house.program import PROGRAM

BOUND_S = 2.0
SLACK_S = 1.0
"""What a busy test machine may add."""
LONGEST_LIFE_S = 2.0
"""A program that is ended at a moment of its own start is ended at most so long after it was started."""
REPOSITORIES = ("acme/shop", "acme/api", "acme/web")
MOST_ANSWERS = 9
"""GitHub answers fewer times than this before it hangs: a sync of these repositories asks at least so often."""

SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT")
NOT_YET_OURS = "init_import_site"
"""What Python says, with exit code 1, of a Ctrl+C that comes while it starts itself."""


class Moment:
    """When to end a program: some time after GitHub began to hang, or some time after the program was started."""

    def __init__(self, server: FaultyServer, rng: random.Random) -> None:
        self._when_hung = rng.random() < 0.5
        self._seconds = rng.uniform(0, 0.3 if self._when_hung else LONGEST_LIFE_S)
        server.faults.clear()
        answers = rng.randrange(MOST_ANSWERS) if self._when_hung else 0
        self._gate = server.faults.hang(of_github, times=10_000, after=answers)

    def wait(self, meanwhile: Callable[[float], object]) -> None:
        """Until it has come. `meanwhile(seconds)` passes a little time: a terminal that nobody reads would hold the app up."""
        if self._when_hung:
            deadline = time.monotonic() + PATIENCE_S
            while not self._hung():
                assert time.monotonic() < deadline, "GitHub was not asked"
                meanwhile(LOOK_S)
        over = time.monotonic() + self._seconds
        while time.monotonic() < over:
            meanwhile(LOOK_S)

    def _hung(self) -> bool:
        try:
            self._gate.wait(0)
        except TimeoutError:
            return False
        return True


def of_github(request: Recorded) -> bool:
    return request.service == "github"


def assert_given_back(site: Site) -> None:
    """Nothing runs; the job is PENDING as if it had not been tried, and everything else is in order too.

    A `sync` that ended before it stored its job leaves none.
    """
    jobs = [site.job(job_id) for (job_id,) in site.rows("SELECT id FROM jobs WHERE status <> 'CANCELLED'")]
    assert len(jobs) <= 1
    for job in jobs:
        assert (job.status, job.attempt, job.crashes, job.error) == (Status.PENDING, 0, 0, None)
        assert {attempt.outcome for attempt in site.attempts(job.id)} <= {"released"}
        site.services.queue.cancel(job.id).result()
    assert_sound(site)


@pytest.fixture
def terminals(site: Site) -> Iterator[Callable[[], Terminal]]:
    """Opens the app; closed again after the test."""
    opened: list[Terminal] = []

    def open_one() -> Terminal:
        opened.append(site.terminal())
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def end_the_app(terminal: Terminal, how: str) -> float:
    """The seconds from the last thing a person does to the end of the process."""
    if how == "closed":
        return terminal.hang_up()
    if how != "q":
        terminal.child.kill(getattr(signal, how))
        return terminal.wait_for_end()
    terminal.wait_until(lambda screen: "quit" in screen or not terminal.alive, "the frame")
    terminal.type("q")
    terminal.wait_until(lambda screen: "Quit anyway?" in screen or not terminal.alive, "the question or the end")
    if terminal.alive:
        terminal.type("y")
    return terminal.wait_for_end()


@pytest.mark.parametrize("times", [1, pytest.param(30, marks=pytest.mark.full)])
@pytest.mark.parametrize("how", [*SIGNALS, "q", "closed"])
def test_the_app_ends_cleanly_at_any_moment(
    how: str, times: int, site: Site, server: FaultyServer, terminals: Callable[[], Terminal]
) -> None:
    rng = random.Random(f"{how} {times}")
    slowest = 0.0
    for _ in range(times):
        moment = Moment(server, rng)
        site.sync(*REPOSITORIES, analyse=False)
        terminal = terminals()
        moment.wait(terminal.read)
        assert terminal.alive
        took = end_the_app(terminal, how)
        slowest = max(slowest, took)
        assert took < BOUND_S + SLACK_S
        if how != "closed":
            assert terminal.left_on() == []
        assert_given_back(site)
        terminal.close()
    print(f"{how}: {times} times, slowest {slowest:.2f} s")


@pytest.mark.parametrize(
    ("command", "how", "times"),
    [
        *(("work", how, 1) for how in SIGNALS),
        ("sync", "SIGTERM", 1),
        *(pytest.param(*each, 30, marks=pytest.mark.full) for each in itertools.product(("work", "sync"), SIGNALS)),
    ],
)
def test_a_command_ends_cleanly_at_any_moment(
    command: str, how: str, times: int, site: Site, server: FaultyServer
) -> None:
    rng = random.Random(f"{how} {command} {times}")
    slowest = 0.0
    for _ in range(times):
        moment = Moment(server, rng)
        if command == "work":
            site.sync(*REPOSITORIES, analyse=False)
        process = site.headless(*(["work"] if command == "work" else ["sync", *REPOSITORIES, "--no-analyse"]))
        moment.wait(threading.Event().wait)
        assert process.alive
        began = time.monotonic()
        process.send(getattr(signal, how))
        code = process.wait()
        took = time.monotonic() - began
        slowest = max(slowest, took)
        assert took < BOUND_S + SLACK_S, site.said_by(process)
        said = site.said_by(process)
        assert code in (130, -getattr(signal, how)) or NOT_YET_OURS in said, said
        assert_given_back(site)
    print(f"{command}, {how}: {times} times, slowest {slowest:.2f} s")


def test_nohup_keeps_a_worker_alive_when_its_terminal_goes(site: Site) -> None:
    worker = site.headless(launcher=("nohup", PROGRAM))
    worker.worker_id()
    worker.send(signal.SIGHUP)
    job = site.sync("acme/web", analyse=False)
    site.wait_for_status("COMPLETED", job.id)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 130
