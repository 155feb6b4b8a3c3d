"""Time left: right when the work is even, silent when nothing can be said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.tui.widgets.progress_rate import MIN_SECONDS, MIN_STEPS, ProgressRate

START = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_even_work_is_estimated_exactly() -> None:
    pace = ProgressRate()
    for second in range(31):
        pace.add(after(second), second * 2)
    assert pace.per_minute() == pytest.approx(120)
    assert pace.seconds_left(100) == pytest.approx(20)


def test_nothing_is_said_too_early() -> None:
    pace = ProgressRate()
    assert pace.per_minute() is None
    pace.add(after(0), 0)
    pace.add(after(MIN_SECONDS - 1), 50)
    assert pace.per_minute() is None
    few = ProgressRate()
    few.add(after(0), 0)
    few.add(after(30), MIN_STEPS - 1)
    assert few.seconds_left(100) is None


def test_only_the_last_minutes_count() -> None:
    pace = ProgressRate()
    for second in range(0, 600, 5):
        pace.add(after(second), second / 10)
    for second in range(600, 800, 5):
        pace.add(after(second), 60 + (second - 600))
    assert pace.per_minute() == pytest.approx(60, rel=0.05)


def test_a_standstill_silences() -> None:
    pace = ProgressRate()
    for second in range(20):
        pace.add(after(second), second)
    assert pace.per_minute() is not None
    for second in range(20, 90):
        pace.add(after(second), 19)
    assert pace.per_minute() is None


def test_a_rest_or_a_count_that_goes_back_begins_anew() -> None:
    pace = ProgressRate()
    for second in range(20):
        pace.add(after(second), second)
    pace.add(after(20), 3)
    assert pace.per_minute() is None
    for second in range(21, 40):
        pace.add(after(second), second)
    pace.reset()
    assert pace.per_minute() is None


@given(st.lists(st.tuples(st.floats(-5, 60), st.integers(-2, 9)), max_size=60), st.integers(0, 500))
def test_never_nonsense(steps: list[tuple[float, int]], total: int) -> None:
    pace, clock, done = ProgressRate(), 0.0, 0
    for seconds, more in steps:
        clock, done = clock + seconds, max(done + more, 0)
        pace.add(after(clock), done)
    rate, left = pace.per_minute(), pace.seconds_left(total)
    assert (rate is None) == (left is None)
    assert rate is None or (rate > 0 and left is not None and 0 <= left < 1e6)
