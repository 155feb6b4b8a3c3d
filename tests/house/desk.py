"""The program's services in the test's own process, with workers in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.clock import Clock
from devtrail_tui.core.evidence import EvidenceDetail
from devtrail_tui.core.job import Job, LogLine
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN
from devtrail_tui.runtime.worker import Worker
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from tests.doubles.clock import HastyClock
from tests.doubles.server import FaultyServer

PATIENCE_S = 20.0


class Workplace:
    """Open services and the workers that were started over them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._threads: list[tuple[Worker, threading.Thread]] = []

    def start(self, **how: Any) -> Worker:
        """Run a worker in a thread until `stop`."""
        worker = make_worker(self.services, **how)
        thread = threading.Thread(target=worker.run)
        self._threads.append((worker, thread))
        thread.start()
        return worker

    def stop(self) -> None:
        """Stop every worker that was started and wait for its end."""
        for worker, thread in self._threads:
            worker.stop()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        self._threads.clear()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Look again after every commit until `holds`. Fails when nothing is written any more, or nothing but heartbeats."""
        committed, deadline = threading.Event(), time.monotonic() + 2 * PATIENCE_S
        unsubscribe = self.services.database.on_commit(committed.set)
        try:
            while not holds():
                assert committed.wait(PATIENCE_S), "nothing was written any more"
                assert time.monotonic() < deadline, "it was waited for in vain"
                committed.clear()
        finally:
            unsubscribe()

    def close(self) -> None:
        """Stop the workers and let go of the database."""
        self.stop()
        self.services.close()


class Desk(Workplace):
    """One person's program: their environment, their database, the server they talk to. Waits take no time unless another clock
    is passed; `settings` are flags of `load_settings`."""

    def __init__(
        self,
        server: FaultyServer,
        folder: Path,
        *,
        claude: bool = True,
        clock: Clock | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.server = server
        self.clock = HastyClock()
        self.environ = {"DEVTRAIL_HOME": str(folder), "PATH": "", "GITHUB_TOKEN": GITHUB_TOKEN}
        if claude:
            self.environ["ANTHROPIC_API_KEY"] = CLAUDE_KEY
        addresses = {"github_url": server.url, "anthropic_base_url": server.url, "github_pause_s": 0.0}
        loaded = load_settings(self.environ, **{**addresses, **(settings or {})})
        super().__init__(Services(loaded, environ=self.environ, clock=clock or self.clock))
        self.services.open()

    def launch(self, *repositories: str, **raw: Any) -> Job:
        """Enqueue a sync of all repositories, or of those named."""
        names = repositories or tuple(repository.full_name for repository in self.server.world.repositories)
        return launch_job(self.services, "GITHUB_SYNC", {"repositories": list(names), **raw})

    def sync(self, *repositories: str, **raw: Any) -> Job:
        """Launch one and work until nothing can run."""
        return self.work(self.launch(*repositories, **raw))

    def work(self, job: Job) -> Job:
        """Run the worker until nothing can run now; the job as it stands then."""
        make_worker(self.services, once=True).run()
        return self.job(job)

    def job(self, job: Job) -> Job:
        return self.services.views.job(job.id)

    def log(self, job: Job) -> str:
        """The job's whole log as text."""
        lines: Sequence[LogLine] = self.services.job_log.page(job.id, first_seq=1, limit=10_000)
        return "\n".join(f"{line.level}: {line.message}" for line in lines)

    def evidence(self) -> dict[tuple[str, int], EvidenceDetail]:
        """Everything that is stored, by repository and number."""
        details = [self.services.evidence.detail(number) for number in self.services.evidence.ids()]
        return {(each.entry.repository or "", each.entry.pr_number or 0): each for each in details}
