"""Fitting text into the cells of a terminal line: wide letters count two, and what is cut says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

Part = tuple[str, Style]
"""A piece of a line and how it is drawn."""


def width_of(text: str) -> int:
    """Cells that the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def shorten(text: str, width: int) -> str:
    """The text in at most `width` cells, its last one an ellipsis where something was cut."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells, cut by an ellipsis or filled with spaces; `right` sets it to the right."""
    if width <= 0:
        return ""
    text = shorten(text, width)
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """Where to break text into lines of at most `width` cells: spans of characters, in order, at least one.

    Lines break at newlines and behind spaces; a word longer than a line is cut. Newlines belong to no span, every other
    character to exactly one.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for piece in text.split("\n"):
        spans.extend((start + first, start + last) for first, last in _wrap_piece(piece, max(width, 1)))
        start += len(piece) + 1
    return spans


def _wrap_piece(piece: str, width: int) -> Iterable[tuple[int, int]]:
    start = 0
    while width_of(piece[start:]) > width:
        end = start + _characters_in(piece, start, width)
        space = piece.rfind(" ", start, end + 1)
        # A space in the cell behind the line belongs to this line, where nobody sees it.
        stop = space + 1 if space > start else end
        yield start, stop
        start = stop
    yield start, len(piece)


def _characters_in(text: str, start: int, width: int) -> int:
    """How many characters from `start` fit into `width` cells; at least one."""
    if text.isascii():
        return min(width, len(text) - start)
    cells = 0
    for index in range(start, len(text)):
        cells += cell_len(text[index])
        if cells > width:
            return max(index - start, 1)
    return len(text) - start


def characters_before(text: str, cells: int) -> int:
    """How many characters lie wholly or partly in the first `cells` cells."""
    if cells <= 0:
        return 0
    return min(cells, len(text)) if text.isascii() else _characters_in(text, 0, cells)


def strip_of(parts: Iterable[Part], width: int, fill: Style) -> Strip:
    """One line of exactly `width` cells on the background of `fill`."""
    segments = [Segment(text, fill + style) for text, style in parts if text]
    return Strip(segments).adjust_cell_length(width, fill)


def styled(text: str, base: Style, spans: Sequence[tuple[int, int, Style]]) -> list[Part]:
    """Text cut where spans of characters begin and end; later spans lie over earlier ones."""
    cuts = sorted({0, len(text), *(min(max(edge, 0), len(text)) for first, last, _ in spans for edge in (first, last))})
    parts = []
    for start, end in pairwise(cuts):
        style = base
        for first, last, over in spans:
            if first <= start and end <= last:
                style += over
        parts.append((text[start:end], style))
    return parts


def ink(widget: Widget, component: str) -> Style:
    """A component's foreground alone, so that the same ink can be used on a plain line and on the cursor's."""
    style = widget.get_component_rich_style(component)
    return Style(color=style.color, bold=style.bold, italic=style.italic, underline=style.underline)


def flow(words: Iterable[list[Part]], width: int, muted: Style) -> list[list[Part]]:
    """Pieces set one behind the other with a dot between, in as many lines as they need."""
    lines: list[list[Part]] = []
    used = 0
    for word in words:
        length = sum(width_of(text) for text, _ in word)
        if lines and used + 3 + length <= width:
            lines[-1] += [(" · ", muted), *word]
            used += 3 + length
        else:
            lines.append(list(word))
            used = length
    return lines


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """What the border says. Only what changes is set, for Textual draws the widget anew for each."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = Content(text) if text else None
        if (content and content.markup) != getattr(widget, name):
            setattr(widget, name, content)
