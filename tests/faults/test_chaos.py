"""Everything at once: app, workers, every command, kills, stops, cancels, backups; then the rules of the database are checked."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from devtrail_tui.demo.latency import Latency
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_sound
from tests.faults.processes import Site, slices
from tests.faults.worker_processes import WorkerProcess
from tests.house.program import PROGRAM

COMMAND_BOUND_S = 60.0
"""A command that takes longer hangs; waiting for a busy database is part of it."""
CALLS_AT_ONCE = 4
REPOSITORIES = ("acme/web", "acme/api", "acme/platform", "acme/shop")


@dataclass
class Chaos:
    """One run: what was done, and which commands did not end as they should."""

    site: Site
    rng: random.Random
    deletes: bool
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self._starts: list[Callable[[], WorkerProcess]] = [self.site.app, *[self.site.headless] * 3]
        self._workers = [start() for start in self._starts]
        self._days = slices(self.site.server, 12)

    def step(self) -> None:
        """One random act."""
        acts = (self.kill, self.stop, self.launch, self.command, self.command, self.command, self.misbehave)
        act = self.rng.choice(acts)
        self.done[act.__name__] += 1
        act()

    def kill(self) -> None:
        place = self.rng.randrange(len(self._workers))
        worker = self._workers[place]
        if worker.alive:
            self.site.kill_fairly(worker)
        self._workers[place] = self._starts[place]()

    def stop(self) -> None:
        place = self.rng.randrange(len(self._workers))
        if self._workers[place].alive:
            self._workers[place].send(self.rng.choice((signal.SIGTERM, signal.SIGHUP)))
            self._workers[place].wait()
        self._workers[place] = self._starts[place]()

    def launch(self) -> None:
        since, until = self.rng.choice(self._days)
        days = ("--since", since.isoformat(), "--until", until.isoformat())
        self.run("sync", self.rng.choice(REPOSITORIES), *days, "--no-wait", "--budget", "20")

    def command(self) -> None:
        job = str(self.rng.randint(1, 30))
        commands = (
            ("jobs", "list"),
            ("jobs", "show", job),
            ("jobs", "cancel", job),
            ("jobs", "retry", job),
            ("logs", job),
            ("evidence", "list"),
            ("evidence", "export", "--format", "csv"),
            ("criteria", "list"),
            ("config", "list"),
            ("db", "backup"),
            ("db", "check"),
            ("doctor",),
            ("work", "--once"),
        )
        deletions = (("jobs", "delete", job), ("jobs", "cleanup", "--days", "0.0001"))
        self.run(*self.rng.choice((*commands, *(deletions if self.deletes else ()))))

    def misbehave(self) -> None:
        faults = self.site.server.faults
        spoil = self.rng.choice((Fault.close(), Fault.bad_gateway(502), ClaudeFault.overloaded(), ClaudeFault.limit(1)))
        faults.next(self.rng.choice(("hydrate", "search", "messages")), spoil, times=self.rng.randint(1, 3))

    def run(self, *arguments: str) -> None:
        command = [PROGRAM, *arguments]
        try:
            done = subprocess.run(
                command, env=self.site.environ, capture_output=True, text=True, check=False, timeout=COMMAND_BOUND_S
            )
        except subprocess.TimeoutExpired:
            self.faults.append(f"{arguments} hangs")
            return
        if done.returncode not in (0, 1, 2) or "Traceback" in done.stderr or "internal error" in done.stderr:
            self.faults.append(f"{arguments}: exit {done.returncode}: {done.stderr[-500:]}")

    def settle(self) -> None:
        """Let the work end in peace."""
        self.site.server.faults.clear()
        for place, worker in enumerate(self._workers):
            if not worker.alive:
                self._workers[place] = self._starts[place]()
        active = "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'RUNNING')"
        self.site.write("UPDATE jobs SET run_at = created_at WHERE status = 'PENDING'")
        self.site.wait_until(lambda: self.site.rows(active) == [(0,)], "the end of all jobs", seconds=300)


def paid_again(server: FaultyServer) -> int:
    """How many answers were given to a request that had one already."""
    answered = Counter(each.body for each in server.requests if "messages" in each.routes and not each.fault)
    return sum(times - 1 for times in answered.values())


@pytest.mark.parametrize(
    ("seconds", "seed", "deletes"),
    [
        pytest.param(8, 1, True, id="short"),
        pytest.param(300, 2, False, marks=pytest.mark.full, id="five minutes"),
        pytest.param(300, 3, True, marks=pytest.mark.full, id="five minutes with deletions"),
    ],
)
def test_no_rule_is_broken(seconds: float, seed: int, deletes: bool, site: Site, server: FaultyServer) -> None:  # noqa: FBT001 - a parameter
    server.latency = Latency(github=0.01, claude=0.4)
    chaos = Chaos(site, random.Random(seed), deletes)
    chaos.begin()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline or not chaos.done["kill"]:
        chaos.step()
    chaos.settle()
    print(f"{dict(chaos.done)}; paid again: {paid_again(server)}")
    assert chaos.faults == []
    assert_sound(site, jobs_deleted=deletes)
    assert paid_again(server) <= CALLS_AT_ONCE * (chaos.done["kill"] + chaos.done["stop"] + chaos.done["misbehave"])
    assert list((site.home / "logs").glob("crash-*")) == []
    assert list((site.home / "data" / "backups").glob(".*.unfinished")) == []
