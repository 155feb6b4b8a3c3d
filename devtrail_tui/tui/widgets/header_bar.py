"""The first line of the screen: is the worker alive, what runs, what is left of a service's limit, what was spent."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from devtrail_tui.core.job_row import HeaderFacts
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count, dollars
from devtrail_tui.tui.widgets.cells import Part, ink, shorten, strip_of

LOW_LIMIT = 0.1
"""Below this part of its limit a service is shown as nearly used up."""


_Piece = tuple[int, list[Part]]
"""Parts of the line; of all pieces that do not fit, the one with the highest number goes first."""


class HeaderBar(Widget):
    """One line. As it narrows the least important goes: the reset time, the limit's total, what was spent, the limit."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"header-bar--{name}" for name in ("name", "badge", "alive", "warning", "muted")
    }
    DEFAULT_CSS = """
    HeaderBar {
        dock: top;
        height: 1;
        background: $background;
        color: $foreground;
        & > .header-bar--name { color: $foreground; text-style: bold; }
        & > .header-bar--badge { color: $background; background: $warning; text-style: bold; }
        & > .header-bar--alive { color: $success; }
        & > .header-bar--warning { color: $warning; }
        & > .header-bar--muted { color: $foreground-muted; }
    }
    """

    def __init__(self, *, demo: bool = False) -> None:
        """`demo` shows a badge, so that nobody takes made-up data for their own."""
        super().__init__()
        self._demo = demo
        self._facts: HeaderFacts | None = None
        self._stopping = False
        self._trouble = ""

    def update(self, facts: HeaderFacts, *, stopping: bool = False, trouble: str = "") -> None:
        """Show these facts; `stopping` says that this program's worker is ending, `trouble` why it stopped unasked."""
        if (facts, stopping, trouble) != (self._facts, self._stopping, self._trouble):
            self._facts, self._stopping, self._trouble = facts, stopping, trouble
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The only line: what fits, the first piece at the left edge, the last at the right, the others evenly between."""
        width, base = self.size.width, self.rich_style
        if y:
            return Strip.blank(width, base)
        pieces = self._fitting(width - 2)
        space = width - 2 - _cells(pieces)
        gaps = max(len(pieces) - 1, 1)
        parts: list[Part] = [(" ", Style())]
        for index, (_, piece) in enumerate(pieces):
            parts += piece
            if index < len(pieces) - 1:
                parts.append((" " * (space * (index + 1) // gaps - space * index // gaps), Style()))
        return strip_of(parts, width, base)

    def _fitting(self, width: int) -> list[_Piece]:
        """The fullest way to say it that leaves three cells between pieces."""
        for detail in (2, 1, 0):
            pieces = self._pieces(detail)
            if _cells(pieces) + 3 * (len(pieces) - 1) <= width:
                return pieces
        while len(pieces) > 1 and _cells(pieces) + 3 * (len(pieces) - 1) > width:
            pieces.remove(max(pieces, key=lambda piece: piece[0]))
        return pieces

    def _pieces(self, detail: int) -> list[_Piece]:
        name: list[Part] = [("DevTrail", ink(self, "header-bar--name"))]
        if self._demo:
            badge = self.get_component_rich_style("header-bar--badge", partial=True)
            name += [("  ", Style()), (" DEMO ", badge)]
        facts = self._facts
        if facts is None:
            return [(0, name)]
        spent: list[Part] = [(dollars(facts.spent_today_usd), Style())]
        if detail:
            spent.append((" today", ink(self, "header-bar--muted")))
        pieces = ((0, name), (1, self._worker(facts)), (3, self._limit(facts, detail)), (2, spent))
        return [piece for piece in pieces if piece[1]]

    def _worker(self, facts: HeaderFacts) -> list[Part]:
        muted = ink(self, "header-bar--muted")
        if self._stopping:
            return [("worker ", muted), ("◌ stopping…", ink(self, "header-bar--warning"))]
        if self._trouble:
            why = shorten(safe_line(self._trouble), max(self.size.width // 2 - 20, 12))
            return [("worker ", muted), (f"✗ stopped: {why}", ink(self, "header-bar--warning"))]
        running, waiting = facts.counts.get(Status.RUNNING, 0), facts.counts.get(Status.PENDING, 0)
        if facts.workers == 0:
            queue = f", {count(waiting)} waiting" if waiting else ""
            return [("worker ", muted), (f"○ none{queue}", ink(self, "header-bar--warning"))]
        words = [f"{count(running)} running"] if running else []
        words += [f"{count(waiting)} waiting"] if waiting else []
        crowd = "worker " if facts.workers == 1 else f"{count(facts.workers)} workers "
        return [(crowd, muted), ("● ", ink(self, "header-bar--alive")), (", ".join(words) or "idle", Style())]

    def _limit(self, facts: HeaderFacts, detail: int) -> list[Part]:
        if facts.limit is None:
            return []
        muted, limit = ink(self, "header-bar--muted"), facts.limit
        low = limit.remaining < LOW_LIMIT * limit.limit
        parts: list[Part] = [(f"{limit.service} ", muted)]
        parts.append((count(limit.remaining), ink(self, "header-bar--warning") if low else Style()))
        if limit.limit and detail >= 1:
            parts.append((f"/{count(limit.limit)}", muted))
        if detail >= 2:
            parts.append((f" until {limit.reset_at.astimezone().strftime('%H:%M')}", muted))
        if low:
            parts.append((" !", ink(self, "header-bar--warning")))
        return parts


def _cells(pieces: list[_Piece]) -> int:
    return sum(cell_len(text) for _, parts in pieces for text, _ in parts)
