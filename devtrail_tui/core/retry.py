"""How long to wait before the next try: exponential backoff with full jitter.

Full jitter spreads tries over the whole span, so that many that failed together do not come back together. (Marc Brooker,
"Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
"""

from __future__ import annotations

import math
from random import Random

LONGEST_RETRY_AFTER_S = 366 * 24 * 3600.0
"""A service that names a longer wait is asked again after this one; what it named may lie beyond any calendar."""
_LARGEST_EXPONENT = 60
"""Doubling stops to matter long before; it keeps the power from growing without end."""


def delay_s(
    attempt: int, random: Random, base: float = 2.0, cap: float = 300.0, retry_after_s: float | None = None
) -> float:
    """Seconds to wait after try number `attempt` (1 for the first) has failed.

    A random part of `base`, 2 `base`, 4 `base`, ... seconds, never more than `cap`. `retry_after_s`, the service's own word, is
    a lower bound that `cap` does not cut (but a year does): coming back earlier only makes a limit last longer. Raises
    ValueError for an `attempt` below 1.
    """
    if attempt < 1:
        raise ValueError("Tries are counted from 1.")
    longest_s = min(cap, base * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
    jittered = random.uniform(0.0, longest_s)
    if retry_after_s is None or not math.isfinite(retry_after_s):
        return jittered
    return max(min(retry_after_s, LONGEST_RETRY_AFTER_S), jittered)
