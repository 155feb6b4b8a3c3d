"""Named periods: last quarter, this year, the last 30 days. Both days are inclusive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Period:
    """A name with its first and last day; None: the job's default."""

    name: str
    start: date | None
    end: date | None

    @property
    def word(self) -> str:
        """The name for the command line: `last-quarter`."""
        return self.name.lower().removeprefix("the ").replace(" ", "-")


def periods(today: date) -> Sequence[Period]:
    """The periods that a form offers on that day, the job's default first."""
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    last_quarter_end = quarter - timedelta(days=1)
    last_quarter = date(last_quarter_end.year, last_quarter_end.month - 2, 1)
    this_year = date(today.year, 1, 1)
    return (
        Period("The last 12 months", None, None),
        Period("This quarter", quarter, today),
        Period("Last quarter", last_quarter, last_quarter_end),
        Period("This year", this_year, today),
        Period("Last year", date(today.year - 1, 1, 1), this_year - timedelta(days=1)),
        Period("The last 30 days", today - timedelta(days=29), today),
        Period("The last 90 days", today - timedelta(days=89), today),
    )


def with_periods(first: Any, last: Any, today: date) -> tuple[Any, Any]:
    """A first and last day as typed, with the word of a period replaced: as first day it stands for the whole period."""
    by_word = {period.word: period for period in periods(today)}
    if (period := by_word.get(str(first))) is not None:
        first, last = period.start, last or period.end
    if (period := by_word.get(str(last))) is not None:
        last = period.end
    return first, last


def named(start: str, end: str, offered: Sequence[Period]) -> int | None:
    """The index of the period with these typed days, or None."""
    for index, period in enumerate(offered):
        if (start.strip(), end.strip()) == (_typed(period.start), _typed(period.end)):
            return index
    return None


def _typed(day: date | None) -> str:
    return day.isoformat() if day else ""
