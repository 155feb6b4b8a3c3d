"""Real workers to be killed, stopped and hung up: the installed program in processes of their own, over one home.

`Site` is a home with its database, the demo's GitHub and Claude, the test's own services, and every worker process
that was started on it. A worker process is the app in a pseudo-terminal (`AppWorker`) or `devtrail-tui work` (`HeadlessWorker`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from select import select
from typing import Any, TypeVar

import sqlalchemy as sa

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.core.errors import DatabaseBusy
from devtrail_tui.core.job import Job, NewJob
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from devtrail_tui.store.queue import POISON_CRASHES
from devtrail_tui.store.tables import job_attempts
from tests.acceptance.terminal import Terminal
from tests.doubles.server import FaultyServer
from tests.house.program import CHECKOUT, PROGRAM, environ_of, install, write_config

PATIENCE_S = 60.0
"""How long a test waits for another process before it gives up; a sign of a fault, never part of what is measured."""
LOOK_S = 0.01
"""How often a condition that another process makes true is looked at."""

LAUNCHER = (sys.executable, "-m", "tests.faults.launcher")
"""Stands in for the program: the same, with a fault built in."""

QUICK: Mapping[str, float] = {"lease_s": 1.0, "heartbeat_s": 0.25, "github_pause_s": 0}
"""Settings that make faults come to light quickly."""


class WorkerProcess(ABC):
    """A process with a worker in it. Signals go to the process itself, not to its group."""

    pid: int

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether it still runs; an ended process is reaped by the question."""

    @abstractmethod
    def wait(self) -> int:
        """Wait for its end; the exit code, negative for the signal that killed it."""

    @abstractmethod
    def close(self) -> None:
        """End it whatever it does, and let go of what belongs to it."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`, and wait until nothing is left of it."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """SIGSTOP, and wait until the system has stopped it."""
        self.send(signal.SIGSTOP)
        self._site.wait_until(lambda: _state_of(self.pid) == "T", "the process to be stopped")

    def go_on(self) -> None:
        """SIGCONT."""
        self.send(signal.SIGCONT)

    def worker_id(self) -> str:
        """The id its worker registered under; waits until it has."""
        found: list[Any] = []

        def registered() -> bool:
            found[:] = self._site.rows(
                "SELECT id FROM workers WHERE pid = :pid ORDER BY started_at DESC LIMIT 1", pid=self.pid
            )
            assert found or self.alive, f"the worker ended before it registered:\n{self._site.said_by(self)}"
            return bool(found)

        self._site.wait_until(registered, "the worker to register")
        return str(found[0][0])


class HeadlessWorker(WorkerProcess):
    """`devtrail-tui work` or any other command; what it says goes to a file."""

    def __init__(self, site: Site, command: Sequence[str], environ: Mapping[str, str], said: Path) -> None:
        super().__init__(site)
        self.said = said
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a stopped process may bring SIGHUP upon all of its group
            )
        self.pid = self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.alive:
            self.process.kill()
        self.process.wait(PATIENCE_S)


class AppWorker(WorkerProcess):
    """The app in a pseudo-terminal that a thread reads for as long as the app lives, so that it never waits to be read."""

    def __init__(self, site: Site, command: Sequence[str], environ: Mapping[str, str]) -> None:
        super().__init__(site)
        self._child = Terminal(command, environ).child
        self.pid = int(self._child.pid)
        self._reader = threading.Thread(target=self._read_on, name="terminal-reader", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        running: bool = self._child.ptyproc.isalive()
        return running

    def wait(self) -> int:
        self._site.wait_until(lambda: not self.alive, "the app to end")
        process = self._child.ptyproc
        return -int(process.signalstatus) if process.signalstatus is not None else int(process.exitstatus)

    def type(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def close(self) -> None:
        if self.alive:
            self.send(signal.SIGKILL)
            self.wait()
        self._reader.join(PATIENCE_S)
        self._child.close(force=True)

    def _read_on(self) -> None:
        descriptor = self._child.child_fd
        with contextlib.suppress(OSError):  # Linux: EIO once the other side is closed
            while True:
                ready, _, _ = select([descriptor], [], [], 0.2)
                if ready and not os.read(descriptor, 65536):
                    return
                if not ready and not _exists(self.pid):
                    return


P = TypeVar("P", bound=WorkerProcess)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of `job_attempts`."""

    claim_no: int
    worker_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None


