"""How fast a job goes, out of what was seen of it: robust, and silent rather than wrong."""

from __future__ import annotations

from collections import deque
from datetime import datetime

WINDOW_S = 90.0
"""Only what happened within this many seconds counts."""
LEAST_S = 5.0
"""Nothing is said before so many seconds were watched."""
LEAST_DONE = 3
"""Nothing is said before so many steps were seen."""
_STALE_S = 45.0


class Pace:
    """Samples of how many steps are done, and what follows from them. Times are aware; a step is a pull request, say."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, float]] = deque()

    def add(self, now: datetime, done: float) -> None:
        """Note that `done` steps are done by now. A count or a clock that goes back begins anew."""
        samples = self._samples
        if samples and (done < samples[-1][1] or now < samples[-1][0]):
            samples.clear()
        if len(samples) >= 2 and samples[-1][1] == samples[-2][1] == done:
            samples.pop()  # a standstill is two samples, however long it lasts
        samples.append((now, done))
        while len(samples) > 2 and (now - samples[1][0]).total_seconds() >= WINDOW_S:
            samples.popleft()

    def rest(self) -> None:
        """The job waits for something outside: what was seen so far says nothing about what comes after."""
        self._samples.clear()

    def per_minute(self) -> float | None:
        """Steps a minute; None while too little was seen, or nothing moved for long."""
        if len(self._samples) < 2:
            return None
        (start, before), (end, done) = self._samples[0], self._samples[-1]
        seconds = (end - start).total_seconds()
        if seconds < LEAST_S or done - before < LEAST_DONE or self._idle_s() > _STALE_S:
            return None
        return (done - before) / seconds * 60

    def seconds_left(self, total: float) -> float | None:
        """Seconds until `total` steps are done at this pace, counted from the last sample; None where `per_minute` is None."""
        rate = self.per_minute()
        if rate is None or not self._samples:
            return None
        return max(total - self._samples[-1][1], 0.0) / rate * 60

    def _idle_s(self) -> float:
        """Seconds since the last step."""
        end, done = self._samples[-1]
        reached = next(moment for moment, count in self._samples if count == done)
        return (end - reached).total_seconds()
