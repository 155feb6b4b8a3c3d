"""A job's budget in dollars: reserved before a call, released when it has ended."""

from __future__ import annotations

from devtrail_tui.core.context import Context
from devtrail_tui.core.job import Level


class Budget:
    """Limits a job's cost over all attempts, with calls in flight at their worst case; None is no limit.

    `reached`: a call was refused.
    """

    def __init__(self, context: Context, limit_usd: float | None) -> None:
        self._context = context
        self._limit_usd = limit_usd
        self._reserved_usd = 0.0
        self.reached = False

    def reserve(self, usd: float) -> bool:
        """Reserve dollars for a call; False if the budget does not allow it."""
        committed_usd = self._context.spent_usd + self._reserved_usd + usd
        if self._limit_usd is not None and committed_usd > self._limit_usd:
            if not self.reached:
                self.reached = True
                self._context.log(
                    f"The next call would exceed the budget of ${self._limit_usd:.2f}; nothing more is sent to Claude. "
                    "The rest can be analysed later.",
                    Level.WARNING,
                )
            return False
        self._reserved_usd += usd
        return True

    def release(self, usd: float) -> None:
        """Release the reservation of an ended call, whose cost is now in the job's `spent_usd`."""
        self._reserved_usd -= usd
