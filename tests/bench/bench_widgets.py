"""How long the widgets take with 100,000 jobs and 1,000,000 log lines.

Run: `pytest -m bench -s tests/bench/bench_widgets.py`. It prints milliseconds; the only thing it asserts is a ratio within one
run: a huge list costs no more than a small one, give or take the machine's noise.
"""

from __future__ import annotations

import statistics
import time
from array import array
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from textual.pilot import Pilot

from devtrail_tui.core.job import Status
from devtrail_tui.tui.widgets.job_table import JobTable, JobTableData
from devtrail_tui.tui.widgets.log_layout import LogData
from devtrail_tui.tui.widgets.log_pane import LogPane
from tests.tui.widget_host import NOW, START, Host, line, row

pytestmark = pytest.mark.bench
REPEATS = 50
WINDOW = 200
NOISE = 4.0
"""How many times slower the huge list may be before it is no noise; drawing everything would be a thousand times."""


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:8.2f} ms"


def window(ids: array[int], first: int) -> JobTableData:
    """The rows around an index, as the feed loads them."""
    status = (Status.COMPLETED, Status.RUNNING, Status.FAILED)
    loaded = ids[max(first - WINDOW // 2, 0) : first + WINDOW // 2]
    return JobTableData(ids, {number: row(number, status[number % 3]) for number in loaded}, total=len(ids))


def drawn(widget: JobTable | LogPane) -> None:
    for y in range(widget.size.height):
        widget.render_line(y)


async def median_of(
    step: Callable[[int], None], widget: JobTable | LogPane, pilot: Pilot[None], repeats: int = REPEATS
) -> float:
    """Median seconds of a step and of drawing what is then in view."""
    times = []
    for index in range(repeats):
        start = time.perf_counter()
        step(index)
        drawn(widget)
        times.append(time.perf_counter() - start)
        await pilot.pause()
    return statistics.median(times)


async def of_table(jobs: int) -> dict[str, float]:
    ids = array("q", range(jobs, 0, -1))
    data, table = window(ids, 0), JobTable()
    async with Host(table).run_test(size=(120, 40)) as pilot:
        table.focus()
        start = time.perf_counter()
        table.update(data, NOW)
        drawn(table)
        opened = time.perf_counter() - start

        def jump(index: int) -> None:
            place = index * (jobs // REPEATS)
            table.update(window(ids, place), NOW)
            table.move_to(ids[place])

        def arrive(index: int) -> None:
            more = array("q", range(jobs + index + 1, 0, -1))
            table.update(window(more, 0), NOW)

        results = {"open": opened}
        results["key down"] = await median_of(lambda _: table.action_move(1), table, pilot)
        results["50 rows change"] = await median_of(lambda _: table.update(data, NOW), table, pilot)
        results["jump anywhere"] = await median_of(jump, table, pilot)
        table.action_first()
        results["a job arrives"] = await median_of(arrive, table, pilot, 10)
        return results


async def of_log(lines: int, *, wrapped: bool) -> dict[str, float]:
    def loaded(first: int) -> LogData:
        first = min(max(first, 1), lines - WINDOW + 1)
        text = (
            "acme/shop: #123 Fix retry storm → 5 Debugging 88, 12 Risk 71, and what else there is to say about it " * 2
        )
        return LogData(14, 1, lines, [line(seq, text) for seq in range(first, first + WINDOW)], START)

    pane, data = LogPane(), loaded(lines)
    async with Host(pane).run_test(size=(120, 40)) as pilot:
        if wrapped:
            pane.action_wrap()
        start = time.perf_counter()
        pane.update(data)
        drawn(pane)
        results = {"open": time.perf_counter() - start}
        results["key up"] = await median_of(lambda _: pane.action_move(-1), pane, pilot)

        def grow(index: int) -> None:
            more = [*data.lines[index + 1 :], *(line(lines + extra + 1) for extra in range(index + 1))]
            pane.update(LogData(14, 1, lines + index + 1, more, START))

        pane.action_last()
        results["a line arrives"] = await median_of(grow, pane, pilot)

        def jump(index: int) -> None:
            pane.scroll_to(y=index * (lines // REPEATS), animate=False, force=True)
            pane.update(loaded(pane._positions()[0] - WINDOW // 2))

        results["jump anywhere"] = await median_of(jump, pane, pilot)
        return results


async def compare(
    name: str, small: Coroutine[Any, Any, dict[str, float]], huge: Coroutine[Any, Any, dict[str, float]]
) -> None:
    few, many = await small, await huge
    print(f"\n{name}")
    for key, value in many.items():
        print(f"  {key:16} {milliseconds(value)}   small: {milliseconds(few[key])}")
    for key in ("key down", "key up", "50 rows change", "a line arrives"):
        if key in many:
            assert many[key] < few[key] * NOISE, key


async def test_table_of_100_000_jobs() -> None:
    await compare("job table, 100,000 jobs (small: 200)", of_table(200), of_table(100_000))


@pytest.mark.parametrize("wrapped", [False, True])
async def test_log_of_1_000_000_lines(*, wrapped: bool) -> None:
    name = f"log, 1,000,000 lines{' wrapped' if wrapped else ''} (small: 400)"
    await compare(name, of_log(400, wrapped=wrapped), of_log(1_000_000, wrapped=wrapped))
