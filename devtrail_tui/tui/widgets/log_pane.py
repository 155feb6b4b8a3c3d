"""A job's log. It draws only the lines in view, from a window of lines, however long the log is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from devtrail_tui.core.status import Level
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.core.wording import clock_time, count, since_start
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.widgets.cells import (
    Part,
    characters_before,
    entitle,
    ink,
    shorten,
    strip_of,
    styled,
    width_of,
    wrap,
)

if TYPE_CHECKING:
    from devtrail_tui.core.job import LogLine

WINDOW_DELAY_S = 0.03
"""How long the pane waits for scrolling to settle before it asks for lines."""
_SIGNS = {Level.DEBUG: "·", Level.INFO: " ", Level.WARNING: "!", Level.ERROR: "✗"}
_SIDEWAYS = 8


class Times(StrEnum):
    """What stands before a line: the time of day, the time since the job began, or nothing."""

    CLOCK = "clock"
    SINCE_START = "since start"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LogData:
    """A job's log as far as it is known: its first and last `seq` (none when `last < first`), and the loaded lines, which follow
    each other without gaps. `job_id` None means that no job is chosen."""

    job_id: int | None = None
    first: int = 1
    last: int = 0
    lines: Sequence[LogLine] = ()
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A line ready to be drawn: its text, and the spans of characters that stand on one screen line each."""

    text: str
    spans: Sequence[tuple[int, int]]


