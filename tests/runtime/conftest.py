"""A worker over a real database, with job types made in the tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.context import Context
from devtrail_tui.core.job import Job, LogLine
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind, setting
from devtrail_tui.jobs import Catalogue
from devtrail_tui.runtime.outcomes import Summary
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from tests.house.desk import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A config without settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithToken:
    """A config with one secret."""

    token: str = setting("Token", Kind.SECRET, default="", secret_name="github")


Handler = Callable[[Any, Context], Awaitable[dict[str, Any]]]


class Bench(Workplace):
    """Services on a database of their own, with the job types of a test."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._types: dict[str, JobType[Any]] = {}

    def job_type(self, name: str, run: Handler, config: type[Any] = Nothing, **more: Any) -> None:
        """Add a job type for this test."""
        self._types[name] = JobType(name=name, title=name, config=config, run=run, **more)
        self.services.catalogue = Catalogue(self._types)

    def launch(self, name: str, **raw: Any) -> Job:
        """Enqueue one."""
        return launch_job(self.services, name, raw)

    def work(self, **how: Any) -> Summary:
        """Run a worker here until nothing is left."""
        return make_worker(self.services, once=True, **how).run()

    def job(self, job_id: int) -> Job:
        """The job as it stands in the database."""
        return self.services.views.job(job_id)

    def log(self, job_id: int) -> list[LogLine]:
        """Its whole log."""
        return list(self.services.job_log.page(job_id, first_seq=1, limit=1000))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"DEVTRAIL_HOME": str(tmp_path), "PATH": ""}


@pytest.fixture
def bench(environ: dict[str, str]) -> Iterator[Bench]:
    services = Services(load_settings(environ, lease_s=2.0, heartbeat_s=0.2), environ=environ)
    services.open()
    made = Bench(services)
    yield made
    made.close()
