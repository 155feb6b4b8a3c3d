"""Reduces terminal output to the cells that differ from what the terminal shows.

Textual writes every refreshed line of a widget completely, whether its cells changed or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.style import Style
from textual.strip import Strip
from typing_extensions import override

from devtrail_tui.tui.textual_hooks import ChopsUpdate, CompositorUpdate, LayoutUpdate

_JOINED = 6
"""Unchanged cells between two changed ones that are written too: moving the cursor would take as many bytes."""
_SHOWN_ON_BLANKS = frozenset(("4", "7", "9", "21", "53"))
"""Underline, reverse, strike, double underline, overline."""


class CellStyle(NamedTuple):
    """A style as terminal codes. For a blank only the visible attributes count."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""

    @property
    def shows_on_blanks(self) -> bool:
        return not _SHOWN_ON_BLANKS.isdisjoint(self.attributes.split(";"))


Cell = tuple[str, CellStyle]
"""A grapheme and its look; the second cell of a wide grapheme has no text."""
_UNKNOWN: Cell = ("?", CellStyle())
Spans = Sequence[tuple[int, int]]


class _Update(CompositorUpdate):
    """An update whose output is computed only when Textual asks for it."""

    def __init__(self, write: Callable[[Console], str]) -> None:
        self._write = write

    @override
    def render_segments(self, console: Console) -> str:
        return self._write(console)


class TerminalCells:
    """The state of the terminal. A whole frame is always written completely, which repairs output of other programs."""

    def __init__(self) -> None:
        self._frame: Sequence[Iterable[Strip]] = ()
        self._lines: dict[int, list[Cell]] = {}
        self._uncompared: list[ChopsUpdate] = []

    def changes(self, update: Any, console: Console, *, compare: bool = True) -> Any:
        """The update reduced to changed cells; None if nothing changed. Without `compare` the update is only recorded: the first
        comparison takes some milliseconds, which would delay the start."""
        if isinstance(update, LayoutUpdate):
            return _Update(lambda console: self._whole(update, console))
        if not isinstance(update, ChopsUpdate):
            return update
        if not compare:
            return _Update(lambda console: self._remembered(update, console))
        colors = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        while self._uncompared:
            list(self._changed(self._uncompared.pop(0), self._lines, colors))
        lines: dict[int, list[Cell]] = {}
        text = "".join(self._changed(update, lines, colors))

        def write(_console: Console) -> str:
            self._lines.update(lines)
            return text

        return _Update(write) if text else None

    def _whole(self, update: LayoutUpdate, console: Console) -> str:
        self._frame, self._lines = update.strips, {}
        self._uncompared.clear()
        return update.render_segments(console)

    def _remembered(self, update: ChopsUpdate, console: Console) -> str:
        self._uncompared.append(update)
        return update.render_segments(console)

    def _changed(self, update: ChopsUpdate, lines: dict[int, list[Cell]], colors: ColorSystem) -> Iterator[str]:
        """The output to write; `lines` receives the new cells."""
        spans: dict[int, list[tuple[int, int]]] = {}
        for y, start, end in update.spans:
            spans.setdefault(y, []).append((start, end))
        look = None
        for y, line_spans in spans.items():
            old_line = self._line(y, update.chop_ends[y][-1], colors)
            new_line = lines[y] = list(old_line)
            for (x, strip), x_end in zip(update.chops[y].items(), update.chop_ends[y], strict=True):
                for start, end in ((max(x, start), min(x_end, end)) for start, end in line_spans if strip is not None):
                    if strip is not None and start < end:
                        new_line[start:end] = list(_cells(strip, colors))[start - x : end - x]
            for start, end in _runs(old_line, new_line, line_spans):
                yield Control.move_to(start, y).segment.text
                for text, target in new_line[start:end]:
                    codes, look = _codes(look, target, blank=text == " ")
                    yield codes + text
        yield "\x1b[0m" if look is not None else ""

    def _line(self, y: int, width: int, colors: ColorSystem) -> list[Cell]:
        if y not in self._lines and y < len(self._frame):
            self._lines[y] = list(chain.from_iterable(_cells(strip, colors) for strip in self._frame[y]))
        cells = self._lines.get(y, [])
        return [*cells, *[_UNKNOWN] * (width - len(cells))]


def _runs(old_line: Sequence[Cell], new_line: Sequence[Cell], line_spans: Spans) -> Spans:
    """The spans that differ. A line with wide graphemes is written whole, because terminals disagree about their width."""
    if old_line == new_line:
        return ()
    if any(len(text) != 1 for start, end in line_spans for text, _ in chain(old_line[start:end], new_line[start:end])):
        return line_spans
    runs: list[tuple[int, int]] = []
    for x, (old, new) in enumerate(zip(old_line, new_line, strict=True)):
        if old != new:
            joins = runs and x - runs[-1][1] <= _JOINED
            start = runs.pop()[0] if joins else x
            runs.append((start, x + 1))
    return runs


def _codes(look: CellStyle | None, target: CellStyle, *, blank: bool) -> tuple[str, CellStyle]:
    """The shortest codes from one look to another, and the resulting look."""
    if blank and look is not None and not look.shows_on_blanks and not target.shows_on_blanks:
        target = look._replace(background=target.background)
    if look == target:
        return "", target
    if look is None or look.attributes != target.attributes:
        return f"\x1b[{';'.join(filter(None, ('0', *target)))}m", target
    codes = [target.foreground or "39"] if look.foreground != target.foreground else []
    codes += [target.background or "49"] if look.background != target.background else []
    return f"\x1b[{';'.join(codes)}m", target


def _cells(strip: Strip, colors: ColorSystem) -> Iterator[Cell]:
    for text, style, control in strip:
        if control:
            continue
        look, on_blank = _looks(style or Style.null(), colors)
        yield from [
            (grapheme, on_blank if grapheme == " " else look)
            for grapheme in (text if text.isascii() else _graphemes(text))
        ]


@lru_cache(maxsize=2048)
def _graphemes(text: str) -> Sequence[str]:
    return [grapheme for a, b, width in split_graphemes(text)[0] for grapheme in (text[a:b], *[""] * (width - 1))]


@lru_cache(maxsize=4096)
def _looks(style: Style, colors: ColorSystem) -> tuple[CellStyle, CellStyle]:
    """The style's look on a letter, and on a blank."""
    begin = style.clear_meta_and_links().without_color.render("x", color_system=colors).partition("x")[0]
    foreground, background = (
        ";".join(color.downgrade(colors).get_ansi_codes(is_foreground)) if color is not None else ""
        for color, is_foreground in ((style.color, True), (style.bgcolor, False))
    )
    look = CellStyle(begin.removeprefix("\x1b[").removesuffix("m"), foreground, background)
    return look, look if look.shows_on_blanks else CellStyle(background=background)
