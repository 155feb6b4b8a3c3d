"""Periodic duties of a worker: a function with a period."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devtrail_tui.core.errors import StoreError

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Duty:
    """A task to run every `period_s` seconds, first at once."""

    name: str
    period_s: float
    act: Callable[[], Awaitable[None]]
    due_at: float = float("-inf")
    error: str = ""


class Duties:
    """Runs the due duties in sequence; `monotonic` returns seconds. A failing duty does not stop the others, and is retried
    after its period."""

    def __init__(self, monotonic: Callable[[], float], *duties: Duty) -> None:
        self._monotonic = monotonic
        self._duties = duties

    async def run_due(self) -> None:
        """Run the due duties. Raises the first StoreError after all have run; another error is logged once while it persists."""
        trouble: StoreError | None = None
        now = self._monotonic()  # one reading for all: duties of equal periods then fall due in the same wake-up
        for duty in self._duties:
            if now < duty.due_at:
                continue
            duty.due_at = now + duty.period_s
            error = ""
            try:
                await duty.act()
            except StoreError as raised:
                trouble = trouble or raised
            except Exception as raised:  # an error in one duty must not stop the jobs or other duties
                error = repr(raised)
                if error != duty.error:
                    _logger.exception("the duty “%s” failed", duty.name)
            duty.error = error
        if trouble is not None:
            raise trouble

    def wait_s(self) -> float:
        """Seconds until the next duty is due."""
        return max(0.0, min(duty.due_at for duty in self._duties) - self._monotonic())
