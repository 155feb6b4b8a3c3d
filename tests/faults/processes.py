"""Real workers to be killed, stopped and hung up: the installed program in processes of their own, over one home.

`Site` is a home with its database, the demo's GitHub and Claude, the test's own services, and every worker process
that was started on it. A worker process is the app in a pseudo-terminal (`AppWorker`) or `devtrail-tui work` (`HeadlessWorker`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
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
from tests.faults.worker_processes import PATIENCE_S, AppWorker, HeadlessWorker, WorkerProcess, wait_until
from tests.house.program import CHECKOUT, PROGRAM, environ_of, install, write_config

LAUNCHER = (sys.executable, "-m", "tests.faults.launcher")
"""Stands in for the program: the same, with a fault built in."""

QUICK: Mapping[str, float] = {"lease_s": 1.0, "heartbeat_s": 0.25, "github_pause_s": 0}
"""Settings that make faults come to light quickly."""


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


def slices(server: FaultyServer, count: int) -> list[tuple[date, date]]:
    """All days of the server's data in `count` stretches that follow each other; both ends are included."""
    first, last = first_day(server).toordinal(), datetime.now(UTC).date().toordinal() - 1
    ends = [first + (last + 1 - first) * place // count for place in range(count + 1)]
    return [(date.fromordinal(begin), date.fromordinal(end - 1)) for begin, end in pairwise(ends)]


def first_day(server: FaultyServer) -> date:
    """The day before the oldest merged pull request of the server's data."""
    merged = (pull.merged_at for pull in server.world.pull_requests if pull.merged_at is not None)
    return date.fromordinal(min(merged).date().toordinal() - 1)
