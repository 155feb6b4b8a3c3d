"""Lengths of time and moments as the screen writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.wording import (
    AGE_WIDTH,
    TOOK_WIDTH,
    WHEN_WIDTH,
    age,
    clock_time,
    countdown,
    left,
    since_start,
    took,
    when,
)

NOW = datetime(2026, 11, 23, 14, 31, tzinfo=UTC)
BACK = st.timedeltas(timedelta(days=-300), timedelta(days=90))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0:00"),
        (0.9, "0:00"),
        (48, "0:48"),
        (725, "12:05"),
        (3723, "1:02:03"),
        (36120, "10 h 02"),
        (99 * 3600 + 59, "99 h 00"),
        (4.29 * 86400, "4.2 d"),
    ],
)
def test_took(seconds: float, text: str) -> None:
    assert took(seconds) == text


@given(st.floats(0, 99 * 86400), BACK)
def test_columns_are_wide_enough(seconds: float, back: timedelta) -> None:
    assert len(took(seconds)) <= TOOK_WIDTH
    assert len(when(NOW - back, NOW, UTC)) <= WHEN_WIDTH
    assert len(age(NOW - back, NOW, UTC)) <= AGE_WIDTH


def test_countdown_ends_at_nought_and_not_before() -> None:
    assert countdown(11.2) == "0:12"
    assert countdown(0.1) == "0:01"
    assert countdown(0) == countdown(-3) == "0:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(56.2, "0:57 left"), (700, "12 min left"), (4800, "1 h 20 left"), (3570, "1 h 00 left"), (9e5, "11 d left")],
)
def test_left(seconds: float, text: str) -> None:
    assert left(seconds) == text


@pytest.mark.parametrize(
    ("back", "text", "short"),
    [
        (timedelta(seconds=20), "just now", "now"),
        (timedelta(minutes=2), "2 min ago", "2 min"),
        (timedelta(hours=1, minutes=59), "1 h ago", "1 h"),
        (timedelta(hours=20), "yesterday", "1 d"),
        (timedelta(days=6), "6 d ago", "6 d"),
        (timedelta(days=60), "24 Sep", "24 Sep"),
        (timedelta(days=400), "Oct 2025", "Oct 2025"),
        (timedelta(seconds=-12), "in 12 s", "in 12 s"),
        (timedelta(minutes=-5), "in 5 min", "in 5 min"),
        (timedelta(hours=-3), "in 3 h", "in 3 h"),
        (timedelta(days=-2), "in 2 d", "in 2 d"),
    ],
)
def test_when(back: timedelta, text: str, short: str) -> None:
    assert when(NOW - back, NOW, UTC) == text
    assert age(NOW - back, NOW, UTC) == short


def test_days_are_those_of_the_zone() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert when(late, NOW, UTC) == "yesterday"
    assert when(late, NOW, timezone(timedelta(hours=2))) == "15 h ago"


def test_log_times() -> None:
    assert clock_time(NOW, UTC) == "14:31:00"
    assert since_start(NOW, NOW - timedelta(seconds=48)) == "   +0:48"
    assert since_start(NOW - timedelta(seconds=2), NOW) == "   -0:02"
