"""What a worker does from time to time: each duty a function and its period."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devtrail_tui.core.errors import StoreError

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Duty:
    """Something to do every `period_s` seconds, the first time at once."""

    name: str
    period_s: float
    act: Callable[[], Awaitable[None]]
    due_at: float = float("-inf")
    error: str = ""


class Duties:
    """Does what is due, one after another; `monotonic` counts the seconds. A duty that fails does not stop the others, and is
    tried again after its period."""

    def __init__(self, monotonic: Callable[[], float], *duties: Duty) -> None:
        self._monotonic = monotonic
        self._duties = duties

    async def run_due(self) -> None:
        """Do what is due. Raises the first StoreError once all have had their turn; another error is logged, once for as long as
        it lasts."""
        trouble: StoreError | None = None
        now = (
            self._monotonic()
        )  # once, so that duties of one period stay together: each awakening costs more than they do
        for duty in self._duties:
            if now < duty.due_at:
                continue
            duty.due_at = now + duty.period_s
            error = ""
            try:
                await duty.act()
            except StoreError as raised:
                trouble = trouble or raised
            except Exception as raised:  # a fault in one duty is no reason to leave the jobs, or the other duties
                error = repr(raised)
                if error != duty.error:
                    _logger.exception("the duty “%s” failed", duty.name)
            duty.error = error
        if trouble is not None:
            raise trouble

    def wait_s(self) -> float:
        """Seconds until the next one is due."""
        return max(0.0, min(duty.due_at for duty in self._duties) - self._monotonic())