class LogPane(ScrollView, can_focus=True, inherit_bindings=False):
    """The log follows its end until the reader moves up; then it stands still and says how many lines are new.

    A virtual line is a `seq`. Wrapped, the loaded lines count with the screen lines they really take and all others with one
    each; when the loaded window moves, the line at the top keeps its place, so what is seen is always exact and only the
    length of the scroll bar is an estimate.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("follow_log", "wrap_log", "log_times", "find_in_log", "find_next", "find_previous", "copy_line"),
        *bindings("move_down", "move_up", "move_first", "move_last", "page_down", "page_up"),
        *bindings("copy_lines", "log_left", "log_right"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-pane--time",
        "log-pane--debug",
        "log-pane--info",
        "log-pane--warning",
        "log-pane--error",
        "log-pane--cursor",
        "log-pane--found",
        "log-pane--absent",
    }
    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        background: $surface;
        color: $foreground;
        border: round $border-blurred;
        border-title-color: $foreground-muted;
        border-subtitle-color: $foreground-muted;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        &:focus {
            border: round $border;
            border-title-color: $foreground;
        }
        & > .log-pane--time { color: $foreground-muted; }
        & > .log-pane--debug { color: $foreground-muted; }
        & > .log-pane--info { color: $foreground; }
        & > .log-pane--warning { color: $warning; }
        & > .log-pane--error { color: $error; }
        & > .log-pane--cursor { background: $block-cursor-background; }
        & > .log-pane--found { color: $warning; text-style: bold underline; }
        & > .log-pane--absent { color: $foreground-muted; }
    }
    """

    class _OfPane(Message):
        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LogPane:
            return self.pane

    class WindowWanted(_OfPane):
        """Lines are missing near those in view: from `first` to `last` (`seq`, both included)."""

        def __init__(self, pane: LogPane, first: int, last: int) -> None:
            super().__init__(pane)
            self.first = first
            self.last = last

    class FollowChanged(_OfPane):
        """The pane began (or ended) to follow the end of the log, which decides what is worth reading."""

        def __init__(self, pane: LogPane, *, following: bool) -> None:
            super().__init__(pane)
            self.following = following

    class FindOpened(_OfPane):
        """The person wants to type what to find."""

    class FindWanted(_OfPane):
        """Find `term` behind (or before) a line; the owner answers with `show_find`."""

        def __init__(self, pane: LogPane, term: str, after_seq: int, *, backwards: bool) -> None:
            super().__init__(pane)
            self.term = term
            self.after_seq = after_seq
            self.backwards = backwards

    class Yanked(_OfPane):
        """The person wants this text in the clipboard: `lines` lines of log."""

        def __init__(self, pane: LogPane, text: str, lines: int) -> None:
            super().__init__(pane)
            self.text = text
            self.lines = lines

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._caption = "Log"
        self._data = LogData()
        self._times = Times.CLOCK
        self._wrapped = False
        self._following = True
        self._cursor = 0
        self._seen = 0
        self._term = ""
        self._match: int | None = None
        self._prepared: dict[int, _Prepared] = {}
        self._tops: list[int] = [0]
        self._placing = False
        self._asking: Timer | None = None
        self._laid_out_for = 0
        self.border_title = Content(self._caption)

    @property
    def following(self) -> bool:
        """Whether the view stays at the end."""
        return self._following

    @property
    def times(self) -> Times:
        """What stands before each line."""
        return self._times

    @property
    def wrapped(self) -> bool:
        """Whether long lines go on in the next line of the screen."""
        return self._wrapped

    @property
    def cursor_seq(self) -> int:
        """The current line, 0 when there is none."""
        return self._cursor

    @property
    def unseen(self) -> int:
        """Lines that came behind the last one the reader has seen."""
        return 0 if self._following else max(self._data.last - self._seen, 0)

    # -- what comes in

    def update(self, data: LogData) -> None:
        """Show this log. Another job begins at its end, following; the same job keeps the reader's place."""
        if data == self._data:
            return
        same = data.job_id == self._data.job_id
        top = self._at(round(self.scroll_y)) if same else None
        self._data = data
        if not same:
            self._following, self._seen, self._match, self._term = True, 0, None, ""
            self._prepared.clear()
            self.scroll_to(x=0, animate=False, force=True)
        self._lay_out(top)

    def set_caption(self, caption: str) -> None:
        """What the border calls this log; "Log" unless something else is said."""
        if caption != self._caption:
            self._caption = caption
            self._entitle()

    def show_find(self, term: str, seq: int | None) -> None:
        """Mark `term` wherever it stands, and go to the line that was found; "" ends the search, None says "not found"."""
        self._term, self._match = term, seq
        if seq is not None:
            self._go_to(seq)
        self._entitle()
        self.refresh_bindings()
        self.refresh()

    # -- where lines stand

    def _lay_out(self, top: tuple[int, int] | None) -> None:
        """Measure the loaded lines, then put the view back where it was: at the end, or with `top` as its first line."""
        data = self._data
        loaded = {line.seq for line in data.lines}
        self._prepared = {seq: kept for seq, kept in self._prepared.items() if seq in loaded}
        self._tops = [0]
        if self._wrapped:
            for line in data.lines:
                self._tops.append(self._tops[-1] + len(self._prepare(line).spans))
        sideways = self._longest() + self._gutter if not self._wrapped else 0
        self._placing = True
        try:
            self.virtual_size = Size(sideways, self._y_of(data.last + 1) if data.last >= data.first else 0)
            if self._following:
                self._cursor = max(data.last, 0)
                self._scroll(self.max_scroll_y)
            elif top is not None:
                seq, part = top
                height = len(self._spans(seq))
                self._scroll(self._y_of(seq) + min(part, height - 1))
        finally:
            self._placing = False
        self._look()
        self.refresh()

    def _scroll(self, y: int) -> None:
        # Forced: right after the first lines came the scroll bar is not laid out yet, and Textual would refuse.
        self.scroll_to(y=y, animate=False, force=True)

    def _y_of(self, seq: int) -> int:
        """The first virtual line of a log line."""
        data = self._data
        extra = 0
        if self._wrapped and data.lines:
            behind = min(max(seq - data.lines[0].seq, 0), len(data.lines))
            extra = self._tops[behind] - behind
        return seq - data.first + extra

    def _at(self, y: int) -> tuple[int, int]:
        """The log line at a virtual line, and which of its screen lines that is."""
        data = self._data
        if not (self._wrapped and data.lines):
            return data.first + y, 0
        start = data.lines[0].seq
        inside = y - (start - data.first)
        if inside < 0:
            return data.first + y, 0
        if inside >= self._tops[-1]:
            return start + len(data.lines) + inside - self._tops[-1], 0
        index = bisect_right(self._tops, inside) - 1
        return start + index, inside - self._tops[index]

    def _line(self, seq: int) -> LogLine | None:
        lines = self._data.lines
        index = seq - lines[0].seq if lines else -1
        return lines[index] if 0 <= index < len(lines) else None

    def _spans(self, seq: int) -> Sequence[tuple[int, int]]:
        line = self._line(seq)
        return self._prepare(line).spans if line is not None and self._wrapped else ((0, 0),)

    def _prepare(self, line: LogLine) -> _Prepared:
        known = self._prepared.get(line.seq)
        if known is None:
            text = safe(line.message).expandtabs(4)
            if self._wrapped:
                known = _Prepared(text, wrap(text, self._width - self._gutter - 1))
            else:
                text = text.replace("\n", " ↵ ")
                known = _Prepared(text, ((0, len(text)),))
            self._prepared[line.seq] = known
        return known

    def _longest(self) -> int:
        return max((width_of(line.message) for line in self._data.lines), default=0)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _height(self) -> int:
        return max(self.scrollable_content_region.height, 1)

    @property
    def _gutter(self) -> int:
        """Cells before the message: an edge, the time, the sign of the level."""
        return 3 if self._times is Times.OFF else 12

    # -- moving

    def _view(self, screens: int = 0) -> range:
        """The `seq` in view and in so many screens on both sides."""
        data, y = self._data, round(self.scroll_y)
        first, last = self._at(y)[0], self._at(y + self._height - 1)[0]
        around = screens * self._height
        return range(max(first - around, data.first), min(last + around, data.last) + 1)

    def _look(self) -> None:
        """The view may have moved: what was seen, what is missing, what the border says."""
        view = self._view()
        if view:
            self._seen = max(self._seen, view[-1])
        if self._asking is None and self.is_attached and self._missing():
            self._asking = self.set_timer(WINDOW_DELAY_S, self._ask)
        self._entitle()

    def _missing(self) -> bool:
        view = self._view()
        return bool(view) and (self._line(view[0]) is None or self._line(view[-1]) is None)

    def _ask(self) -> None:
        self._asking = None
        if self._missing():
            wanted = self._view(2)
            self.post_message(self.WindowWanted(self, wanted[0], wanted[-1]))

    def _go_to(self, seq: int) -> None:
        """Put the cursor on a line and show it; the last line is the end, which is followed."""
        data = self._data
        if data.last < data.first:
            return
        self._cursor = min(max(seq, data.first), data.last)
        self._follow(following=self._cursor == data.last)
        top, y = round(self.scroll_y), self._y_of(self._cursor)
        bottom = y + len(self._spans(self._cursor)) - 1
        self._placing = True
        try:
            if self._following:
                self._scroll(self.max_scroll_y)
            elif y < top:
                self._scroll(y)
            elif bottom >= top + self._height:
                self._scroll(min(bottom - self._height + 1, y))
        finally:
            self._placing = False
        self._look()
        self.refresh()

    def _follow(self, *, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.post_message(self.FollowChanged(self, following=following))

    def _cursor_in_view(self) -> int:
        """The cursor, or the line in view that is nearest to it after the wheel went elsewhere."""
        view = self._view()
        return min(max(self._cursor, view[0]), view[-1]) if view else self._cursor

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Wheel and scroll bar: leaving the end stops following, coming back to it follows again."""
        super().watch_scroll_y(old_value, new_value)
        if not self._placing:
            self._follow(following=round(new_value) >= self.max_scroll_y)
            if self._following:
                self._cursor = max(self._data.last, 0)
        self._look()

    def on_resize(self) -> None:
        """Other widths wrap otherwise; the place stays."""
        if self._wrapped and self._laid_out_for != self._width:
            self._prepared.clear()
        self._laid_out_for = self._width
        self._lay_out(self._at(round(self.scroll_y)))

    def on_click(self, event: events.Click) -> None:
        """A click chooses the current line."""
        offset = event.get_content_offset(self)
        if offset is not None and self._data.last >= self._data.first:
            seq, _ = self._at(round(self.scroll_y) + offset.y)
            if seq <= self._data.last:
                self._go_to(seq)

    def action_move(self, lines: int) -> None:
        self._go_to(self._cursor_in_view() + lines)

    def action_page(self, pages: int) -> None:
        self._go_to(self._cursor_in_view() + pages * max(self._height - 1, 1))

    def action_first(self) -> None:
        self._go_to(self._data.first)

    def action_last(self) -> None:
        self._go_to(self._data.last)

    def action_sideways(self, steps: int) -> None:
        self.scroll_to(x=self.scroll_x + steps * _SIDEWAYS, animate=False, force=True)

    def action_follow(self) -> None:
        """Go to the end and stay there, or stand still."""
        if self._following:
            self._follow(following=False)
            self._seen = self._data.last
            self._entitle()
        else:
            self._go_to(self._data.last)

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        top = self._at(round(self.scroll_y))
        self._wrapped = not self._wrapped
        self._measure_anew((top[0], 0))

    def action_times(self) -> None:
        """The next way to write times."""
        top = self._at(round(self.scroll_y))
        ways = list(Times)
        self._times = ways[(ways.index(self._times) + 1) % len(ways)]
        self._measure_anew(top)

    def _measure_anew(self, top: tuple[int, int]) -> None:
        self._prepared.clear()
        self._lay_out(top)
        self.scroll_to(x=0, animate=False, force=True)

    def action_find(self) -> None:
        self.post_message(self.FindOpened(self))

    def action_find_next(self) -> None:
        self.post_message(self.FindWanted(self, self._term, self._cursor, backwards=False))

    def action_find_previous(self) -> None:
        self.post_message(self.FindWanted(self, self._term, self._cursor, backwards=True))

    def action_yank(self) -> None:
        """The current line, as text."""
        line = self._line(self._cursor)
        if line is not None:
            self.post_message(self.Yanked(self, self._plain(line), 1))

    def action_yank_window(self) -> None:
        """All loaded lines, as text."""
        lines = self._data.lines
        if lines:
            self.post_message(self.Yanked(self, "\n".join(self._plain(line) for line in lines), len(lines)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """`n` and `N` belong to the search only while there is one; otherwise they mean what they mean elsewhere."""
        if action in ("find_next", "find_previous"):
            return bool(self._term)
        return True

    # -- what is seen

    def _entitle(self) -> None:
        data = self._data
        state = ""
        if data.last >= data.first:
            unseen = self.unseen
            state = " · following" if self._following else f" · {count(unseen)} new ↓" if unseen else " · not following"
        notes = []
        if self._term:
            found = f"line {count(self._match)}" if self._match is not None else "not found"
            notes.append(f"“{shorten(safe_line(self._term), 24)}” {found}")
        if not self._following and data.last >= data.first:
            notes.append(f"{count(self._cursor)} of {count(data.last)}")
        entitle(self, f"{safe_line(self._caption)}{state}", " · ".join(notes))

    def render_line(self, y: int) -> Strip:
        """One screen line of the log."""
        width, base, data = self._width, self.rich_style, self._data
        if data.last < data.first:
            words = "" if data.job_id is None else "Nothing logged yet."
            parts = [(f" {words}", ink(self, "log-pane--time"))] if y == 0 else []
            return strip_of(parts, width, base)
        virtual = round(self.scroll_y) + y
        seq, part = self._at(virtual)
        if seq > data.last:
            return Strip.blank(width, base)
        if seq == self._cursor and self.has_focus:
            base += self.get_component_rich_style("log-pane--cursor", partial=True)
        line = self._line(seq)
        if line is None:
            return strip_of([(" …", ink(self, "log-pane--absent"))], width, base)
        return self._drawn(line, part, virtual, width, base)

    def _drawn(self, line: LogLine, part: int, virtual: int, width: int, base: Style) -> Strip:
        prepared = self._prepare(line)
        start, end = prepared.spans[min(part, len(prepared.spans) - 1)]
        level = ink(self, f"log-pane--{line.level}")
        gutter = self._gutter_text(line) if part == 0 else " " * self._gutter
        text = gutter + prepared.text[start:end]
        spans: list[tuple[int, int, Style]] = []
        if part == 0:
            spans.append((0, self._gutter - 2, ink(self, "log-pane--time")))
        spans += self._found(prepared.text, start, end)
        selection = self._selected(virtual, len(text))
        if selection is not None:
            spans.append((*selection, self.screen.get_component_rich_style("screen--selection", partial=True)))
        drawn = styled(text, level, spans)
        return self._cropped(drawn, text, width, base).apply_offsets(self._hidden(text), virtual)

    def _gutter_text(self, line: LogLine) -> str:
        """The time and the sign of the level, in `_gutter` cells."""
        sign = _SIGNS[line.level]
        if self._times is Times.OFF:
            return f" {sign} "
        start = self._data.started_at
        relative = self._times is Times.SINCE_START and start is not None
        time = since_start(line.timestamp, start) if relative and start is not None else clock_time(line.timestamp)
        return f" {time} {sign} "

    def _found(self, text: str, start: int, end: int) -> list[tuple[int, int, Style]]:
        if not self._term:
            return []
        style, shift = ink(self, "log-pane--found"), self._gutter - start
        places = re.finditer(re.escape(self._term), text, re.IGNORECASE)
        return [
            (max(place.start(), start) + shift, min(place.end(), end) + shift, style)
            for place in places
            if place.start() < end and place.end() > start
        ]

    def _selected(self, virtual: int, length: int) -> tuple[int, int] | None:
        selection = self.text_selection
        span = selection.get_span(virtual) if selection is not None else None
        if span is None:
            return None
        return span[0], length if span[1] == -1 else span[1]

    def _hidden(self, text: str) -> int:
        """Characters that are scrolled out on the left."""
        return characters_before(text, round(self.scroll_x))

    def _cropped(self, drawn: Sequence[Part], text: str, width: int, base: Style) -> Strip:
        """The part of a line in view; an ellipsis at the right says that it goes on."""
        left = round(self.scroll_x)
        length = width_of(text)
        strip = strip_of(drawn, max(length, left + width), base)
        if length - left <= width:
            return strip.crop(left, left + width)
        more = strip_of([("…", ink(self, "log-pane--time"))], 1, base)
        return Strip.join([strip.crop(left, left + width - 1), more])

    # -- text taken out

    def _plain(self, line: LogLine) -> str:
        """A line as it is copied: time, sign and message."""
        return (self._gutter_text(line) + safe(line.message)).strip()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that was selected with the mouse; what is not loaded cannot be copied."""
        lines = self._data.lines
        if not lines:
            return None
        first, last = self._y_of(lines[0].seq), self._y_of(lines[-1].seq + 1) - 1
        top = max(selection.start.y, first) if selection.start is not None else first
        bottom = min(selection.end.y, last) if selection.end is not None else last
        pieces: list[str] = []
        for virtual in range(top, bottom + 1):
            seq, part = self._at(virtual)
            line = self._line(seq)
            if line is None:
                continue
            prepared = self._prepare(line)
            start, end = prepared.spans[part]
            text = (self._gutter_text(line) if part == 0 else " " * self._gutter) + prepared.text[start:end]
            span = self._selected_of(selection, virtual, len(text))
            goes_on = part > 0 and virtual > top
            piece = text[max(span[0], self._gutter) if goes_on else span[0] : span[1]]
            if goes_on:
                pieces[-1] += piece
            else:
                pieces.append(piece)
        return "\n".join(piece.rstrip() for piece in pieces), "\n"

    @staticmethod
    def _selected_of(selection: Selection, virtual: int, length: int) -> tuple[int, int]:
        span = selection.get_span(virtual) or (0, 0)
        return span[0], length if span[1] == -1 else span[1]
