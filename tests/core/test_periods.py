"""Periods by name, on any day of any year."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.periods import named, periods

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))


def by_name(today: date) -> dict[str, tuple[date | None, date | None]]:
    return {each.name: (each.start, each.end) for each in periods(today)}


def test_in_november_2026() -> None:
    found = by_name(date(2026, 11, 23))
    assert found["This quarter"] == (date(2026, 10, 1), date(2026, 11, 23))
    assert found["Last quarter"] == (date(2026, 7, 1), date(2026, 9, 30))
    assert found["Last year"] == (date(2025, 1, 1), date(2025, 12, 31))
    assert found["The last 30 days"] == (date(2026, 10, 25), date(2026, 11, 23))


def test_in_january_the_last_quarter_is_of_the_year_before() -> None:
    assert by_name(date(2026, 1, 1))["Last quarter"] == (date(2025, 10, 1), date(2025, 12, 31))


@given(days)
def test_no_period_lies_in_the_future_or_backwards(today: date) -> None:
    for each in periods(today):
        if each.start is not None and each.end is not None:
            assert each.start <= each.end <= today


@given(days)
def test_last_quarter_ends_the_day_before_this_one_begins(today: date) -> None:
    found = by_name(today)
    this, last = found["This quarter"], found["Last quarter"]
    assert this[0] is not None
    assert last[0] is not None
    assert last[1] == this[0] - timedelta(days=1)
    assert last[0].day == 1
    assert 90 <= (this[0] - last[0]).days <= 92


@given(days)
def test_days_typed_are_named_again(today: date) -> None:
    offered = periods(today)
    for each in offered:
        typed = [day.isoformat() if day else "" for day in (each.start, each.end)]
        index = named(typed[0], typed[1], offered)
        assert index is not None
        assert (offered[index].start, offered[index].end) == (each.start, each.end)
    assert named("1999-01-01", "", offered) is None
