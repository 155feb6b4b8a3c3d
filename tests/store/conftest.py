"""Fixtures of the store's tests. `database` is parametrised by backend, so that another one runs the same suite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.core.job import Claim, NewJob
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.criteria_store import CriteriaStore
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from tests.doubles.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its schema, to copy: migrating anew for each test would take most of their time."""
    path = tmp_path_factory.mktemp("migrated") / "devtrail.db"
    made = SqliteDatabase(f"sqlite:///{path}", synchronous="NORMAL")
    made.open()
    made.close()
    return path


@pytest.fixture(params=["sqlite"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock, migrated_file: Path
) -> Iterator[SqliteDatabase]:
    urls = {"sqlite": f"sqlite:///{shutil.copy(migrated_file, tmp_path)}"}
    opened = SqliteDatabase(urls[request.param], clock=clock, synchronous="NORMAL")
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def queue(database: SqliteDatabase, clock: ManualClock) -> JobQueue:
    return JobQueue(database, clock)


@pytest.fixture
def log(database: SqliteDatabase) -> JobLog:
    return JobLog(database)


@pytest.fixture
def evidence(database: SqliteDatabase, clock: ManualClock) -> EvidenceStore:
    return EvidenceStore(database, clock)


@pytest.fixture
def criteria(database: SqliteDatabase, clock: ManualClock) -> CriteriaStore:
    return CriteriaStore(database, clock)


@pytest.fixture
def analyses(database: SqliteDatabase) -> Analyses:
    return Analyses(database)


@pytest.fixture
def views(database: SqliteDatabase, clock: ManualClock) -> Views:
    return Views(database, clock)


@pytest.fixture
def running(queue: JobQueue) -> Claim:
    """The claim of a job that runs."""
    job = queue.enqueue(NewJob("GITHUB_SYNC", {"repositories": ["acme/shop"]}, title="acme/shop")).result()
    claimed = queue.claim("desk:1:1000:a", lease_s=30, job_id=job.id).result()
    assert claimed is not None
    return Claim(claimed.id, claimed.claim_no, "desk:1:1000:a")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "devtrail.db"


def opened(path: Path, *, busy_timeout_s: float = 15) -> SqliteDatabase:
    database = SqliteDatabase(
        f"sqlite:///{path}", clock=ManualClock(), busy_timeout_s=busy_timeout_s, synchronous="NORMAL"
    )
    database.open()
    return database
