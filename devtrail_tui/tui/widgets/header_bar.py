"""The first line of the screen: the screens to choose from, worker, jobs, rate limit, dollars spent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from devtrail_tui.core.job_row import HeaderFacts
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count, dollars
from devtrail_tui.tui.keymap import key_of
from devtrail_tui.tui.screen_table import SCREENS
from devtrail_tui.tui.widgets.cells import Part, foreground_style, shorten, strip_of

LOW_LIMIT = 0.1
"""Below this fraction of its limit a service is highlighted."""


_Section = tuple[int, list[Part]]
"""Sections of the line; if they do not all fit, the one with the highest number is hidden first."""


class HeaderBar(Widget):
    """One line. When narrow it hides in this order: the reset time, the limit's total, the program's name, the limit, dollars
    spent. A click on the name of a screen shows it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"header-bar--{name}" for name in ("name", "badge", "shown", "alive", "warning", "muted")
    }
    DEFAULT_CSS = """
    HeaderBar {
        dock: top;
        height: 1;
        background: $background;
        color: $foreground;
        & > .header-bar--name { color: $foreground; text-style: bold; }
        & > .header-bar--badge { color: $background; background: $warning; text-style: bold; }
        & > .header-bar--shown { color: $primary; text-style: bold; }
        & > .header-bar--alive { color: $success; }
        & > .header-bar--warning { color: $warning; }
        & > .header-bar--muted { color: $foreground-muted; }
    }
    """

    def __init__(self, *, demo: bool = False) -> None:
        """`demo` shows a badge that marks the data as made up."""
        super().__init__()
        self._demo = demo
        self._facts: HeaderFacts | None = None
        self._stopping = False
        self._trouble = ""
        self._tabs_at = 0

    def update(self, facts: HeaderFacts, *, stopping: bool = False, trouble: str = "") -> None:
        """Show these facts; `stopping`: this program's worker is ending, `trouble`: why it stopped unexpectedly."""
        if (facts, stopping, trouble) != (self._facts, self._stopping, self._trouble):
            self._facts, self._stopping, self._trouble = facts, stopping, trouble
            self.refresh()

    @override
    def render_line(self, y: int) -> Strip:
        """The only line: the first section at the left edge, the last at the right, the others spaced evenly."""
        width, base = self.size.width, self.rich_style
        if y:
            return Strip.blank(width, base)
        sections = self._fitting(width - 2)
        space = width - 2 - _cells(sections)
        gaps = max(len(sections) - 1, 1)
        segments: list[Part] = [(" ", Style())]
        for index, (_, section) in enumerate(sections):
            segments += section
            if index < len(sections) - 1:
                segments.append((" " * (space * (index + 1) // gaps - space * index // gaps), Style()))
        return strip_of(segments, width, base)

    def _fitting(self, width: int) -> list[_Section]:
        """The most detailed sections that leave three cells between them."""
        sections = self._sections(2)
        for detail in (1, 0):
            if _cells(sections) + 3 * (len(sections) - 1) <= width:
                return sections
            sections = self._sections(detail)
        while len(sections) > 1 and _cells(sections) + 3 * (len(sections) - 1) > width:
            sections.remove(max(sections, key=lambda section: section[0]))
        return sections

    def _sections(self, detail: int) -> list[_Section]:
        name: list[Part] = []
        if detail or not self._demo:
            name += [("DevTrail", foreground_style(self, "header-bar--name")), ("  ", Style())]
        if self._demo:
            badge = self.get_component_rich_style("header-bar--badge", partial=True)
            name += [(" DEMO ", badge), ("  ", Style())]
        self._tabs_at = 1 + _cells([(0, name)])
        for index, (_, tab) in enumerate(self._tabs()):
            shown = "shown" if SCREENS[index].mode == self.app.current_mode else "muted"
            name += [("  " if index else "", Style()), (tab, foreground_style(self, f"header-bar--{shown}"))]
        facts = self._facts
        if facts is None:
            return [(0, name)]
        spent: list[Part] = [(dollars(facts.spent_today_usd), Style())]
        if detail:
            spent.append((" today", foreground_style(self, "header-bar--muted")))
        sections = ((0, name), (1, self._worker(facts)), (3, self._limit(facts, detail)), (2, spent))
        return [section for section in sections if section[1]]

    def _tabs(self) -> Iterator[tuple[str, str]]:
        """The mode of each screen, and its key and title."""
        return ((each.mode, f"{key_of(self, f'show_{each.mode}')} {each.title}") for each in SCREENS)

    async def on_click(self, event: events.Click) -> None:
        """Show the screen whose name was clicked."""
        start = self._tabs_at
        for mode, tab in self._tabs():
            if start <= event.x < start + cell_len(tab):
                await self.app.run_action(f"app.show_mode('{mode}')")
            start += cell_len(tab) + 2

    def _worker(self, facts: HeaderFacts) -> list[Part]:
        muted = foreground_style(self, "header-bar--muted")
        if self._stopping:
            return [("worker ", muted), ("◌ stopping…", foreground_style(self, "header-bar--warning"))]
        if self._trouble:
            reason = shorten(safe_line(self._trouble), max(self.size.width // 2 - 20, 12))
            return [("worker ", muted), (f"✗ stopped: {reason}", foreground_style(self, "header-bar--warning"))]
        running, waiting = facts.counts.get(Status.RUNNING, 0), facts.counts.get(Status.PENDING, 0)
        if facts.workers == 0:
            queue = f", {count(waiting)} waiting" if waiting else ""
            return [("worker ", muted), (f"○ none{queue}", foreground_style(self, "header-bar--warning"))]
        activity = [f"{count(running)} running"] if running else []
        activity += [f"{count(waiting)} waiting"] if waiting else []
        crowd = "worker " if facts.workers == 1 else f"{count(facts.workers)} workers "
        return [
            (crowd, muted),
            ("● ", foreground_style(self, "header-bar--alive")),
            (", ".join(activity) or "idle", Style()),
        ]

    def _limit(self, facts: HeaderFacts, detail: int) -> list[Part]:
        if facts.limit is None:
            return []
        muted, limit = foreground_style(self, "header-bar--muted"), facts.limit
        low = limit.remaining < LOW_LIMIT * limit.limit
        segments: list[Part] = [(f"{limit.service} ", muted)]
        segments.append((count(limit.remaining), foreground_style(self, "header-bar--warning") if low else Style()))
        if limit.limit and detail >= 1:
            segments.append((f"/{count(limit.limit)}", muted))
        if detail >= 2:
            segments.append((f" until {limit.reset_at.astimezone().strftime('%H:%M')}", muted))
        if low:
            segments.append((" !", foreground_style(self, "header-bar--warning")))
        return segments


def _cells(sections: list[_Section]) -> int:
    return sum(cell_len(text) for _, segments in sections for text, _ in segments)
