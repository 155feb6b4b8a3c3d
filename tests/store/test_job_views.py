"""What screens and commands read of jobs: filters, pages, counts, the header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from devtrail_tui.core.errors import NotFound
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Claim, NewJob, Status
from devtrail_tui.core.job_filter import parse
from devtrail_tui.core.progress import Count, Part, Progress, Waiting
from devtrail_tui.core.service import RateLimit
from devtrail_tui.store import workers
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.tables import jobs, service_limits
from devtrail_tui.store.tables import workers as workers_table
from devtrail_tui.store.views import Views
from devtrail_tui.store.workers import FORGOTTEN_AFTER, WorkerRow, process_of, worker_id
from tests.doubles.clock import START, ManualClock
from tests.store.store_examples import HOST, claim_of, new_evidence, save


@pytest.fixture
def listed(queue: JobQueue) -> JobQueue:
    """1 failed sync of acme/shop, 2 done report, 3 running sync of acme/api, 4 waiting analysis."""
    queue.enqueue(NewJob("GITHUB_SYNC", {"repositories": ["Acme/Shop"]}, title="Acme/Shop · Müller")).result()
    queue.fail(claim_of(queue.claim("w", lease_s=30).result()), "broke").result()
    queue.enqueue(NewJob("REPORT_GENERATION", title="Brag · 100% last_quarter")).result()
    queue.finish(claim_of(queue.claim("w", lease_s=30).result()), {}).result()
    queue.enqueue(NewJob("GITHUB_SYNC", {"repositories": ["acme/api", "acme/web"]}, title="acme/api +1")).result()
    queue.claim("w", lease_s=30).result()
    queue.enqueue(NewJob("AI_ANALYSIS", {"repositories": "not a list"}, title="all that is missing")).result()
    return queue


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ("", [4, 3, 2, 1]),
        ("state:failed", [1]),
        ("status:failed,done", [2, 1]),
        ("state:waiting", [4]),
        ("state:run", [3]),
        ("type:sync", [3, 1]),
        ("type:SYNC,report", [3, 2, 1]),
        ("type:github", [3, 1]),
        ("type:github_sync", [3, 1]),
        ("type:hub", []),
        ("repo:shop", [1]),
        ("repo:ACME/", [3, 1]),
        ("repo:web state:running", [3]),
        ("#2", [2]),
        ("id:1,4", [4, 1]),
        ("müller", [1]),
        ("MÜLLER shop", [1]),
        ("100%", [2]),
        ("t_q", [2]),
        ('"is missing"', [4]),
        ("nowhere", []),
    ],
)
def test_filters(listed: JobQueue, views: Views, wanted: str, ids: list[int]) -> None:
    job_filter = parse(wanted)
    assert job_filter.problems == ()
    assert list(views.job_ids(job_filter)) == ids
    assert [row.id for row in views.jobs_page(job_filter)] == ids


def test_only_newer_ids(listed: JobQueue, views: Views) -> None:
    assert list(views.job_ids(newer_than=2)) == [4, 3]
    assert list(views.job_ids(parse("type:sync"), newer_than=1)) == [3]
    assert list(views.job_ids(newer_than=4)) == []


def test_rows_are_light_and_in_the_order_asked_for(listed: JobQueue, views: Views) -> None:
    listed.cancel(3).result()
    rows = views.job_rows([3, 99, 1])
    assert list(rows) == [3, 1]
    assert (rows[1].status, rows[1].error, rows[1].completed_at, rows[1].cancel_requested) == (
        Status.FAILED,
        "broke",
        START,
        False,
    )
    assert (rows[3].status, rows[3].title, rows[3].cancel_requested) == (Status.RUNNING, "acme/api +1", True)
    assert len(views.job_rows(range(1, 2000))) == 4


def test_pages_follow_their_key(queue: JobQueue, views: Views) -> None:
    for _ in range(25):
        queue.enqueue(NewJob("T")).result()
    first = views.jobs_page(limit=10)
    second = views.jobs_page(before_id=first[-1].id, limit=10)
    assert [row.id for row in [*first, *second]] == list(range(25, 5, -1))


def test_one_job_and_many(listed: JobQueue, views: Views) -> None:
    assert views.job(1).error == "broke"
    assert [job.id for job in views.jobs([4, 99, 2])] == [4, 2]
    with pytest.raises(NotFound, match="no job 99"):
        views.job(99)


def test_counts(listed: JobQueue, views: Views) -> None:
    assert views.counts() == dict.fromkeys(Status, 1) | {Status.CANCELLED: 0}


def registered(database: SqliteDatabase) -> Sequence[Row[Any]]:
    with database.read() as connection:
        return connection.execute(select(workers_table).order_by(workers_table.c.started_at)).all()


def register(database: SqliteDatabase, worker: WorkerRow) -> None:
    database.write(lambda connection: workers.register(connection, worker)).result()


def test_the_header_says_who_lives_and_what_was_spent(
    queue: JobQueue, views: Views, analyses: Analyses, clock: ManualClock, database: SqliteDatabase
) -> None:
    identity = worker_id(HOST, 1, 10.5, "a")
    worker = WorkerRow(identity, HOST, 1, 10.5, "app", START, START, 1)
    register(database, worker)
    register(database, replace(worker, id="gone:1:1:1"))
    midnight = START.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    paid = Analysis("k", "m", "{}", "end_turn", {}, 0.25, "r", midnight)
    analyses.keep(paid).result()
    analyses.keep(replace(paid, key="k2", created_at=midnight - timedelta(seconds=1))).result()
    clock.advance(29)
    queue.renew(identity, [], 30).result()
    clock.advance(2)
    facts = views.header_facts()
    assert (facts.workers, facts.spent_today_usd, facts.limit) == (1, 0.25, None)
    clock.advance(29)
    assert views.header_facts().workers == 0
    queue.renew(identity, [], 30).result()
    assert views.header_facts().workers == 1
    assert [each.last_seen_at for each in registered(database) if each.id == identity] == [clock.now()]
    database.write(lambda connection: workers.forget(connection, identity)).result()
    assert views.header_facts().workers == 0


def test_workers_that_were_killed_long_ago_are_forgotten_when_another_begins(
    database: SqliteDatabase, views: Views
) -> None:
    def begins(number: int, after: timedelta) -> None:
        when = START + after
        register(database, WorkerRow(f"h:{number}:1:1", "h", number, 1.0, "work", when, when, 1))

    begins(1, timedelta(0))
    begins(2, timedelta(days=1))
    begins(3, FORGOTTEN_AFTER)
    assert [each.pid for each in registered(database)] == [1, 2, 3]
    begins(4, FORGOTTEN_AFTER + timedelta(seconds=1))
    assert [each.pid for each in registered(database)] == [2, 3, 4]


def test_a_worker_whose_process_of_this_host_has_ended_counts_no_longer(
    queue: JobQueue, views: Views, database: SqliteDatabase
) -> None:
    for host, pid in (("here", 1), ("here", 2), ("elsewhere", 1)):
        identity = worker_id(host, pid, 1.0, "r")
        register(database, WorkerRow(identity, host, pid, 1.0, "work", START, START, 1))
    assert queue.rescue(host="here", alive=lambda pid, _start: pid == 2).result() == ()
    assert [(each.host, each.pid) for each in registered(database)] == [("here", 2), ("elsewhere", 1)]


LIMIT = RateLimit("graphql", 5000, 4000, START + timedelta(hours=1), "GitHub", "github.com", "mona")


def test_the_header_shows_the_limit_as_seen_last(
    queue: JobQueue, views: Views, database: SqliteDatabase, clock: ManualClock, running: Claim
) -> None:
    for seen in (LIMIT, replace(LIMIT, host="git.example", remaining=9), replace(LIMIT, remaining=3900)):
        queue.progress(running, Progress(percent=1), [seen]).result()
        clock.advance(1)
    queue.progress(running, Progress(percent=2)).result()
    assert views.header_facts().limit == replace(LIMIT, remaining=3900)
    queue.finish(running, {}).result()
    assert queue.delete(running.job_id).result() == 1
    assert views.header_facts().limit == replace(LIMIT, remaining=3900)
    with database.read() as connection:
        rows = connection.execute(select(service_limits.c.host, service_limits.c.remaining)).all()
    assert sorted(map(tuple, rows)) == [("git.example", 9), ("github.com", 3900)]


def test_a_limit_whose_window_is_over_is_no_longer_shown(
    queue: JobQueue, views: Views, clock: ManualClock, running: Claim
) -> None:
    later = replace(LIMIT, account="lisa", reset_at=LIMIT.reset_at + timedelta(minutes=5))
    queue.progress(running, Progress(), [later]).result()
    clock.advance(1)
    queue.progress(running, Progress(), [LIMIT]).result()
    clock.advance(3598)
    assert views.header_facts().limit == LIMIT
    clock.advance(1)
    assert views.header_facts().limit == later
    clock.advance(300)
    assert views.header_facts().limit is None


def test_a_services_own_words_are_cleaned_before_they_are_kept(queue: JobQueue, views: Views, running: Claim) -> None:
    hostile = replace(LIMIT, service="Git\x1b[2JHub", account="mo\u202ena")
    queue.progress(running, Progress(), [hostile]).result()
    shown = views.header_facts().limit
    assert shown is not None
    assert (shown.service, shown.account) == ("GitHub", "mona")


PROGRESS_OF_0001 = {
    "percent": 50, "phase": "fetching", "current_repo": "acme/api", "current_pr": "#7", "total": 4, "processed": 2,
    "new": 1, "stored_before": 1, "matched": 0, "not_analysed": 0, "failed": 1, "spent_usd": 0.5, "budget_usd": 5.0,
    "repositories": [{"name": "acme/api", "done": 2, "total": 4, "note": ""}],
    "github_remaining": 7, "github_limit": 9, "github_reset_at": "",
    "waiting": "GitHub's limit", "waiting_until": "2026-03-02T10:00:00.000Z",
}  # fmt: skip
"""Progress as the first revision stored it."""


def test_progress_of_an_earlier_version_is_shown_with_parts_and_counts(
    database: SqliteDatabase, views: Views, running: Claim
) -> None:
    stored = update(jobs).values(progress_detail=PROGRESS_OF_0001)
    database.write(lambda connection: connection.execute(stored)).result()
    assert views.job(running.job_id).progress_detail == Progress(
        percent=50,
        phase="fetching",
        current_part="acme/api",
        current_item="#7",
        parts=(Part("acme/api", 2, 4),),
        parts_name="repositories",
        counts=(
            Count("new", 1),
            Count("stored before", 1),
            Count("matched", 0),
            Count("not analysed", 0),
            Count("failed", 1, bad=True),
        ),
        spent_usd=0.5,
        budget_usd=5.0,
        waiting=Waiting("GitHub's limit", datetime(2026, 3, 2, 10, tzinfo=UTC)),
    )


def test_repositories_to_suggest(listed: JobQueue, views: Views, evidence: EvidenceStore) -> None:
    claim = claim_of(listed.claim("w", lease_s=30, job_id=4).result())
    save(evidence, claim, new_evidence(1, repository="zeta/old"), new_evidence(2, repository="acme/shop"))
    assert views.known_repositories() == ["acme/api", "acme/web", "Acme/Shop", "zeta/old"]


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("desk:12:1500:ab", ("desk", 12, 1.5)),
        ("fe80::1:12:1500:ab", ("fe80::1", 12, 1.5)),
        ("w", None),
        ("a:b:c:d", None),
    ],
)
def test_a_worker_id_names_its_process(identity: str, expected: tuple[str, int, float] | None) -> None:
    process = process_of(identity)
    assert (process and (process.host, process.pid, process.start)) == expected
