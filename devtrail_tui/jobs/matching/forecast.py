"""What a job's analyses will cost in all: before the first answer from the requests, later from the job's own answers."""

from __future__ import annotations

import math
import statistics

from devtrail_tui.core.price_range import PriceRange, total
from devtrail_tui.core.wording import dollars

ENOUGH_ANSWERS = 20
"""Paid answers after which their own spread is the better estimate."""
WIDEST_LEARNED = 4.0
_DEVIATIONS = 2.4
"""Standard errors on each side. 1.73 hold nine of ten means of 19 degrees of freedom if prices are normal; they are skewed."""


class Forecast:
    """Learns from requests that are about to be sent and from the prices of their answers. `pending` is the number of pull
    requests that wait for a judgement."""

    def __init__(self) -> None:
        self.pending = 0
        self._requests: list[PriceRange] = []
        self._paid_usd: list[float] = []
        self._logged_at = 0

    def request(self, price: PriceRange | None) -> bool:
        """Take a request into account; whether it is the first with a price."""
        if price is None:
            return False
        self._requests.append(price)
        return len(self._requests) == 1

    def answer(self, usd: float) -> None:
        """Take a paid answer into account."""
        self._paid_usd.append(usd)

    def is_worth_logging(self) -> bool:
        """Whether to log the range now: after 20 answers, and each time their number has doubled. Once for each."""
        if len(self._paid_usd) < max(ENOUGH_ANSWERS, 2 * self._logged_at):
            return False
        self._logged_at = len(self._paid_usd)
        return True

    @property
    def each_usd(self) -> float | None:
        """The mean price of the job's answers; None before the first."""
        return statistics.fmean(self._paid_usd) if self._paid_usd else None

    def rest(self) -> PriceRange | None:
        """The price of what is pending; None as long as no price is known."""
        pending = max(self.pending, 0)
        if len(self._paid_usd) < ENOUGH_ANSWERS:
            if not self._requests:
                return None
            return total(self._requests).times(pending / len(self._requests)).narrowed()
        mean, spread = statistics.fmean(self._paid_usd), statistics.stdev(self._paid_usd)
        error = _DEVIATIONS * spread * pending * math.sqrt(1 / len(self._paid_usd) + 1 / max(pending, 1))
        expected = mean * pending
        return PriceRange(max(expected - error, min(self._paid_usd) * pending), expected, expected + error)

    def whole(self, spent_usd: float) -> PriceRange | None:
        """The price of the whole job, of which `spent_usd` are spent."""
        rest = self.rest()
        if rest is None:
            return None
        widest = WIDEST_LEARNED if len(self._paid_usd) >= ENOUGH_ANSWERS else math.inf
        return rest.plus_known(spent_usd).narrowed(widest)


def over_budget(price: PriceRange | None, budget_usd: float | None) -> str:
    """A clause that says whether a price may pass the budget; empty if not."""
    if price is None or budget_usd is None or price.high_usd <= budget_usd:
        return ""
    verb = "passes" if price.expected_usd > budget_usd else "may pass"
    return f", which {verb} the budget of {dollars(budget_usd)}"
