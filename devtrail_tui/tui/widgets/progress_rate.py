"""The rate of a job, measured from its latest counts; None with too few samples."""

from __future__ import annotations

from collections import deque
from datetime import datetime

WINDOW_S = 90.0
"""The window of the measurement, in seconds."""
MIN_SECONDS = 5.0
"""Minimum measured seconds for a rate."""
MIN_STEPS = 3
"""Minimum measured steps for a rate."""
_STALE_S = 45.0


class ProgressRate:
    """Samples of completed steps. Times are aware; a step is a pull request, for example."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, float]] = deque()

    def add(self, now: datetime, steps: float) -> None:
        """Record that `steps` are done by `now`. A decreasing count or clock starts over."""
        samples = self._samples
        if samples and (steps < samples[-1][1] or now < samples[-1][0]):
            samples.clear()
        if len(samples) >= 2 and samples[-1][1] == samples[-2][1] == steps:
            samples.pop()  # a pause is two samples, however long it lasts
        samples.append((now, steps))
        while len(samples) > 2 and (now - samples[1][0]).total_seconds() >= WINDOW_S:
            samples.popleft()

    def reset(self) -> None:
        """Discard the samples: the job waits, and its rate may differ afterwards."""
        self._samples.clear()

    def per_minute(self) -> float | None:
        """Steps per minute; None with too few samples, or without a step for long."""
        if len(self._samples) < 2:
            return None
        (start, first), (end, last) = self._samples[0], self._samples[-1]
        seconds, steps = (end - start).total_seconds(), last - first
        if seconds < MIN_SECONDS or steps < MIN_STEPS or self._idle_s() > _STALE_S:
            return None
        return steps / seconds * 60

    def seconds_left(self, total: float) -> float | None:
        """Seconds until `total` steps are done, counted from the last sample; None if `per_minute` is None."""
        rate = self.per_minute()
        if rate is None or not self._samples:
            return None
        return max(total - self._samples[-1][1], 0.0) / rate * 60

    def _idle_s(self) -> float:
        """Seconds since the last step."""
        end, last = self._samples[-1]
        return (end - next(moment for moment, steps in self._samples if steps == last)).total_seconds()
