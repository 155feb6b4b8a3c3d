"""A worker notices at once what another process commits, and a job whose time comes begins then; it polls for neither."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from devtrail_tui.core.job import Job
from tests.faults.processes import Site

JOBS = 9
NOTICED_S = 0.25
"""Some 20 ms, and what a busy test machine may add; without being woken a worker looks every second only."""
LATE_S = 0.5


@pytest.fixture
def holding_site(open_site: Callable[..., Site]) -> Site:
    """A site that knows the job which waits until somebody ends it. A setting of an earlier version asks for five seconds between
    two looks."""
    return open_site(job_types=("HOLD",), lease_s=30.0, heartbeat_s=10.0, poll_s=5.0)


def started_after(site: Site, job: Job, moment: datetime) -> float:
    """Seconds from `moment` to the job's start; the job is ended again."""
    site.wait_until(lambda: site.job(job.id).started_at is not None, "the job to start")
    started_at = site.job(job.id).started_at
    assert started_at is not None
    site.services.queue.cancel(job.id).result()
    site.wait_for_status("CANCELLED", job.id)
    return (started_at - moment).total_seconds()


def test_a_job_queued_by_another_process_starts_at_once(holding_site: Site) -> None:
    site = holding_site
    site.headless().worker_id()
    took = []
    for _ in range(JOBS):
        job = site.enqueue("HOLD")
        took.append(started_after(site, job, job.created_at))
    print(
        f"{JOBS} jobs of another process: started after {median(took) * 1000:.0f} ms, {max(took) * 1000:.0f} at worst"
    )
    assert median(took) < NOTICED_S


def test_a_job_starts_when_its_time_comes(holding_site: Site) -> None:
    site = holding_site
    site.headless().worker_id()
    took = []
    for tenths in (13, 17, 21):
        run_at = datetime.now(UTC) + timedelta(seconds=tenths / 10)
        took.append(started_after(site, site.enqueue("HOLD", run_at=run_at), run_at))
    print(f"started {', '.join(f'{late * 1000:.0f}' for late in took)} ms after their time")
    assert min(took) >= 0
    assert median(took) < LATE_S
