"""Backoff: jittered over the whole span, bounded, never earlier than the service allows."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.retry import delay_s

SEEDS = st.integers(0, 2**32)


class Fixed(Random):
    """Always the same part of the span."""

    def __init__(self, part: float) -> None:
        super().__init__()
        self._part = part

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._part


@pytest.mark.parametrize(("attempt", "most"), [(1, 2.0), (2, 4.0), (3, 8.0), (8, 256.0), (9, 300.0), (10**6, 300.0)])
def test_the_span_doubles_up_to_the_cap(attempt: int, most: float) -> None:
    assert delay_s(attempt, Fixed(1.0)) == most
    assert delay_s(attempt, Fixed(0.0)) == 0.0


@given(attempt=st.integers(1, 10_000), seed=SEEDS, base=st.floats(0.001, 100), cap=st.floats(0.001, 1000))
def test_a_delay_stays_in_its_span(attempt: int, seed: int, base: float, cap: float) -> None:
    delay = delay_s(attempt, Random(seed), base, cap)
    assert 0 <= delay <= cap
    if attempt < 60:
        assert delay <= base * 2 ** (attempt - 1)


@given(attempt=st.integers(1, 100), seed=SEEDS, retry_after_s=st.floats(0, 1e6))
def test_the_services_own_word_is_a_lower_bound(attempt: int, seed: int, retry_after_s: float) -> None:
    delay = delay_s(attempt, Random(seed), retry_after_s=retry_after_s)
    assert delay == max(retry_after_s, delay_s(attempt, Random(seed)))


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -5.0])
def test_a_word_that_makes_no_sense_is_passed_over(nonsense: float) -> None:
    assert delay_s(1, Fixed(0.5), retry_after_s=nonsense) == 1.0


def test_the_whole_span_is_used() -> None:
    random = Random(4)
    delays = [delay_s(3, random) for _ in range(400)]
    quarters = {int(delay // 2) for delay in delays}
    assert quarters == {0, 1, 2, 3}


def test_tries_count_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        delay_s(0, Random(1))
