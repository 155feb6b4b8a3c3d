"""GitHub's primary rate limits: one bucket per resource, refilled when its window of an hour ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

WINDOW_SECONDS = {"core": 3600, "graphql": 3600, "search": 60}


@dataclass(eq=False)
class Bucket:
    """The remaining points of one resource. `reset` is in seconds since the epoch."""

    resource: str
    limit: int
    used: int = 0
    reset: int = field(init=False)

    def __post_init__(self) -> None:
        self.reset = int(time.time()) + WINDOW_SECONDS[self.resource]

    @property
    def remaining(self) -> int:
        self._refill()
        return max(0, self.limit - self.used)

    def spend(self, points: int) -> bool:
        """Take the points; False, without taking any, if the bucket is empty."""
        if self.remaining <= 0:
            return False
        self.used += points
        return True

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
        now = int(time.time())
        if now >= self.reset:
            self.used = 0
            self.reset = now + WINDOW_SECONDS[self.resource]


class RateLimits:
    """GitHub's buckets for one user."""

    def __init__(self) -> None:
        self.core = Bucket("core", 5000)
        self.graphql = Bucket("graphql", 5000)
        self.search = Bucket("search", 30)
