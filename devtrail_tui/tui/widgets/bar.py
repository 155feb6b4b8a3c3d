"""Progress bars as text."""

from __future__ import annotations

import math

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HALVES = " ╸━"


def bar(fraction: float | None, width: int, *, thin: bool = False) -> str:
    """A bar of exactly `width` cells for a fraction of 0-1, in eighths of a cell; blank cells are the track, which the
    caller colours. `thin` gives a line in half cells: for what has ended and should not draw the eye.

    The bar never lies at its ends: anything above 0 shows, and only a fraction of 1 or more is full. None and NaN
    (nothing is known yet) give an empty bar; a width of 0 or less gives "".
    """
    if width <= 0:
        return ""
    if fraction is None or math.isnan(fraction) or fraction <= 0:
        return " " * width
    steps = _HALVES if thin else _EIGHTHS
    full = len(steps) - 1
    filled = width * full if fraction >= 1 else min(max(round(fraction * width * full), 1), width * full - 1)
    whole, rest = divmod(filled, full)
    return (steps[full] * whole + (steps[rest] if rest else "")).ljust(width)


def percent(fraction: float | None) -> str:
    """A fraction as a figure such as "61 %", rounded down, so that 100 % means all of it; None gives ""."""
    if fraction is None or math.isnan(fraction):
        return ""
    return f"{math.floor(min(max(fraction, 0.0), 1.0) * 100 + 1e-9)} %"
