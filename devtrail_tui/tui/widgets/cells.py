"""Fits text into terminal cells: wide characters take two, and cut text ends with an ellipsis."""

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
"""A segment of a line with its style."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HALVES = " ╸━"


def shorten(text: str, width: int) -> str:
    """The text in at most `width` cells; an ellipsis marks a cut."""
    if width <= 0 or cell_len(text) <= width:
        return text if width > 0 else ""
    return set_cell_size(text, width - 1).rstrip() + "…"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells, cut with an ellipsis or padded with spaces; `right` aligns it right."""
    text = shorten(text, width)
    return " " * (width - cell_len(text)) + text if right else set_cell_size(text, width)


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """The spans of characters that break text into lines of at most `width` cells, in order, at least one.

    Lines break at newlines and after spaces; a word longer than a line is cut. Newlines belong to no span, every other
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
        # A space just behind the end of a line belongs to that line, where it is invisible.
        stop = space + 1 if space > start else end
        yield start, stop
        start = stop
    yield start, len(line)


def _characters_in(text: str, start: int, width: int) -> int:
    """The number of characters from `start` that fit into `width` cells; at least one."""
    if text.isascii():
        return min(width, len(text) - start)
    return max(len(chop_cells(text[start : start + 4 * width], width)[0]), 1)  # bounds the work to what can fit


def characters_before(text: str, cells: int) -> int:
    """The number of characters wholly or partly in the first `cells` cells."""
    if cells <= 0:
        return 0
    return min(cells, len(text)) if text.isascii() else _characters_in(text, 0, cells)


def bar(fraction: float | None, width: int, *, thin: bool = False) -> str:
    """A bar of exactly `width` cells for a fraction of 0-1, in eighths of a cell; blank cells are the track, which the
    caller colours. `thin` draws a line in half cells, for ended work.

    Any fraction above 0 is visible, and only 1 or more is full. None and NaN (unknown) give an empty bar; a width of 0 or less
    gives "".
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
    """A fraction as a percentage such as "61 %", rounded down so that 100 % means complete; None gives ""."""
    if fraction is None or math.isnan(fraction):
        return ""
    return f"{math.floor(min(max(fraction, 0.0), 1.0) * 100 + 1e-9)} %"


def strip_of(parts: Iterable[Part], width: int, fill: Style) -> Strip:
    """One line of exactly `width` cells, padded with `fill`."""
    segments = [Segment(text, fill + style) for text, style in parts if text]
    return Strip(segments).adjust_cell_length(width, fill)


def styled(text: str, base: Style, spans: Sequence[tuple[int, int, Style]]) -> list[Part]:
    """Text split at the ends of the spans; later spans override earlier ones."""
    cuts = sorted({0, len(text), *(min(max(edge, 0), len(text)) for first, last, _ in spans for edge in (first, last))})
    segments = []
    for start, end in pairwise(cuts):
        style = base
        for first, last, over in spans:
            if first <= start and end <= last:
                style += over
        segments.append((text[start:end], style))
    return segments


def foreground_style(widget: Widget, component: str) -> Style:
    """A component's foreground style without background, for plain lines and the cursor line alike."""
    style = widget.get_component_rich_style(component)
    return Style(color=style.color, bold=style.bold, italic=style.italic, underline=style.underline)


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """Set the border's title and subtitle if changed; each assignment makes Textual redraw the widget."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = Content(text) if text else None
        if (content and content.markup) != getattr(widget, name):
            setattr(widget, name, content)
