"""Promise 19: an hour of syncs, one after another, in the app and in a headless worker: files, threads and memory stay flat."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from devtrail_tui.core.job import Status
from devtrail_tui.demo.latency import Latency
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_sound, expected_evidence, stored_evidence
from tests.faults.measure import Holding, holding, typical
from tests.faults.processes import Site
from tests.faults.worker_processes import WorkerProcess

HOUR_S = 3600.0
MORE_FILES = 4
MORE_THREADS = 4
"""A pool may open one more connection, or thread, at a late moment; a leak would open one at each of hundreds of syncs."""
MORE_MEGABYTES = 25.0
"""What allocators keep; a leak of a hundredth of a megabyte a sync would show in an hour."""


def sync_again(site: Site) -> None:
    """Forget what is stored, so that everything is fetched, paid and stored anew, and sync it."""
    site.write("DELETE FROM evidence_entries")
    site.write("DELETE FROM analyses")
    site.write("UPDATE jobs SET spent_usd = 0")
    job = site.sync("acme/web")
    site.wait_for_status("COMPLETED", job.id)


def assert_flat(before: Holding, after: Holding) -> None:
    assert after.files <= before.files + MORE_FILES, (before, after)
    assert after.threads <= before.threads + MORE_THREADS, (before, after)
    assert after.megabytes <= before.megabytes + MORE_MEGABYTES, (before, after)


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [
        (1.0, Site.headless),
        pytest.param(HOUR_S / 2, Site.headless, marks=pytest.mark.soak),
        pytest.param(HOUR_S / 2, Site.app, marks=pytest.mark.soak),
    ],
)
def test_syncs_for_a_long_time(
    site: Site, server: FaultyServer, seconds: float, kind: Callable[[Site], WorkerProcess]
) -> None:
    server.latency = Latency(github=0.0, claude=0.01)
    worker = kind(site)
    sync_again(site)  # imports what syncs need
    samples: list[Holding] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(samples) < 4:
        sync_again(site)
        server.recorder.clear()  # the test's own server must not grow either
        samples.append(holding(worker.pid))
    quarter = max(len(samples) // 4, 1)
    before, after = typical(samples[quarter : 2 * quarter]), typical(samples[-quarter:])
    print(f"{len(samples)} syncs in {seconds:.0f} s: {before} -> {after}")
    assert_flat(before, after)
    assert worker.alive
    assert site.services.views.counts()[Status.COMPLETED] == len(samples) + 1
    assert set(stored_evidence(site)) == expected_evidence(server.world, "acme/web")
    assert_sound(site)