class Site:
    """A home, the services it talks to, and the worker processes on it. `settings` are those of its config.toml.

    `job_types` are names in tests/faults/job_types.py, or `module:NAME`; worker processes find them as they find any installed
    plugin.
    """

    def __init__(
        self,
        server: FaultyServer,
        folder: Path,
        *,
        claude: bool = True,
        job_types: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        **settings: float | str,
    ) -> None:
        self.server = server
        self.home = folder / "devtrail"
        self.settings = {**QUICK, **settings}
        names = [each if ":" in each else f"tests.faults.job_types:{each}" for each in job_types]
        plugins = install(folder / "plugins", "devtrail_faults", names)["PYTHONPATH"]
        self.environ = {
            **environ_of(folder, server, claude=claude),
            **(environ or {}),
            "PYTHONPATH": os.pathsep.join((str(CHECKOUT), plugins)),
        }
        self._write_settings()
        self.services = Services(load_settings(self.environ), environ=self.environ)
        self.services.open()
        self._processes: list[WorkerProcess] = []

    # -- processes

    def headless(self, *arguments: str, launcher: Sequence[str] = (PROGRAM,), **environ: str) -> HeadlessWorker:
        """Start `devtrail-tui work`, or another command. `launcher` stands in for the program; `environ` is added."""
        said = self.home.parent / f"said-{len(self._processes)}.txt"
        command = [*launcher, *(arguments or ("work",))]
        return self._started(HeadlessWorker(self, command, {**self.environ, **environ}, said))

    def app(self, *, launcher: Sequence[str] = (PROGRAM,), **environ: str) -> AppWorker:
        """Start the app in a pseudo-terminal."""
        return self._started(AppWorker(self, launcher, {**self.environ, **environ}))

    def terminal(self, *arguments: str, **how: Any) -> Terminal:
        """Start the program in a terminal whose screen the test reads itself; whoever asks closes it."""
        return Terminal([PROGRAM, *arguments], self.environ, **how)

    def said_by(self, process: WorkerProcess) -> str:
        """What a headless process has said so far."""
        return process.said.read_text() if isinstance(process, HeadlessWorker) else "(the app says nothing)"

    def kill_fairly(self, worker: WorkerProcess) -> None:
        """`kill -9`, but not while it runs a job that crashed twice and saved nothing since: a third crash would rightly fail
        that job (promise 7)."""
        nearly_poison = (
            "SELECT 1 FROM jobs JOIN workers ON workers.id = worker_id"
            " WHERE pid = :pid AND status = 'RUNNING' AND crashes >= :many"
        )

        def allowed() -> bool:
            worker.stop()
            try:
                spared = bool(self.rows(nearly_poison, pid=worker.pid, many=POISON_CRASHES - 1))
            except DatabaseBusy:  # it was stopped in the middle of a commit, which nobody can look past
                spared = True
            if spared:
                worker.go_on()
            return not spared

        self.wait_until(allowed, "a save by a job that crashed twice")
        worker.kill()

    # -- the queue and the evidence, from the test's own process

    def sync(self, *repositories: str, since: date | None = None, until: date | None = None, **raw: Any) -> Job:
        """Enqueue a sync of all repositories, or of those named, over the days the demo's data spans or those given."""
        names = repositories or tuple(repository.full_name for repository in self.server.world.repositories)
        days = {"startDate": (since or first_day(self.server)).isoformat()}
        if until is not None:
            days["endDate"] = until.isoformat()
        return launch_job(self.services, "GITHUB_SYNC", {"repositories": list(names), **days, **raw})

    def enqueue(self, type_name: str, **fields: Any) -> Job:
        """Enqueue a job of a type that only the worker processes need to know."""
        return self.services.queue.enqueue(NewJob(type_name, **fields)).result()

    def job(self, job_id: int) -> Job:
        """The job as it stands in the database."""
        return self.services.views.job(job_id)

    def attempts(self, job_id: int) -> list[Attempt]:
        """Every claim of the job, oldest first."""
        statement = sa.select(*(job_attempts.c[each.name] for each in fields(Attempt)))
        with self.services.database.read() as connection:
            rows = connection.execute(
                statement.where(job_attempts.c.job_id == job_id).order_by(job_attempts.c.claim_no)
            )
            return [Attempt(*row) for row in rows]

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a SELECT finds now."""
        with self.services.database.read() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement), values)]

    def write(self, statement: str, **values: Any) -> None:
        """Change rows behind the program's back."""
        self.services.database.write(lambda connection: connection.execute(sa.text(statement), values)).result()

    def wait_until(self, holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE_S) -> float:
        """Look again until `holds`; the seconds that took. Fails after `seconds`."""
        return wait_until(holds, what, seconds=seconds)

    def wait_for_status(self, status: str, *job_ids: int, seconds: float = PATIENCE_S) -> None:
        """Wait until all these jobs are in that state; fails at once where one of them ended otherwise."""
        waiting = set(job_ids)

        def there() -> bool:
            for job_id in tuple(waiting):
                job = self.job(job_id)
                if job.status == status:
                    waiting.discard(job_id)
                assert job.status == status or not job.status.finished, f"job {job_id}: {job.status}: {job.error}"
            return not waiting

        self.wait_until(there, f"{status} of jobs {sorted(waiting)}", seconds=seconds)

    def close(self) -> None:
        """End every process that was started, then let go of the database."""
        self.server.faults.clear()
        for process in self._processes:
            process.close()
        self.services.close()

    def _started(self, process: P) -> P:
        self._processes.append(process)
        return process

    def _write_settings(self) -> None:
        values = {name: f'"{value}"' if isinstance(value, str) else value for name, value in self.settings.items()}
        write_config(self.home, *(f"{name} = {value}" for name, value in values.items()))


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE_S) -> float:
    """Look again until `holds`; the seconds that took. Fails after `seconds`."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(LOOK_S)
    return time.monotonic() - began


def slices(server: FaultyServer, count: int) -> list[tuple[date, date]]:
    """All days of the server's data in `count` stretches that follow each other; both ends are included."""
    first, last = first_day(server).toordinal(), datetime.now(UTC).date().toordinal() - 1
    ends = [first + (last + 1 - first) * place // count for place in range(count + 1)]
    return [(date.fromordinal(begin), date.fromordinal(end - 1)) for begin, end in pairwise(ends)]


def first_day(server: FaultyServer) -> date:
    """The day before the oldest merged pull request of the server's data."""
    merged = (pull.merged_at for pull in server.world.pull_requests if pull.merged_at is not None)
    return date.fromordinal(min(merged).date().toordinal() - 1)


def _state_of(pid: int) -> str:
    """The letter the system gives a process's state: R, S, T (stopped), Z."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
