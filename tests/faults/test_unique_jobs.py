"""Promise 8: creators that come at the same moment, from several processes, make one job."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.job import NewJob
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.views import Views

KEY = "the only one"
PATIENCE_S = 60.0
Made = tuple[int, list[int], list[str]]
"""Of one process: the round, the jobs it made in it, the sentences of those that were refused."""


def create(url: str, rounds: int, threads: int, begin: Barrier, made: SimpleQueue[Made]) -> None:
    """One process: in every round all its threads enqueue the same unique job at once."""
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    queue = JobQueue(database, SystemClock())
    for number in range(rounds):
        jobs: list[int] = []
        sentences: list[str] = []
        together = threading.Barrier(threads)

        def enqueue(jobs: list[int] = jobs, sentences: list[str] = sentences, at: threading.Barrier = together) -> None:
            at.wait(PATIENCE_S)
            try:
                jobs.append(queue.enqueue(NewJob("T", unique_key=KEY)).result().id)
            except NotPossible as error:
                sentences.append(str(error))

        begin.wait(PATIENCE_S)
        creators = [threading.Thread(target=enqueue) for _ in range(threads)]
        for creator in creators:
            creator.start()
        for creator in creators:
            creator.join()
        made.put((number, jobs, sentences))
    database.close()


@pytest.mark.parametrize(
    ("processes", "threads", "rounds"), [(3, 8, 5), pytest.param(8, 8, 50, marks=pytest.mark.full)]
)
def test_one_job_each_round_and_a_sentence_for_everybody_else(
    processes: int, threads: int, rounds: int, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'devtrail.db'}"
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    queue, views = JobQueue(database, SystemClock()), Views(database)
    context = multiprocessing.get_context("spawn")
    begin = context.Barrier(processes + 1)
    made: SimpleQueue[Made] = context.SimpleQueue()
    creators = [context.Process(target=create, args=(url, rounds, threads, begin, made)) for _ in range(processes)]
    for creator in creators:
        creator.start()
    winners = []
    for number in range(rounds):
        begin.wait(PATIENCE_S)
        told = [made.get() for _ in creators]
        assert {each[0] for each in told} == {number}
        jobs = [job for each in told for job in each[1]]
        assert len(jobs) == 1
        sentences = [sentence for each in told for sentence in each[2]]
        assert len(sentences) == processes * threads - 1
        assert set(sentences) == {
            f"Job {jobs[0]} does the same and is not finished yet; wait for it, or cancel it first."
        }
        assert [row.id for row in views.jobs_page(limit=100) if not row.status.finished] == jobs
        queue.cancel(jobs[0]).result()
        winners += jobs
    for creator in creators:
        creator.join()
        assert creator.exitcode == 0
    assert len(set(winners)) == rounds
    database.close()
