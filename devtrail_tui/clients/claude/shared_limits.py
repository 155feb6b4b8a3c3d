"""Limits shared by all calls with one key to one host: plain data for all jobs of this process, in any thread."""

from __future__ import annotations

import threading

from devtrail_tui.core.errors import AuthenticationError


class ClaudeLimits:
    """The pause of all calls, in monotonic time, the rejections of the key, and the models without a choice of effort. Each job
    waits in its own loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._reason = ""
        self._refusals: list[AuthenticationError] = []
        self._without_effort: set[str] = set()

    def pause(self, until: float, reason: str) -> None:
        """Pause all calls until `until`, for a displayed reason; an earlier, longer pause stays."""
        with self._lock:
            if until > self._not_before:
                self._not_before, self._reason = until, reason

    def pending(self, now: float) -> tuple[float, str]:
        """The remaining seconds of the pause, and its reason."""
        with self._lock:
            return self._not_before - now, self._reason

    def refuse(self, error: AuthenticationError) -> None:
        """Record that the key was rejected."""
        with self._lock:
            self._refusals.append(error)

    @property
    def refusals(self) -> int:
        """The number of rejections; a new client tries the key again, because it may be valid by now."""
        with self._lock:
            return len(self._refusals)

    def refused_since(self, count: int) -> AuthenticationError | None:
        """The first rejection after the first `count` ones."""
        with self._lock:
            return self._refusals[count] if len(self._refusals) > count else None

    def forgo_effort(self, model: str) -> None:
        """Record that a model has no choice of effort at this host."""
        with self._lock:
            self._without_effort.add(model)

    def has_effort(self, model: str) -> bool:
        """Whether to send an effort to this model: True until it is known to have no choice."""
        with self._lock:
            return model not in self._without_effort
