"""A table of rows by id, newest first. It draws only the lines in view, for any number of rows."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.strip import Strip
from typing_extensions import override

from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count
from devtrail_tui.tui.keymap import key_of
from devtrail_tui.tui.widgets.cells import Part, entitle, fit, foreground_style, shorten, strip_of
from devtrail_tui.tui.widgets.columns import CURSOR, GAP, Column, share_out
from devtrail_tui.tui.widgets.scrolling import WindowMessage, WindowView

R = TypeVar("R")
EDGE = 60
"""Rows to load beyond the requested ones on either side."""
_HEADING = 1


@dataclass(frozen=True, slots=True)
class RowTableData(Generic[R]):
    """The data of a table: the filtered ids, newest first, and the rows around the lines in view.

    `total` counts all rows, filtered or not. `ids` is immutable after handover: a changed list is a new array.
    """

    ids: array[int] = field(default_factory=lambda: array("q"))
    rows: Mapping[int, R] = field(default_factory=dict)
    filter_text: str = ""
    total: int = 0


class RowTable(WindowView, Generic[R]):
    """Rows, newest first; a position is an index into the ids.

    The cursor belongs to a row, not to a line: rows that arrive above do not move it, except on the first line, where it follows
    the newest row. A subclass has a NAME, its FILTER and OPEN commands, columns, and a text for an empty table.
    """

    NAME = "Rows"
    FILTER = "filter_jobs"
    OPEN = "open_job"
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"row-table--{name}" for name in ("heading", "cursor", "mark", "muted", "absent")
    }
    DEFAULT_CSS = """
    RowTable {
        & > .row-table--cursor {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
        }
        &:focus > .row-table--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
        }
        & > .row-table--mark { color: $primary; text-style: bold; }
        & > .row-table--heading, & > .row-table--muted, & > .row-table--absent { color: $foreground-muted; }
    }
    """

    @dataclass
    class Highlighted(WindowMessage):
        """The cursor is on another row; None if there is none."""

        row_id: int | None

    @dataclass
    class RowOpened(WindowMessage):
        """The person opened this row."""

        row_id: int

    class WindowRequest(WindowView.WindowRequest):
        """Rows near the lines in view are not loaded: ids from index `first` to `last`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._data: RowTableData[R] | None = None
        self._now: datetime | None = None
        self._cursor = 0
        self.cursor_id: int | None = None
        """The id of the row under the cursor."""
        self._newest_seen: int | None = None
        self._columns = self.columns()
        self._widths: dict[str, int] = {}
        self._heading = ""
        self._heading_for: tuple[object, int] | None = None
        self._entitle()

    # -- declared by subclasses

    def columns(self) -> Sequence[Column[R]]:
        """The columns, from the left."""
        raise NotImplementedError

    def needs(self, data: RowTableData[R]) -> Mapping[str, int]:  # noqa: ARG002 - for subclasses
        """The maximum cells a column needs for these rows, by title."""
        return {}

    def dated(self, row: R, now: datetime | None) -> object:  # noqa: ARG002 - for subclasses
        """The time-dependent text of a row."""
        return None

    def absent_parts(self, row_id: int) -> list[Part]:
        """A row that is not loaded yet."""
        return [(f"{row_id} …", foreground_style(self, "row-table--absent"))]

    def empty(self) -> Sequence[str]:
        """The text of an empty table, one string per line."""
        return ("Nothing here yet.",)

    # -- rows

    @property
    def unseen(self) -> int:
        """Rows that arrived above the view since the first line was last in view."""
        if self._data is None or self._newest_seen is None or not self._data.ids:
            return 0
        return _index_of(self._data.ids, self._newest_seen, 0) or 0

    def update(self, data: RowTableData[R], now: datetime) -> None:
        """Show these rows as of `now`; the cursor keeps its row and the view its lines."""
        previous, self._data, then, self._now = self._data, data, self._now, now
        old_ids = previous.ids if previous is not None else array("q")
        if previous is None or old_ids is not data.ids or previous.filter_text != data.filter_text:
            self._place(old_ids, data.ids, other_filter=previous is None or previous.filter_text != data.filter_text)
            self.refresh()
        elif self._heading_changed():
            self.refresh()
        else:
            self._refresh_rows(previous.rows, then)
        self._entitle()
        self._request_window()

    def tick(self, now: datetime) -> None:
        """Redraw rows whose text depends on the time."""
        then, self._now = self._now, now
        if self._data is not None:
            self._refresh_rows(self._data.rows, then)

    def _refresh_rows(self, previous: Mapping[int, R], then: datetime | None) -> None:
        """Redraw the rows in view that changed since `previous`, or whose time-dependent text changed since `then`."""
        assert self._data is not None  # noqa: S101 - only called with data
        for index in self._positions():
            row_id = self._data.ids[index]
            row = self._data.rows.get(row_id)
            if previous.get(row_id) != row or (row is not None and self.dated(row, then) != self.dated(row, self._now)):
                self.refresh_line(index + _HEADING)

    def _heading_changed(self) -> bool:
        """Compose the heading for the current data and width. Returns whether it changed."""
        width, previous = self.scrollable_content_region.width, self._heading
        if self._heading_for is None or self._heading_for[0] is not self._data or self._heading_for[1] != width:
            self._heading_for = (self._data, width)
            table: RowTableData[R] = self._data or RowTableData()
            self._widths = share_out(self._columns, width, self.needs(table))
            titles = (fit(item.title, self._widths[item.title], right=item.right) for item in self._columns)
            self._heading = (" " * GAP).join(title for title in titles if title)
        return self._heading != previous

    def _place(self, old: array[int], new: array[int], *, other_filter: bool) -> None:
        """Restore cursor and view in a changed list of ids."""
        top = round(self.scroll_y)
        shift = len(new) - len(old)
        following = self._cursor == 0
        anchor = _index_of(new, old[top], top + shift) if 0 < top < len(old) else None
        cursor = None if self.cursor_id is None else _index_of(new, self.cursor_id, self._cursor + shift)
        is_listed = self._newest_seen is not None and _index_of(new, self._newest_seen, shift) is not None
        self.virtual_size = Size(0, len(new) + _HEADING)
        if following and not other_filter:
            cursor = 0
        elif cursor is None:
            cursor = 0 if other_filter else min(self._cursor, len(new) - 1)
        if top == 0 and (following or other_filter):
            anchor = 0
        elif anchor is None:
            anchor = max(shift, 0) if top == 0 and not other_filter else min(top, max(len(new) - 1, 0))
        if not is_listed:
            self._newest_seen = new[0] if new else None
        self._scroll(anchor)
        self._scrolled()
        self._go_to(max(cursor, 0), reveal=other_filter)

    @override
    def _go_to(self, position: int, *, reveal: bool = True) -> None:
        ids = self._data.ids if self._data is not None else array("q")
        previous, self._cursor = self._cursor, min(max(position, 0), max(len(ids) - 1, 0))
        row_id = ids[self._cursor] if ids else None
        if reveal:
            self._reveal()
        if row_id != self.cursor_id:
            self.cursor_id = row_id
            self.post_message(self.Highlighted(self, row_id))
        for item in {previous, self._cursor}:
            self.refresh_line(item + _HEADING)

    def _reveal(self) -> None:
        if not self.scrollable_content_region.height:
            return  # not laid out yet; on_resize calls again
        top, height = round(self.scroll_y), self._lines_in_view
        if not top <= self._cursor < top + height:
            self._scroll(self._cursor if self._cursor < top else self._cursor - height + 1)
            self._scrolled()

    @property
    @override
    def _lines_in_view(self) -> int:
        return max(self.scrollable_content_region.height - _HEADING, 1)

    @override
    def _cursor_in_view(self) -> int:
        return self._cursor

    def move_to(self, row_id: int) -> bool:
        """Move the cursor to a row; False if it is not in the list."""
        index = _index_of(self._data.ids, row_id, self._cursor) if self._data is not None else None
        if index is None:
            return False
        self._go_to(index)
        return True

    def action_open_row(self) -> None:
        if self.cursor_id is not None:
            self.post_message(self.RowOpened(self, self.cursor_id))

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """OPEN is in the key bar only while there is a row to open."""
        return action != self.OPEN or self.cursor_id is not None

    def on_click(self, event: events.Click) -> None:
        """A click selects the row, a double click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < _HEADING or self._data is None:
            return
        index = round(self.scroll_y) + offset.y - _HEADING
        if index < len(self._data.ids):
            self._go_to(index)
            if event.chain == 2:
                self.action_open_row()

    def on_resize(self) -> None:
        """Keep the cursor in view, and request rows for a larger view."""
        self._reveal()
        self._request_window()

    @override
    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Called for scrolling by wheel, scroll bar and keys."""
        super().watch_scroll_y(old_value, new_value)
        self._scrolled()

    def _scrolled(self) -> None:
        if self._data is not None and self._data.ids and round(self.scroll_y) == 0:
            self._newest_seen = self._data.ids[0]
        self._entitle()
        self._request_window()

    @override
    def _positions(self, screens: int = 0) -> range:
        length = len(self._data.ids) if self._data is not None else 0
        top, height = round(self.scroll_y), self._lines_in_view
        return range(max(top - screens * height, 0), min(top + (screens + 1) * height, length))

    @override
    def _is_loaded(self, position: int) -> bool:
        return self._data is None or self._data.ids[position] in self._data.rows

    def _entitle(self) -> None:
        table = self._data
        if table is None:
            entitle(self, self.NAME)
            return
        visible, total = len(table.ids), max(table.total, len(table.ids))
        number = f"{count(visible)} of {count(total)}" if table.filter_text else f"all {count(total)}"
        unseen = self.unseen
        filter_text = shorten(safe_line(table.filter_text), 40)
        hint = f"/ {filter_text}" if filter_text else f"{key_of(self, self.FILTER)} filter"
        signs = [f"↑ {count(unseen)} new" if unseen else "", hint]
        entitle(self, f"{self.NAME} · {number}", " · ".join(sign for sign in signs if sign))

    @override
    def render_line(self, y: int) -> Strip:
        """One line of the table: the heading, a row, or the text of an empty table."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        table = self._data
        self._heading_changed()
        if y < _HEADING:
            return strip_of([(" " * CURSOR + self._heading, foreground_style(self, "row-table--heading"))], width, base)
        if table is None:
            return Strip.blank(width, base)
        if not table.ids:
            return self._empty_line(y, width, base, table)
        index = round(self.scroll_y) + y - _HEADING
        if index >= len(table.ids):
            return Strip.blank(width, base)
        at_cursor = index == self._cursor
        if at_cursor:
            base += self.get_component_rich_style("row-table--cursor")
        row = table.rows.get(table.ids[index])
        segments = self.absent_parts(table.ids[index]) if row is None else self._row_parts(row)
        mark = (" ▸ " if at_cursor else "   ", foreground_style(self, "row-table--mark"))
        return strip_of([mark, *segments], width, base)

    def _row_parts(self, row: R) -> list[Part]:
        segments: list[Part] = []
        for column in self._columns:
            width = self._widths[column.title]
            if width:
                *leading, (text, style) = column.cell(row, width)
                room = width - sum(cell_len(item) for item, _ in leading)
                segments += [*leading, (fit(text, room, right=column.right), style), (" " * GAP, Style())]
        return segments

    def _empty_line(self, y: int, width: int, base: Style, data: RowTableData[R]) -> Strip:
        if data.filter_text:
            quoted = shorten(safe_line(data.filter_text), max(width - 20, 8))
            lines = [f"Nothing matches “{quoted}”.", f"Press {key_of(self, 'back')} to clear the filter."]
        else:
            lines = list(self.empty())
        first = max((self.scrollable_content_region.height - len(lines)) // 2, 0)
        if not first <= y < first + len(lines):
            return Strip.blank(width, base)
        text = lines[y - first]
        indent = " " * max((width - cell_len(text)) // 2, 0)
        style = Style() if y == first else foreground_style(self, "row-table--muted")
        return strip_of([(indent + text, style)], width, base)


def _index_of(ids: array[int], row_id: int, guess: int) -> int | None:
    """The index of an id; `guess` is tried first."""
    if 0 <= guess < len(ids) and ids[guess] == row_id:
        return guess
    try:
        return ids.index(row_id)
    except ValueError:
        return None
