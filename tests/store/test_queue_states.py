"""A random walk through the queue beside a simple model: same states, fences that hold, counts that add up."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)
from sqlalchemy import text

from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.job import Claim, Level, NewJob, Progress, Status
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import POISON_CRASHES, JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views
from devtrail_tui.store.workers import worker_id
from tests.doubles.clock import ManualClock
from tests.store.store_examples import HOST

LEASE_S = 30.0
WORKERS = [worker_id(HOST, pid, 1000.0, "x") for pid in (1, 2, 3)]


@dataclass
class Modelled:
    """What a job should look like."""

    priority: int
    run_at: datetime
    status: Status = Status.PENDING
    attempt: int = 0
    claim_no: int = 0
    crashes: int = 0
    wanted: bool = True
    lease: datetime | None = None
    owner: str = ""
    lines: int = 0
    claims: list[Claim] = field(default_factory=list)


class QueueMachine(RuleBasedStateMachine):
    """Rules do the same to the queue and to the model; `claims` holds every claim ever given, stale ones too."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        path = Path(self.folder.name) / "devtrail.db"
        self.database = SqliteDatabase(f"sqlite:///{path}", clock=self.clock, synchronous="NORMAL")
        self.database.open()
        self.queue = JobQueue(self.database, self.clock)
        self.log = JobLog(self.database)
        self.evidence = EvidenceStore(self.database, self.clock)
        self.views = Views(self.database, self.clock)
        self.model: dict[int, Modelled] = {}
        self.dead: set[int] = set()

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def held(self, claim: Claim) -> Modelled | None:
        """The job of a claim that still holds."""
        job = self.model.get(claim.job_id)
        holds = job is not None and job.status is Status.RUNNING and job.claim_no == claim.claim_no
        return job if holds else None

    def give_back(self, job: Modelled) -> None:
        job.status = Status.PENDING if job.wanted else Status.CANCELLED

    @rule(
        target=jobs,
        priority=st.integers(-1, 1),
        delay_s=st.sampled_from([0, 0, 20]),
        type_name=st.sampled_from(["A", "B"]),
    )
    def enqueue(self, priority: int, delay_s: int, type_name: str) -> int:
        run_at = self.clock.now() + timedelta(seconds=delay_s)
        job = self.queue.enqueue(NewJob(type_name, priority=priority, run_at=run_at)).result()
        assert job.id not in self.model
        self.model[job.id] = Modelled(priority, run_at)
        return job.id

    @rule(target=claims, worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> object:
        ready = [
            (-job.priority, job.run_at, job_id)
            for job_id, job in self.model.items()
            if job.status is Status.PENDING and job.run_at <= self.clock.now()
        ]
        got = self.queue.claim(worker, lease_s=LEASE_S).result()
        if not ready:
            assert got is None
            return multiple()
        assert got is not None
        assert got.id == min(ready)[2]
        job = self.model[got.id]
        job.status, job.owner = Status.RUNNING, worker
        job.claim_no += 1
        job.attempt += 1
        job.lease = self.clock.now() + timedelta(seconds=LEASE_S)
        return Claim(got.id, got.claim_no, worker)

    @rule(claim=claims)
    def finish(self, claim: Claim) -> None:
        job = self.held(claim)
        assert self.queue.finish(claim, {"claim": claim.claim_no}).result() is (job is not None)
        if job:
            job.status, job.crashes = Status.COMPLETED, 0

    @rule(claim=claims)
    def fail(self, claim: Claim) -> None:
        job = self.held(claim)
        assert self.queue.fail(claim, "broke").result() is (job is not None)
        if job:
            job.status = Status.FAILED

    @rule(claim=claims)
    def retry_later(self, claim: Claim) -> None:
        job = self.held(claim)
        run_at = self.clock.now() + timedelta(seconds=5)
        assert self.queue.retry_later(claim, "again", run_at).result() is (job is not None)
        if job:
            job.run_at = run_at
            self.give_back(job)

    @rule(claim=claims)
    def release(self, claim: Claim) -> None:
        job = self.held(claim)
        assert self.queue.release(claim).result() is (job is not None)
        if job:
            job.attempt -= 1
            self.give_back(job)

    @rule(claim=claims)
    def stop_as_asked(self, claim: Claim) -> None:
        job = self.held(claim)
        assert self.queue.cancelled(claim, "asked").result() is (job is not None)
        if job:
            job.status = Status.CANCELLED

    @rule(claim=claims, lines=st.integers(1, 3))
    def write_log(self, claim: Claim, lines: int) -> None:
        job = self.held(claim)
        written = [(self.clock.now(), Level.INFO, str(index)) for index in range(lines)]
        assert self.log.append(claim, written).result() is (job is not None)
        if job:
            job.lines += lines

    @rule(claim=claims)
    def save(self, claim: Claim) -> None:
        job = self.held(claim)
        future = self.evidence.save(claim, cursor={"": claim.claim_no})
        stored = job is not None and job.wanted
        assert (future.exception() is None) is stored
        if job and stored:
            job.crashes = 0

    @rule(claim=claims)
    def show_progress(self, claim: Claim) -> None:
        assert self.queue.progress(claim, Progress(percent=5)).result() is (self.held(claim) is not None)

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        job = self.held(claim)
        renewal = self.queue.renew(claim.worker_id, [claim], LEASE_S).result()
        assert (claim in renewal.lost) is (job is None)
        assert (claim in renewal.cancel_requested) is (job is not None and not job.wanted)
        if job:
            job.lease = self.clock.now() + timedelta(seconds=LEASE_S)

    @rule(job_id=jobs)
    def cancel(self, job_id: int) -> None:
        job = self.model.get(job_id)
        future = self.queue.cancel(job_id)
        if job is None or job.status.finished:
            assert future.exception() is not None
            return
        assert future.exception() is None
        job.wanted = False
        if job.status is Status.PENDING:
            job.status = Status.CANCELLED
            job.lines += 1

    @rule(job_id=jobs)
    def retry(self, job_id: int) -> None:
        job = self.model.get(job_id)
        future = self.queue.retry(job_id)
        if job is None or job.status not in (Status.FAILED, Status.CANCELLED):
            assert future.exception() is not None
            return
        assert future.exception() is None
        job.status, job.run_at, job.crashes, job.wanted = Status.PENDING, self.clock.now(), 0, True
        job.lines += 1

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: int) -> None:
        finished = self.model[job_id].status.finished
        error = self.queue.delete(job_id).exception()
        assert (error is None) is finished
        if finished:
            del self.model[job_id]
        else:
            assert isinstance(error, NotPossible)

    @rule(seconds=st.sampled_from([1, 10, 31]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(dead=st.sets(st.integers(1, 3)))
    def rescue(self, dead: set[int]) -> None:
        expected = set()
        for job_id, job in self.model.items():
            if job.status is not Status.RUNNING:
                continue
            assert job.lease is not None
            if job.lease <= self.clock.now() or int(job.owner.split(":")[1]) in dead:
                expected.add(job_id)
                job.crashes += 1
                job.attempt -= 1
                job.run_at = self.clock.now()
                job.lines += 1
                poison = job.wanted and job.crashes >= POISON_CRASHES
                self.give_back(job)
                job.status = Status.FAILED if poison else job.status
        rescued = self.queue.rescue(host=HOST, alive=lambda pid, _: pid not in dead).result()
        assert {job.id for job in rescued} == expected

    @invariant()
    def jobs_stand_as_modelled(self) -> None:
        stored = {job.id: job for job in self.views.jobs(self.views.job_ids())}
        assert stored.keys() == self.model.keys()
        for job_id, expected in self.model.items():
            job = stored[job_id]
            assert (job.status, job.attempt, job.claim_no, job.crashes, job.run_at) == (
                expected.status,
                expected.attempt,
                expected.claim_no,
                expected.crashes,
                expected.run_at,
            )
            running = job.status is Status.RUNNING
            assert (job.worker_id is not None) is running
            assert (job.lease_expires_at is not None) is running
            assert (job.completed_at is not None) is job.status.finished

    @invariant()
    def counts_add_up(self) -> None:
        with self.database.read() as connection:
            counted = connection.execute(text("SELECT status, type, count(*) FROM jobs GROUP BY 1, 2")).all()
            kept = connection.execute(text("SELECT status, type, count FROM job_counts WHERE count != 0")).all()
        assert sorted(map(tuple, kept)) == sorted(map(tuple, counted))

    @invariant()
    def events_replay_to_the_present(self) -> None:
        """From the events alone: each begins where the one before it ended, and the last ones are what is stored now."""
        with self.database.read() as connection:
            events = connection.execute(
                text("SELECT job_id, type, from_status, to_status, claim_no FROM job_events ORDER BY id")
            ).all()
            counted = connection.execute(text("SELECT status, type, count FROM job_counts WHERE count != 0")).all()
        status_of: dict[int, str] = {}
        counts: Counter[tuple[str, str]] = Counter()
        claims: Counter[int] = Counter()
        for job_id, type_name, source, target, claim_no in events:
            assert status_of.get(job_id) == source
            assert (source, target) != (None, None)
            claims[job_id] += target == Status.RUNNING.value
            assert claim_no == claims[job_id]
            counts[source, type_name] -= 1
            counts[target, type_name] += 1
            status_of[job_id] = target
        assert {number: status for number, status in status_of.items() if status is not None} == {
            number: job.status.value for number, job in self.model.items()
        }
        kept = {key: count for key, count in counts.items() if key[0] is not None and count}
        assert kept == {(status, type_name): count for status, type_name, count in counted}

    @invariant()
    def log_numbers_have_no_gaps(self) -> None:
        for job_id, job in self.model.items():
            numbers = [line.seq for line in self.log.page(job_id, first_seq=1, limit=1000)]
            assert numbers == list(range(1, job.lines + 1))

    @invariant()
    def attempts_end_with_their_claim(self) -> None:
        with self.database.read() as connection:
            open_ones = connection.execute(
                text("SELECT job_id, claim_no FROM job_attempts WHERE ended_at IS NULL ORDER BY 1")
            ).all()
        running = [(number, job.claim_no) for number, job in self.model.items() if job.status is Status.RUNNING]
        assert [tuple(row) for row in open_ones] == sorted(running)


TestQueueStates = QueueMachine.TestCase
TestQueueStates.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
