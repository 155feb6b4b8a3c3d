"""Response times of the demo's services."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds per response and service; each varies by up to `jitter` (0.3: between 70 % and 130 %)."""

    github: float = 0.0
    claude: float = 0.0
    jitter: float = 0.3

    def __post_init__(self) -> None:
        if self.github < 0 or self.claude < 0 or not 0 <= self.jitter <= 1:
            raise ValueError("A latency is zero or more seconds, and its jitter lies between 0 and 1.")

    def seconds(self, service: str, rng: random.Random) -> float:
        """The latency of the next response of `service` ("github" or "claude")."""
        base = self.claude if service == "claude" else self.github
        return base * rng.uniform(1 - self.jitter, 1 + self.jitter) if base else 0.0
