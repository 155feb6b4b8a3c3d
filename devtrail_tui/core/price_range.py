"""A price in dollars that is not known yet: the lowest likely, the expected, and the highest likely one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from devtrail_tui.core.wording import dollars

WIDEST = 8.0
"""A range whose end is more than this many times its beginning tells a person nothing."""

_LEAST_SHOWN_USD = 0.005


@dataclass(frozen=True, slots=True)
class PriceRange:
    """US dollars. The budget is no bound of it."""

    low_usd: float
    expected_usd: float
    high_usd: float

    def times(self, number: float) -> PriceRange:
        """The price of so many."""
        return PriceRange(self.low_usd * number, self.expected_usd * number, self.high_usd * number)

    def plus_known(self, usd: float) -> PriceRange:
        """The price together with an amount that is known."""
        return PriceRange(self.low_usd + usd, self.expected_usd + usd, self.high_usd + usd)

    def narrowed(self, widest: float = WIDEST) -> PriceRange:
        """The range with its ends moved towards each other until the high one is at most `widest` times the low one."""
        if self.high_usd <= widest * self.low_usd:
            return self
        middle = (self.low_usd * self.high_usd) ** 0.5 or self.expected_usd
        low = middle / widest**0.5
        high = low * widest
        return PriceRange(low, min(max(self.expected_usd, low), high), high)

    def words(self) -> str:
        """For people: `about $0.42 ($0.13 to $0.98)`."""
        if self.high_usd < _LEAST_SHOWN_USD:
            return "less than $0.01"
        low, high = dollars(self.low_usd), dollars(self.high_usd)
        return f"about {dollars(self.expected_usd)}" + (f" ({low} to {high})" if low != high else "")


def total(ranges: Iterable[PriceRange]) -> PriceRange:
    """The price of all of them together; zero of none."""
    all_ranges = list(ranges)
    return PriceRange(
        sum(each.low_usd for each in all_ranges),
        sum(each.expected_usd for each in all_ranges),
        sum(each.high_usd for each in all_ranges),
    )
