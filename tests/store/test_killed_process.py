"""A process is killed between two of its saves: evidence, cursor and log stand together, and the job goes on elsewhere."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.evidence import AnalysisState, NewJudgement
from devtrail_tui.core.job import Claim, Level, NewJob, Status
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems
from devtrail_tui.store.workers import worker_id
from tests.store.store_examples import HOST, match, new_evidence


def save_for_ever(url: str, said: Connection) -> None:
    """Claim the job and save one pull request after another, as fast as it goes."""
    database = SqliteDatabase(url)
    database.open()
    clock = SystemClock()
    evidence, identity = EvidenceStore(database, clock), worker_id(HOST, os.getpid(), 1.0, "a")
    job = JobQueue(database, clock).claim(identity, lease_s=60).result()
    assert job is not None
    claim = Claim(job.id, job.claim_no, identity)
    done = evidence.cursor(job.id).get("", 0)
    while True:
        done += 1
        (known,) = evidence.save(claim, [new_evidence(done)]).result().entries
        judged = NewJudgement(known.evidence_id, known.updated_at, AnalysisState.ANALYSED, "rubric", matches=(match(),))
        line = (clock.now(), Level.INFO, str(done))
        evidence.save(claim, judgements=[judged], cursor={"": done}, log=[line]).result()
        said.send(done)


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("saves", [1, 7])
def test_what_was_saved_stands_and_nothing_half(tmp_path: Path, saves: int) -> None:
    url = f"sqlite:///{tmp_path / 'devtrail.db'}"
    database = SqliteDatabase(url)
    database.open()
    clock = SystemClock()
    queue, evidence, log = JobQueue(database, clock), EvidenceStore(database, clock), JobLog(database)
    job = queue.enqueue(NewJob("GITHUB_SYNC")).result()
    context = multiprocessing.get_context("spawn")
    heard, said = context.Pipe(duplex=False)
    process = context.Process(target=save_for_ever, args=(url, said))
    process.start()
    seen = [heard.recv() for _ in range(saves)][-1]
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    dead = process.pid
    kept = evidence.cursor(job.id)[""]
    assert kept >= seen
    assert evidence.count() in (kept, kept + 1), "killed between an entry and its judgement"
    assert log.bounds(job.id) == (1, kept)
    assert sum(bool(entry.matches) for entry in evidence.entries()) == kept
    (rescued,) = queue.rescue(host=HOST, alive=lambda pid, _start: pid != dead).result()
    assert (rescued.id, rescued.status, rescued.crashes, rescued.attempt) == (job.id, Status.PENDING, 1, 0)
    assert integrity_problems(database.path) == []
    again = queue.claim(worker_id(HOST, 1, 1.0, "b"), lease_s=60).result()
    assert again is not None
    assert again.claim_no == 2
    database.close()
