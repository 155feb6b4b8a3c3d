"""The delay before the next retry: exponential backoff with full jitter.

Full jitter spreads retries over the whole interval, so that tasks that failed together do not retry together. (Marc Brooker,
"Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
"""

from __future__ import annotations

import math
from random import Random

LONGEST_RETRY_AFTER_S = 366 * 24 * 3600.0
"""Upper limit of a wait that a service asks for; a larger one may exceed the range of dates."""
_LARGEST_EXPONENT = 60
"""Doubling stops here; more would only make the power grow without limit."""


def delay_s(
    attempt: int, random: Random, base: float = 2.0, cap: float = 300.0, retry_after_s: float | None = None
) -> float:
    """Seconds to wait after failed try number `attempt` (1 for the first).

    A random part of `base`, 2 `base`, 4 `base`, ... seconds, at most `cap`. `retry_after_s`, the service's value, is a lower
    bound that `cap` does not cut (one year does): retrying earlier only prolongs a limit. Raises ValueError for an `attempt`
    below 1.
    """
    if attempt < 1:
        raise ValueError("Tries are counted from 1.")
    longest_s = min(cap, base * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
    jittered = random.uniform(0.0, longest_s)
    if retry_after_s is None or not math.isfinite(retry_after_s):
        return jittered
    return max(min(retry_after_s, LONGEST_RETRY_AFTER_S), jittered)
