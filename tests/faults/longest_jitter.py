"""Retries of jobs that always wait as long as their span allows: a job that is to be found waiting is not already due again."""

from __future__ import annotations

import random

import pytest

from devtrail_tui.core.retry import delay_s
from devtrail_tui.runtime import executor


class _Latest(random.Random):
    """Always the end of the span."""

    def uniform(self, a: float, b: float) -> float:
        return b


def use_longest_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only between a job's own tries; the calls within one try keep their chance."""

    def latest(attempt: int, _rng: random.Random, *, retry_after_s: float | None = None) -> float:
        return delay_s(attempt, _Latest(), retry_after_s=retry_after_s)

    monkeypatch.setattr(executor, "delay_s", latest)
