"""Dollars that a job may spend: reserved before a call is sent, settled when it has ended."""

from __future__ import annotations

from devtrail_tui.core.context import Context
from devtrail_tui.core.job import Level


class Budget:
    """Bounds what a job spends over all its attempts, calls under way at their worst case included; None is no bound.

    `reached` says that a call was refused.
    """

    def __init__(self, context: Context, limit_usd: float | None) -> None:
        self._context = context
        self._limit_usd = limit_usd
        self._reserved_usd = 0.0
        self.reached = False

    def reserve(self, usd: float) -> bool:
        """Set dollars aside for a call; False where the budget does not allow it."""
        committed_usd = self._context.spent_usd + self._reserved_usd + usd
        if self._limit_usd is not None and committed_usd > self._limit_usd:
            if not self.reached:
                self.reached = True
                self._context.log(
                    f"The budget of ${self._limit_usd:.2f} would be passed by the next call; nothing more is sent to "
                    "Claude. What is not analysed can be analysed later.",
                    Level.WARNING,
                )
            return False
        self._reserved_usd += usd
        return True

    def release(self, usd: float) -> None:
        """The call has ended: what it cost is in the job's `spent_usd`."""
        self._reserved_usd -= usd
