"""The app on a long life: 100,000 finished jobs, the newest with 1,000,000 log lines. Real terminal, medians of five.

Run it alone: `pytest tests/bench/bench_large_history.py -m bench -n 0 -s`. Each figure is from the key press to the screen that
shows its effect; beside it stands the same key in a history of 100 jobs and 1,000 lines, from the same run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Connection, text

from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.acceptance.terminal import ENTER, ESCAPE, Terminal
from tests.bench.bench_store import filled
from tests.house.program import PROGRAM, environ_of

ROUNDS = 5

_LINES = """
INSERT INTO job_logs (job_id, seq, attempt, timestamp, level, message)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :lines)
SELECT :job, i, 1, i, 'info', 'line ' || i || ' of the long log' FROM n
"""


def lived(home: Path, jobs: int, lines: int) -> None:
    """A database with so many jobs, the newest of which has so many lines."""
    (home / "data").mkdir(parents=True, mode=0o700)
    database: SqliteDatabase = filled(home / "data", jobs)

    def fill(connection: Connection) -> None:
        connection.execute(text(_LINES), {"job": jobs, "lines": lines})
        connection.execute(text("UPDATE jobs SET last_seq = :lines WHERE id = :job"), {"job": jobs, "lines": lines})

    database.write(fill).result()
    database.close()
    (home / "data" / f"{jobs}.db").rename(home / "data" / "devtrail.db")


class Measured:
    """Seconds by what was done."""

    def __init__(self, home: Path, jobs: int, lines: int) -> None:
        self.home, self.jobs, self.lines = home, jobs, lines
        self.seconds: dict[str, list[float]] = {}
        self.megabytes = 0.0
        self._environ = environ_of(home, devtrail_home=home)

    def run(self) -> None:
        """Open the app, go through table and log, leave."""
        began = time.perf_counter()
        terminal = Terminal([PROGRAM], self._environ)

        def until(name: str, since: float, shows: Callable[[str], bool]) -> None:
            terminal.wait_until(shows, name, seconds=60, look_every_s=0.002)
            self.seconds.setdefault(name, []).append(time.perf_counter() - since)

        def press(name: str, keys: str, shows: Callable[[str], bool]) -> None:
            since = time.perf_counter()
            terminal.type(keys)
            until(name, since, shows)

        newest, oldest = f"sync {self.jobs}", "sync 1 "
        last_line, first_line = f"line {self.lines} of", "line 1 of"
        until("open to first rows", began, lambda screen: newest in screen)
        until("open to the log's end", began, lambda screen: last_line in screen)
        press("table: to the last row", "G", lambda screen: oldest in screen)
        press("table: back to the first", "g", lambda screen: newest in screen)
        press("table: one page down", "\x1b[6~", lambda screen: f"─ {self.jobs} ·" not in screen)
        press("table: back again", "g", lambda screen: newest in screen and last_line in screen)
        press("log: opened whole", "l", lambda screen: last_line in screen and "Jobs ·" not in screen)
        press("log: to its first line", "g", lambda screen: first_line in screen)
        press("log: to its end", "G", lambda screen: last_line in screen)
        terminal.type("/")
        terminal.wait_until(lambda screen: "Find /" in screen, "the line to type in", look_every_s=0.002)
        middle = f"line {self.lines // 2} of"
        press("log: find", f"{middle}{ENTER}", lambda screen: screen.count(middle) > 1)
        terminal.type(ESCAPE)
        self.megabytes = max(self.megabytes, psutil.Process(terminal.child.pid).memory_info().rss / 1e6)
        terminal.type(f"{ESCAPE}q")
        terminal.close()


@pytest.mark.bench
def test_table_and_log_of_a_long_life(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, jobs, lines in (("small", 100, 1_000), ("large", 100_000, 1_000_000)):
        lived(tmp_path / name, jobs, lines)
    small, large = Measured(tmp_path / "small", 100, 1_000), Measured(tmp_path / "large", 100_000, 1_000_000)
    for _ in range(ROUNDS):
        small.run()
        large.run()
    with capsys.disabled():
        print(f"\n{'':28}{'small':>10}{'large':>10}")
        for name, seconds in large.seconds.items():
            little, much = statistics.median(small.seconds[name]), statistics.median(seconds)
            print(f"{name:28}{little * 1000:7.0f} ms{much * 1000:7.0f} ms")
        print(f"{'memory':28}{small.megabytes:7.0f} MB{large.megabytes:7.0f} MB")
