"""A job's log. It draws only the lines in view, for any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from typing_extensions import override

from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.widgets.cells import characters_before, entitle, foreground_style, shorten, strip_of, styled
from devtrail_tui.tui.widgets.log_layout import LogData, LogLayout, ScreenLine, Times, selected_part
from devtrail_tui.tui.widgets.scrolling import WindowMessage, WindowView

_SIDEWAYS = 8


class LogPane(WindowView):
    """The pane follows the end until the reader moves up; then it stays in place and shows the number of new lines.

    A position is a `seq`. When the loaded window moves, the top line keeps its position, so the lines in view are exact and only
    the scroll bar is an estimate.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("follow_log", "wrap_log", "log_times", "find_in_log", "find_next", "find_previous", "copy_line"),
        *bindings("copy_lines", "log_left", "log_right"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"log-pane--{name}" for name in ("time", "debug", "info", "warning", "error", "cursor", "match", "absent")
    }
    DEFAULT_CSS = """
    LogPane {
        & > .log-pane--time, & > .log-pane--debug, & > .log-pane--absent { color: $foreground-muted; }
        & > .log-pane--info { color: $foreground; }
        & > .log-pane--warning { color: $warning; }
        & > .log-pane--error { color: $error; }
        & > .log-pane--cursor { background: $block-cursor-background; }
        & > .log-pane--match { color: $warning; text-style: bold underline; }
    }
    """

    class WindowRequest(WindowView.WindowRequest):
        """Lines near those in view are not loaded."""

    @dataclass
    class FollowChanged(WindowMessage):
        """The pane started or stopped following the end."""

        following: bool

    class FindOpened(WindowMessage):
        """The person wants to type a search term."""

    @dataclass
    class FindRequest(WindowMessage):
        """Find `term` after (or before) a line; the owner answers with `show_find`."""

        term: str
        after_seq: int
        backwards: bool

    @dataclass
    class CopyRequest(WindowMessage):
        """Copy this text to the clipboard: `lines` log lines."""

        text: str
        lines: int

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._caption = "Log"
        self._lines = LogLayout()
        self.following = True
        """Whether the view stays at the end."""
        self.cursor_seq = 0
        """The current line, 0 if there is none."""
        self._last_seen = 0
        self._term = ""
        self._match: int | None = None
        self._placing = False
        self.border_title = Content(self._caption)

    @property
    def unseen(self) -> int:
        """The number of lines after the last one that was in view."""
        return 0 if self.following else max(self._lines.data.last - self._last_seen, 0)

    # -- input

    def update(self, log: LogData) -> None:
        """Show this log. Another job starts at its end, following; the same job keeps its position."""
        lines = self._lines
        if log == lines.data:
            return
        same = log.job_id == lines.data.job_id
        top = lines.at(round(self.scroll_y)) if same else None
        lines.data = log
        if not same:
            self.following, self._last_seen, self._match, self._term = True, 0, None, ""
            lines.forget()
            self.scroll_to(x=0, animate=False, force=True)
        self._lay_out(top)

    def set_caption(self, caption: str) -> None:
        """The log's name in the border; default "Log"."""
        if caption != self._caption:
            self._caption = caption
            self._entitle()

    def show_find(self, term: str, seq: int | None) -> None:
        """Highlight `term` everywhere and go to line `seq`; "" ends the search, None shows "not found"."""
        self._term, self._match = term, seq
        if seq is not None:
            self._go_to(seq)
        self._entitle()
        self.refresh_bindings()
        self.refresh()

    # -- layout

    def _lay_out(self, top: tuple[int, int] | None) -> None:
        """Measure the loaded lines, then restore the view: at the end, or with `top` as first line."""
        lines = self._lines
        lines.measure(self._width)
        self._placing = True
        try:
            self.virtual_size = Size(lines.longest, lines.height)
            if self.following:
                self.cursor_seq = max(lines.data.last, 0)
                self._scroll(self.max_scroll_y)
            elif top is not None:
                seq, part_index = top
                self._scroll(lines.y_of(seq) + min(part_index, lines.lines_of(seq) - 1))
        finally:
            self._placing = False
        self._view_moved()
        self.refresh()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    # -- moving

    @override
    def _positions(self, screens: int = 0) -> range:
        log, y, height = self._lines.data, round(self.scroll_y), self._lines_in_view
        first, last = self._lines.at(y)[0], self._lines.at(y + height - 1)[0]
        around = screens * height
        return range(max(first - around, log.first), min(last + around, log.last) + 1)

    @override
    def _is_loaded(self, position: int) -> bool:
        return self._lines.line(position) is not None

    def _view_moved(self) -> None:
        """Update the last line seen, request missing lines, and update the border after the view may have moved."""
        positions = self._positions()
        if positions:
            self._last_seen = max(self._last_seen, positions[-1])
        self._request_window()
        self._entitle()

    @override
    def _go_to(self, position: int) -> None:
        """Move the cursor to a line and show it; on the last line, follow the end."""
        lines, log = self._lines, self._lines.data
        if log.empty:
            return
        self.cursor_seq = min(max(position, log.first), log.last)
        self._follow(following=self.cursor_seq == log.last)
        top, y = round(self.scroll_y), lines.y_of(self.cursor_seq)
        bottom = y + lines.lines_of(self.cursor_seq) - 1
        self._placing = True
        try:
            self._scroll(self.max_scroll_y if self.following else min(max(top, bottom - self._lines_in_view + 1), y))
        finally:
            self._placing = False
        self._view_moved()
        self.refresh()

    def _follow(self, *, following: bool) -> None:
        if following != self.following:
            self.following = following
            self.post_message(self.FollowChanged(self, following=following))

    @override
    def _cursor_in_view(self) -> int:
        """The cursor, or the nearest line in view after scrolling by wheel."""
        positions = self._positions()
        return min(max(self.cursor_seq, positions[0]), positions[-1]) if positions else self.cursor_seq

    @override
    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling away from the end stops following, returning to it resumes."""
        super().watch_scroll_y(old_value, new_value)
        if not self._placing:
            self._follow(following=round(new_value) >= self.max_scroll_y)
            if self.following:
                self.cursor_seq = max(self._lines.data.last, 0)
        self._view_moved()

    def on_resize(self) -> None:
        """Lay out for the new width; the position stays."""
        self._lay_out(self._lines.at(round(self.scroll_y)))

    def on_click(self, event: events.Click) -> None:
        """A click selects the line."""
        offset = event.get_content_offset(self)
        if offset is not None:
            seq, _ = self._lines.at(round(self.scroll_y) + offset.y)
            if seq <= self._lines.data.last:
                self._go_to(seq)

    def action_sideways(self, steps: int) -> None:
        self.scroll_to(x=self.scroll_x + steps * _SIDEWAYS, animate=False, force=True)

    def action_follow(self) -> None:
        """Go to the end and follow it, or stop following."""
        if self.following:
            self._follow(following=False)
            self._last_seen = self._lines.data.last
            self._entitle()
        else:
            self.action_last()

    def action_wrap(self) -> None:
        """Toggle wrapping of long lines."""
        top, _ = self._lines.at(round(self.scroll_y))
        self._lines.wrapped = not self._lines.wrapped
        self._measure_anew((top, 0))

    def action_times(self) -> None:
        """Switch to the next time format."""
        top, times = self._lines.at(round(self.scroll_y)), list(Times)
        self._lines.times = times[(times.index(self._lines.times) + 1) % len(times)]
        self._measure_anew(top)

    def _measure_anew(self, top: tuple[int, int]) -> None:
        self._lines.forget()
        self._lay_out(top)
        self.scroll_to(x=0, animate=False, force=True)

    def action_find(self) -> None:
        self.post_message(self.FindOpened(self))

    def action_find_next(self) -> None:
        self.post_message(self.FindRequest(self, self._term, self.cursor_seq, backwards=False))

    def action_find_previous(self) -> None:
        self.post_message(self.FindRequest(self, self._term, self.cursor_seq, backwards=True))

    def action_yank(self) -> None:
        """Copy the current line."""
        line = self._lines.line(self.cursor_seq)
        if line is not None:
            self.post_message(self.CopyRequest(self, self._lines.plain(line), 1))

    def action_yank_window(self) -> None:
        """Copy all loaded lines."""
        lines = self._lines.data.lines
        if lines:
            text = "\n".join(map(self._lines.plain, lines))
            self.post_message(self.CopyRequest(self, text, len(lines)))

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`n` and `N` are bound only during a search; otherwise they keep their other meaning."""
        if action in ("find_next", "find_previous"):
            return bool(self._term)
        return True

    # -- drawing

    def _entitle(self) -> None:
        log, state = self._lines.data, ""
        if not log.empty:
            unseen = self.unseen
            state = " · following" if self.following else f" · {count(unseen)} new ↓" if unseen else " · not following"
        notes = []
        if self._term:
            location = f"line {count(self._match)}" if self._match is not None else "not found"
            notes.append(f"“{shorten(safe_line(self._term), 24)}” {location}")
        if not self.following and not log.empty:
            notes.append(f"{count(self.cursor_seq)} of {count(log.last)}")
        entitle(self, f"{safe_line(self._caption)}{state}", " · ".join(notes))

    @override
    def render_line(self, y: int) -> Strip:
        """One screen line of the log."""
        width, base, log = self._width, self.rich_style, self._lines.data
        if log.empty:
            text = "" if log.job_id is None or y else " Nothing logged yet."
            return strip_of([(text, foreground_style(self, "log-pane--time"))], width, base)
        virtual = round(self.scroll_y) + y
        seq, _ = self._lines.at(virtual)
        if seq > log.last:
            return Strip.blank(width, base)
        if seq == self.cursor_seq and self.has_focus:
            base += self.get_component_rich_style("log-pane--cursor", partial=True)
        row = self._lines.screen_line(virtual)
        if row is None:
            return strip_of([(" …", foreground_style(self, "log-pane--absent"))], width, base)
        # Textual finds the selected characters by these offsets, relative to the first visible character.
        hidden = characters_before(row.text, round(self.scroll_x))
        return self._draw(row, virtual, width, base).apply_offsets(hidden, virtual)

    def _draw(self, row: ScreenLine, virtual: int, width: int, base: Style) -> Strip:
        """The visible part of a line; an ellipsis at the right marks a cut."""
        quiet, match = foreground_style(self, "log-pane--time"), foreground_style(self, "log-pane--match")
        spans = [(0, self._lines.gutter - 2, quiet)] if row.first else []
        spans += [(start, end, match) for start, end in self._lines.matches(row, self._term)]
        selection = self.text_selection
        selected = selected_part(selection.get_span(virtual), len(row.text)) if selection is not None else None
        if selected is not None:
            spans.append((*selected, self.screen.get_component_rich_style("screen--selection", partial=True)))
        segments = styled(row.text, foreground_style(self, f"log-pane--{row.line.level}"), spans)
        hidden_cells, length = round(self.scroll_x), cell_len(row.text)
        strip = strip_of(segments, max(length, hidden_cells + width), base)
        if length - hidden_cells <= width:
            return strip.crop(hidden_cells, hidden_cells + width)
        return Strip.join([strip.crop(hidden_cells, hidden_cells + width - 1), strip_of([("…", quiet)], 1, base)])

    @override
    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text selected with the mouse, as far as it is loaded."""
        if not self._lines.data.lines:
            return None
        start, end = selection.start, selection.end
        first, last = start.y if start is not None else None, end.y if end is not None else None
        return self._lines.selected(first, last, selection.get_span), "\n"
