"""Only changed cells are written, and the terminal shows the same as if everything had been."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from devtrail_tui.tui.changed_cells import TerminalCells
from devtrail_tui.tui.textual_hooks import ChopsUpdate, LayoutUpdate

WIDTH, HEIGHT, CUT = 40, 6, 17
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
WORDS = ("queue ", "claim", "  ", "   lease", "日本", "e\u0301a", "═══", "…", "x")
STYLES = [
    Style.parse(each)
    for each in ("#ff0000 on #101010", "#00ff00 on #101010", "bold #ff0000 on #202020", "underline on #101010", "none")
]
Line = tuple[Strip, Strip]


def strip(chance: random.Random, width: int) -> Strip:
    """Words in colours."""
    parts = [Segment(chance.choice(WORDS), chance.choice(STYLES)) for _ in range(width)]
    return Strip(parts).crop(0, width)


def line(chance: random.Random) -> Line:
    """Two widgets beside each other."""
    return strip(chance, CUT), strip(chance, WIDTH - CUT)


def part(lines: Sequence[Line], spans: list[tuple[int, int, int]]) -> ChopsUpdate:
    """An update of some spans."""
    chops = [{0: left, CUT: right} for left, right in lines]
    return ChopsUpdate(chops, spans, [[CUT, WIDTH]] * HEIGHT)


def whole(lines: Sequence[Line]) -> LayoutUpdate:
    """An update of everything."""
    return LayoutUpdate(list(lines), Region(0, 0, WIDTH, HEIGHT))


class Shown:
    """A terminal that was written to."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)

    def write(self, text: str) -> None:
        self.stream.feed(text.replace("\n", "\r\n"))

    def cells(self) -> list[object]:
        """Every cell with its colours; the ink of a blank cannot be seen."""
        return [
            (cell.data, cell.bg, cell.underscore) if cell.data == " " else cell
            for y in range(HEIGHT)
            for cell in (self.screen.buffer[y][x] for x in range(WIDTH))
        ]


@pytest.mark.parametrize("seed", range(30))
def test_the_terminal_shows_the_same_as_if_all_had_been_written(seed: int) -> None:
    chance = random.Random(seed)
    cells, narrowed, full = TerminalCells(), Shown(), Shown()
    lines = [line(chance) for _ in range(HEIGHT)]
    for step in range(12):
        update: LayoutUpdate | ChopsUpdate = whole(lines)
        if step % 5:
            for y in chance.sample(range(HEIGHT), 2):
                left, right = line(chance)
                lines[y] = chance.choice([(left, right), (left, lines[y][1]), (lines[y][0], right)])
            update = part(lines, [span for y in range(HEIGHT) for span in ((y, 0, CUT), (y, CUT, WIDTH))])
        changed = cells.changes(update, CONSOLE, compare=step >= seed % 6)
        if changed is not None:
            narrowed.write(changed.render_segments(CONSOLE))
        full.write(whole(lines).render_segments(CONSOLE))
        assert narrowed.cells() == full.cells()


def test_what_is_shown_already_is_not_written() -> None:
    cells, lines = TerminalCells(), [line(random.Random(1)) for _ in range(HEIGHT)]
    everything = [(y, 0, WIDTH) for y in range(HEIGHT)]
    first = cells.changes(whole(lines), CONSOLE)
    assert cells.changes(part(lines, everything), CONSOLE) is not None, "nothing is shown before it is written"
    first.render_segments(CONSOLE)
    assert cells.changes(part(lines, everything), CONSOLE) is None


def test_a_whole_frame_is_written_whole() -> None:
    cells, lines = TerminalCells(), [line(random.Random(1)) for _ in range(HEIGHT)]
    for _ in range(2):
        assert cells.changes(whole(lines), CONSOLE).render_segments(CONSOLE) == whole(lines).render_segments(CONSOLE)


def test_one_letter_is_one_letter_and_its_colours() -> None:
    cells, plain = TerminalCells(), Style.parse("#ff0000 on #101010")
    before = [(Strip([Segment("a" * WIDTH, plain)]), Strip([]))] * HEIGHT
    cells.changes(whole(before), CONSOLE).render_segments(CONSOLE)
    changed = list(before)
    changed[2] = (Strip([Segment("a" * 9 + "b" + "a" * 30, plain)]), Strip([]))
    update = ChopsUpdate([{0: left} for left, _ in changed], [(2, 0, WIDTH)], [[WIDTH]] * HEIGHT)
    text = cells.changes(update, CONSOLE).render_segments(CONSOLE)
    assert text == "\x1b[3;10H\x1b[0;38;2;255;0;0;48;2;16;16;16mb\x1b[0m"
