"""What calls with one key to one host have met: plain data for all jobs of this process, whatever threads they run in."""

from __future__ import annotations

import threading

from devtrail_tui.core.errors import AuthenticationError


class SharedLimits:
    """A pause that every call keeps, by the monotonic clock, and the refusals of the key. Each job waits in its own loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._reason = ""
        self._refusals: list[AuthenticationError] = []

    def pause(self, until: float, reason: str) -> None:
        """No call before `until`, for a reason that people read; an earlier and longer pause stays."""
        with self._lock:
            if until > self._not_before:
                self._not_before, self._reason = until, reason

    def pending(self, now: float) -> tuple[float, str]:
        """Seconds of the pause that are left, and its reason."""
        with self._lock:
            return self._not_before - now, self._reason

    def refuse(self, error: AuthenticationError) -> None:
        """The key was turned away."""
        with self._lock:
            self._refusals.append(error)

    @property
    def refusals(self) -> int:
        """How many there were: whoever begins now tries the key once again, for it may have been mended."""
        with self._lock:
            return len(self._refusals)

    def refused_since(self, count: int) -> AuthenticationError | None:
        """The first refusal after so many."""
        with self._lock:
            return self._refusals[count] if len(self._refusals) > count else None
