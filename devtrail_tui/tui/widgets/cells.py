"""Fitting text into the cells of a terminal line: wide letters count two, and what is cut says so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

Part = tuple[str, Style]
"""A piece of a line and how it is drawn."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HALVES = " ╸━"


def shorten(text: str, width: int) -> str:
    """The text in at most `width` cells, its last one an ellipsis where something was cut."""
    if width <= 0 or cell_len(text) <= width:
        return text if width > 0 else ""
    return set_cell_size(text, width - 1).rstrip() + "…"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells, cut by an ellipsis or filled with spaces; `right` sets it to the right."""
    text = shorten(text, width)
    return " " * (width - cell_len(text)) + text if right else set_cell_size(text, width)


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """Where to break text into lines of at most `width` cells: spans of characters, in order, at least one.

    Lines break at newlines and behind spaces; a word longer than a line is cut. Newlines belong to no span, every other
    character to exactly one.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        spans.extend((start + first, start + last) for first, last in _wrap_line(line, max(width, 1)))
        start += len(line) + 1
    return spans


def _wrap_line(line: str, width: int) -> Iterable[tuple[int, int]]:
    start = 0
    while cell_len(line[start:]) > width:
        end = start + _characters_in(line, start, width)
        space = line.rfind(" ", start, end + 1)
        # A space in the cell behind the line belongs to this line, where nobody sees it.
        stop = space + 1 if space > start else end
        yield start, stop
        start = stop
    yield start, len(line)


def _characters_in(text: str, start: int, width: int) -> int:
    """How many characters from `start` fit into `width` cells; at least one."""
    if text.isascii():
        return min(width, len(text) - start)
    return max(len(chop_cells(text[start : start + 4 * width], width)[0]), 1)  # no more is looked at than can fit


def characters_before(text: str, cells: int) -> int:
    """How many characters lie wholly or partly in the first `cells` cells."""
    if cells <= 0:
        return 0
    return min(cells, len(text)) if text.isascii() else _characters_in(text, 0, cells)


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
    full_cells, partial = divmod(filled, full)
    return (steps[full] * full_cells + (steps[partial] if partial else "")).ljust(width)


def percent(fraction: float | None) -> str:
    """A fraction as a figure such as "61 %", rounded down, so that 100 % means all of it; None gives ""."""
    if fraction is None or math.isnan(fraction):
        return ""
    return f"{math.floor(min(max(fraction, 0.0), 1.0) * 100 + 1e-9)} %"


def strip_of(parts: Iterable[Part], width: int, fill: Style) -> Strip:
    """One line of exactly `width` cells on the background of `fill`."""
    segments = [Segment(text, fill + style) for text, style in parts if text]
    return Strip(segments).adjust_cell_length(width, fill)


def styled(text: str, base: Style, spans: Sequence[tuple[int, int, Style]]) -> list[Part]:
    """Text cut where spans of characters begin and end; later spans lie over earlier ones."""
    cuts = sorted({0, len(text), *(min(max(edge, 0), len(text)) for first, last, _ in spans for edge in (first, last))})
    segments = []
    for start, end in pairwise(cuts):
        style = base
        for first, last, over in spans:
            if first <= start and end <= last:
                style += over
        segments.append((text[start:end], style))
    return segments


def ink(widget: Widget, component: str) -> Style:
    """A component's foreground alone, so that the same ink can be used on a plain line and on the cursor's."""
    style = widget.get_component_rich_style(component)
    return Style(color=style.color, bold=style.bold, italic=style.italic, underline=style.underline)


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """What the border says. Only what changes is set, for Textual draws the widget anew for each."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = Content(text) if text else None
        if (content and content.markup) != getattr(widget, name):
            setattr(widget, name, content)
