"""How fast a job goes, measured from its latest counts; nothing where there is too little to go by."""

from __future__ import annotations

from collections import deque
from datetime import datetime

WINDOW_S = 90.0
"""Only what happened within this many seconds counts."""
MIN_SECONDS = 5.0
"""Seconds that must be measured before there is a rate."""
MIN_STEPS = 3
"""Steps that must be measured before there is a rate."""
_STALE_S = 45.0


class ProgressRate:
    """Samples of how many steps are done. Times are aware; a step is a pull request, for example."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, float]] = deque()

    def add(self, now: datetime, steps: float) -> None:
        """Note that `steps` are done by now. A count or a clock that goes back begins anew."""
        samples = self._samples
        if samples and (steps < samples[-1][1] or now < samples[-1][0]):
            samples.clear()
        if len(samples) >= 2 and samples[-1][1] == samples[-2][1] == steps:
            samples.pop()  # a standstill is two samples, however long it lasts
        samples.append((now, steps))
        while len(samples) > 2 and (now - samples[1][0]).total_seconds() >= WINDOW_S:
            samples.popleft()

    def reset(self) -> None:
        """Forget the samples: the job waits for something outside, after which it may go at another rate."""
        self._samples.clear()

    def per_minute(self) -> float | None:
        """Steps a minute; None while too little is measured, or nothing moved for long."""
        if len(self._samples) < 2:
            return None
        (start, first), (end, last) = self._samples[0], self._samples[-1]
        seconds, steps = (end - start).total_seconds(), last - first
        if seconds < MIN_SECONDS or steps < MIN_STEPS or self._idle_s() > _STALE_S:
            return None
        return steps / seconds * 60

    def seconds_left(self, total: float) -> float | None:
        """Seconds until `total` steps are done at this rate, counted from the last sample; None where `per_minute` is None."""
        rate = self.per_minute()
        if rate is None or not self._samples:
            return None
        return max(total - self._samples[-1][1], 0.0) / rate * 60

    def _idle_s(self) -> float:
        """Seconds since the last step."""
        end, last = self._samples[-1]
        return (end - next(moment for moment, steps in self._samples if steps == last)).total_seconds()
