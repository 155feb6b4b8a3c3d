"""Fixtures of the store's tests. `database` is parametrised by backend, so that another one runs the same suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.store_examples import ManualClock

from devtrail_tui.core.job import Claim, NewJob
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.criteria_store import CriteriaStore
from devtrail_tui.store.engine import Database
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.job_queue import JobQueue
from devtrail_tui.store.views import Views


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    urls = {"sqlite": f"sqlite:///{tmp_path / 'home' / 'devtrail.db'}"}
    opened = Database(urls[request.param], clock=clock, synchronous="NORMAL")
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def queue(database: Database, clock: ManualClock) -> JobQueue:
    return JobQueue(database, clock)


@pytest.fixture
def log(database: Database, clock: ManualClock) -> JobLog:
    return JobLog(database, clock)


@pytest.fixture
def evidence(database: Database, clock: ManualClock) -> EvidenceStore:
    return EvidenceStore(database, clock)


@pytest.fixture
def criteria(database: Database, clock: ManualClock) -> CriteriaStore:
    return CriteriaStore(database, clock)


@pytest.fixture
def analyses(database: Database) -> Analyses:
    return Analyses(database)


@pytest.fixture
def views(database: Database, clock: ManualClock) -> Views:
    return Views(database, clock)


@pytest.fixture
def running(queue: JobQueue) -> Claim:
    """The claim of a job that runs."""
    job = queue.enqueue(NewJob("GITHUB_SYNC", {"repositories": ["acme/shop"]}, title="acme/shop")).result()
    claimed = queue.claim("desk:1:1000:a", lease_s=30, job_id=job.id).result()
    assert claimed is not None
    return Claim(claimed.id, claimed.claim_no, "desk:1:1000:a")
