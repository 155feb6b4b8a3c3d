"""GitHub's primary rate limits: one bucket a resource, refilled at the full hour of its own window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_SECONDS = {"core": 3600, "graphql": 3600, "search": 60}


@dataclass(eq=False)
class Bucket:
    """What is left of one resource. `clock` gives seconds since the epoch; `reset` is such a second."""

    resource: str
    limit: int
    clock: Callable[[], float]
    used: int = 0
    reset: int = field(init=False)

    def __post_init__(self) -> None:
        self.reset = int(self.clock()) + WINDOW_SECONDS[self.resource]

    @property
    def remaining(self) -> int:
        self._refill()
        return max(0, self.limit - self.used)

    def spend(self, points: int) -> bool:
        """Take the points; False, and nothing taken, when nothing is left."""
        if self.remaining <= 0:
            return False
        self.used += points
        return True

    def exhaust(self, *, reset_in: int) -> None:
        """Leave nothing until `reset_in` seconds from now."""
        self.used = self.limit
        self.reset = int(self.clock()) + reset_in

    def headers(self) -> list[tuple[str, str]]:
        remaining = self.remaining
        return [
            ("x-ratelimit-limit", str(self.limit)),
            ("x-ratelimit-remaining", str(remaining)),
            ("x-ratelimit-used", str(min(self.used, self.limit))),
            ("x-ratelimit-reset", str(self.reset)),
            ("x-ratelimit-resource", self.resource),
        ]

    def as_json(self) -> dict[str, int]:
        remaining = self.remaining
        return {
            "limit": self.limit,
            "used": min(self.used, self.limit),
            "remaining": remaining,
            "reset": self.reset,
        }

    def _refill(self) -> None:
        now = int(self.clock())
        if now >= self.reset:
            self.used = 0
            self.reset = now + WINDOW_SECONDS[self.resource]


class RateLimits:
    """GitHub's buckets for one user."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.core = Bucket("core", 5000, clock)
        self.graphql = Bucket("graphql", 5000, clock)
        self.search = Bucket("search", 30, clock)
