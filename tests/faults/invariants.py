"""What must hold after any fault, read out of the database itself."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import date, timedelta

from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.job import Status
from devtrail_tui.core.time_zones import day_begins
from devtrail_tui.demo.world import World
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from tests.doubles.worlds import involving
from tests.faults.processes import Site

Numbered = tuple[str, int]
"""A pull request by its repository's full name and its number."""


def expected_evidence(
    world: World, *repositories: str, since: date | None = None, until: date | None = None
) -> set[Numbered]:
    """What a sync of these repositories (or of all) and days, both included, has to store."""
    return {
        (pull.repository.full_name, pull.number)
        for pull in involving(world, world.viewer.login)
        if pull.merged_at is not None
        and (not repositories or pull.repository.full_name in repositories)
        and (since is None or pull.merged_at >= day_begins(since, None))
        and (until is None or pull.merged_at < day_begins(until + timedelta(days=1), None))
    }


def stored_evidence(site: Site) -> list[Numbered]:
    """Every entry that is stored; a list, so that a double shows."""
    return [
        (str(repository), int(number))
        for repository, number in site.rows(
            "SELECT repository, pr_number FROM evidence_entries ORDER BY repository, pr_number"
        )
    ]


def assert_sound(site: Site, *, jobs_deleted: bool = False) -> None:
    """The database is whole, its counters are right, no log has a gap, nothing that ended is owned, and no money is lost; what
    deleted jobs spent stays in the ledger only."""
    assert integrity_problems(site.services.database.path) == []
    assert site.rows("PRAGMA foreign_key_check") == []
    counted = site.rows("SELECT status, type, count FROM job_counts WHERE count <> 0 ORDER BY status, type")
    assert counted == site.rows("SELECT status, type, count(*) FROM jobs GROUP BY status, type ORDER BY status, type")
    assert (
        site.rows(
            "SELECT jobs.id, last_seq, count(seq), max(seq) FROM jobs LEFT JOIN job_logs ON job_id = jobs.id GROUP BY jobs.id"
            " HAVING count(seq) <> last_seq OR coalesce(max(seq), 0) <> last_seq"
        )
        == []
    )
    assert (
        site.rows(
            "SELECT id FROM jobs WHERE status <> 'RUNNING' AND (worker_id IS NOT NULL OR lease_expires_at IS NOT NULL)"
        )
        == []
    )
    assert (
        site.rows(
            "SELECT job_id, job_attempts.claim_no FROM job_attempts JOIN jobs ON jobs.id = job_id WHERE ended_at IS NULL"
            " AND (status <> 'RUNNING' OR job_attempts.claim_no <> jobs.claim_no)"
        )
        == []
    )
    assert site.rows("SELECT id FROM jobs WHERE attempt < 0 OR attempt > max_attempts OR crashes < 0") == []
    assert (
        site.rows(
            "SELECT host, node_id, login, count(*) FROM evidence_entries GROUP BY host, node_id, login HAVING count(*) > 1"
        )
        == []
    )
    ((spent, paid),) = site.rows(
        "SELECT (SELECT coalesce(sum(spent_usd), 0.0) FROM jobs),"
        " (SELECT coalesce(sum(coalesce(cost_usd, 0.0) + uncertain_usd), 0.0) FROM analyses)"
    )
    assert math.isclose(spent, paid, abs_tol=1e-6) or (jobs_deleted and spent < paid)


def assert_finished_once(site: Site, *job_ids: int) -> None:
    """Each of these jobs is COMPLETED, by exactly one of its attempts."""
    for job_id in job_ids:
        assert site.job(job_id).status is Status.COMPLETED, site.job(job_id)
        completed = site.rows(
            "SELECT count(*) FROM job_attempts WHERE job_id = :id AND outcome = 'completed'", id=job_id
        )
        assert completed == [(1,)]


def assert_nothing_lost_nothing_twice(
    site: Site, jobs: Collection[int], evidence: set[Numbered], *, analysed: bool = True
) -> None:
    """After all the faults: sound, every job finished once, and exactly this evidence, each entry judged once (or not at all,
    where the jobs were not to analyse)."""
    assert_sound(site)
    assert_finished_once(site, *jobs)
    stored = stored_evidence(site)
    assert len(stored) == len(set(stored))
    assert set(stored) == evidence
    assert analysed or site.rows("SELECT count(*) FROM analyses") == [(0,)]
    state = AnalysisState.NOT_ANALYSED.value
    waiting = site.rows("SELECT id FROM evidence_entries WHERE analysis_state = :state", state=state)
    assert len(waiting) == (0 if analysed else len(evidence))
    assert (
        site.rows(
            "SELECT evidence_id FROM evidence_criteria GROUP BY evidence_id HAVING count(DISTINCT coalesce(analysis_id, 0)) > 1"
        )
        == []
    )
