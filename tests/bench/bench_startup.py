"""How soon the app stands on a real terminal, against an empty Textual app in the same run (pairs in turn, medians of five).

Run it alone: `pytest tests/bench/bench_startup.py -m bench -n 0 -s`.
"""

from __future__ import annotations

import statistics
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.terminal import Terminal
from tests.doubles.server import FaultyServer
from tests.house.program import PROGRAM, environ_of

ROUNDS = 5

EMPTY_APP = """
from textual.app import App
from textual.widgets import Label

class Empty(App):
    def compose(self):
        yield Label("first paint")

Empty().run()
"""


def _shows(text: str, screen: str) -> bool:
    return text in screen


def _seconds_until(terminal: Terminal, *texts: str) -> list[float]:
    began = time.perf_counter()
    reached = []
    for text in texts:
        terminal.wait_until(partial(_shows, text), text, seconds=30, look_every_s=0.002)
        reached.append(time.perf_counter() - began)
    terminal.close()
    return reached


@pytest.mark.bench
def test_the_frame_and_the_first_rows_against_an_empty_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultyServer() as server:
        environ = environ_of(tmp_path, server)
        first = Terminal([PROGRAM, "sync", "acme/web"], environ)
        first.wait_for_end(seconds=60)
        first.close()
        empty, frame, rows = [], [], []
        for _ in range(ROUNDS + 1):
            empty += _seconds_until(Terminal([sys.executable, "-c", EMPTY_APP], environ), "first paint")
            stands, filled = _seconds_until(Terminal([PROGRAM], environ), "quit", "done")
            frame.append(stands)
            rows.append(filled)
    base, to_frame, to_rows = (statistics.median(each[1:]) for each in (empty, frame, rows))
    with capsys.disabled():
        print(
            f"\nempty app {base * 1000:.0f} ms · frame {to_frame * 1000:.0f} ms ({to_frame / base:.2f}x)"
            f" · first rows {to_rows * 1000:.0f} ms ({to_rows / base:.2f}x)"
        )
