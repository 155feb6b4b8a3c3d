"""How long the demo's services take to answer."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds an answer takes, per service; each answer varies by up to `jitter` (0.3: between 70 % and 130 %)."""

    github: float = 0.0
    claude: float = 0.0
    jitter: float = 0.3

    def __post_init__(self) -> None:
        if self.github < 0 or self.claude < 0 or not 0 <= self.jitter <= 1:
            raise ValueError("A latency is zero or more seconds, and its jitter lies between 0 and 1.")

    def seconds(self, service: str, rng: random.Random) -> float:
        """How long the next answer of `service` ("github" or "claude") takes."""
        base = self.claude if service == "claude" else self.github
        return base * rng.uniform(1 - self.jitter, 1 + self.jitter) if base else 0.0
