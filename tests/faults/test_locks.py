"""Promise 12: never "database is locked", no update lost. Processes and threads change one counter through the store's door."""

from __future__ import annotations

import multiprocessing
import threading
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from devtrail_tui.store.sqlite.engine import SqliteDatabase
from devtrail_tui.store.sqlite.sqlite_file import integrity_problems

PROCESSES = 3
THREADS = 4
_COUNT = text("SELECT count FROM job_counts WHERE status = 'PENDING' AND type = 'T'")
_SET = text("UPDATE job_counts SET count = :count WHERE status = 'PENDING' AND type = 'T'")


def increment(connection: Connection) -> None:
    """Read, then write: what loses updates, or meets a lock, under any weaker kind of transaction."""
    count = connection.execute(_COUNT).scalar_one()
    connection.execute(_SET, {"count": count + 1})


def work(url: str, seconds: float, done: SimpleQueue[tuple[int, list[str]]]) -> None:
    """Increment from several threads for so long; put how often, and what went wrong."""
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    until = time.monotonic() + seconds
    numbers, errors = [0] * THREADS, []

    def run(place: int) -> None:
        try:
            while time.monotonic() < until:
                database.write(increment).result()
                numbers[place] += 1
                with database.read() as connection:
                    connection.execute(_COUNT).scalar_one()
        except Exception as error:  # noqa: BLE001 - reported to the test, whatever it is
            errors.append(repr(error))

    threads = [threading.Thread(target=run, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()
    done.put((sum(numbers), errors))


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.full)])
def test_no_error_and_no_lost_update(tmp_path: Path, seconds: float) -> None:
    tmp_path.chmod(0o700)
    url = f"sqlite:///{tmp_path / 'devtrail.db'}"
    database = SqliteDatabase(url, synchronous="NORMAL")
    database.open()
    insert = text("INSERT INTO job_counts (status, type, count) VALUES ('PENDING', 'T', 0)")
    database.write(lambda connection: connection.execute(insert).rowcount).result()
    context = multiprocessing.get_context("spawn")
    done: SimpleQueue[tuple[int, list[str]]] = context.SimpleQueue()
    processes = [context.Process(target=work, args=(url, seconds, done)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    results = [done.get() for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with database.read() as connection:
        counted = connection.execute(_COUNT).scalar_one()
    made = sum(number for number, _ in results)
    print(f"{made} increments in {seconds} s by {PROCESSES} x {THREADS}: {counted} counted")
    assert [error for _, errors in results for error in errors] == []
    assert counted == made
    assert all(number > 0 for number, _ in results)
    assert integrity_problems(database.path) == []
    database.close()
