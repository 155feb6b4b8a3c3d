"""Bars keep their width and never lie at their ends."""

import math

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from devtrail_tui.tui.widgets.cells import bar, percent

FRACTIONS = st.floats(allow_nan=True, allow_infinity=True)


@given(fraction=FRACTIONS, width=st.integers(0, 80), thin=st.booleans())
def test_a_bar_has_exactly_its_width(fraction: float, width: int, *, thin: bool) -> None:
    assert cell_len(bar(fraction, width, thin=thin)) == width


@given(fraction=st.floats(0, 1, exclude_min=True, exclude_max=True), width=st.integers(1, 80), thin=st.booleans())
def test_begun_shows_and_unfinished_is_not_full(fraction: float, width: int, *, thin: bool) -> None:
    drawn = bar(fraction, width, thin=thin)
    assert drawn.strip()
    assert drawn != bar(1, width, thin=thin)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 80))
def test_more_is_never_shorter(one: float, other: float, width: int) -> None:
    def eighths(drawn: str) -> int:
        return sum(" ▏▎▍▌▋▊▉█".index(each) for each in drawn)

    less, more = sorted((one, other))
    assert eighths(bar(less, width)) <= eighths(bar(more, width))


def test_bars_as_they_look() -> None:
    assert bar(0.5, 10) == "█████     "
    assert bar(0.61, 20) == "████████████▎       "
    assert bar(0.5, 5, thin=True) == "━━╸  "
    assert bar(None, 4) == bar(math.nan, 4) == bar(-1, 4) == "    "
    assert bar(7, 3) == "███"
    assert bar(0.5, 0) == bar(0.5, -3) == ""


def test_a_hundred_per_cent_means_all() -> None:
    assert percent(0.999999) == "99 %"
    assert percent(1) == "100 %"
    assert percent(0.29) == "29 %"
    assert percent(None) == percent(math.nan) == ""
