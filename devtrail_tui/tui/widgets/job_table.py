"""The live table of jobs. It draws only the lines in view, from a window of rows, whatever the number of jobs."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from devtrail_tui.core.job import Status
from devtrail_tui.core.job_row import JobRow
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.widgets.bar import bar, percent
from devtrail_tui.tui.widgets.cells import Part, fit, ink, shorten, strip_of, width_of
from devtrail_tui.tui.widgets.durations import AGE_WIDTH, TOOK_WIDTH, WHEN_WIDTH, age, took, when
from devtrail_tui.tui.widgets.figures import count
from devtrail_tui.tui.widgets.status import STATUS_WIDTH, status_look

WINDOW_DELAY_S = 0.03
"""How long the table waits for scrolling to settle before it asks for rows."""
_MARK, _GAP, _EDGE, _PERCENT, _WORD = 3, 2, 1, 5, 8
_HEADING = 1


@dataclass(frozen=True, slots=True)
class JobTableData:
    """What the table shows: the ids that pass the filter, newest first, and the rows around the lines in view.

    `total` counts all jobs, filtered or not. `ids` is never changed once handed over: a changed list is a new array.
    """

    ids: array[int] = field(default_factory=lambda: array("q"))
    rows: Mapping[int, JobRow] = field(default_factory=dict)
    filter_text: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 means that the column is left out. `bar` is the bar alone, without its percentage."""

    number: int
    type: int
    what: int
    status: int
    bar: int
    took: int
    when: int

    @property
    def progress(self) -> int:
        """The bar and its percentage."""
        return max(self.bar + _PERCENT, len("Progress"))


@dataclass(frozen=True, slots=True)
class _Step:
    """One way to share out a line; taken when at least `what` cells remain for What."""

    what: int
    bar: int
    took: int = TOOK_WIDTH
    when: int = WHEN_WIDTH
    type: bool = True


_STEPS = (
    _Step(88, 40),
    _Step(64, 28),
    _Step(48, 24),
    _Step(34, 20),
    _Step(30, 14),
    _Step(28, 10),
    _Step(26, 10, took=0),
    _Step(24, 8, took=0, when=AGE_WIDTH),
    _Step(20, 6, took=0, when=AGE_WIDTH),
    _Step(20, 6, took=0, when=0),
    _Step(16, 4, took=0, when=0, type=False),
    _Step(0, 3, took=0, when=0, type=False),
)


def columns_for(width: int, number: int, kind: int) -> Columns:
    """Share out a line of `width` cells; `number` and `kind` are the cells that ids and type titles need.

    As it narrows the bar shortens, Took goes, When says less and then goes, then Type: which job it is and how, stays.
    """
    for step in _STEPS:
        columns = Columns(
            number=number,
            type=kind if step.type else 0,
            what=0,
            status=STATUS_WIDTH,
            bar=step.bar,
            took=step.took,
            when=step.when,
        )
        others = (columns.number, columns.type, columns.status, columns.progress, columns.took, columns.when)
        taken = _MARK + sum(each + _GAP for each in others if each) + _EDGE
        if width - taken >= step.what:
            break
    return Columns(
        columns.number,
        columns.type,
        max(width - taken, 0),
        columns.status,
        columns.bar,
        columns.took,
        columns.when,
    )


def type_title(name: str, titles: Mapping[str, str]) -> str:
    """The title of a job type; one that is not known is shown by its name, made readable."""
    return titles.get(name) or safe_line(name.replace("_", " ").capitalize())


def type_word(name: str, titles: Mapping[str, str]) -> str:
    """The title of a job type where there is room for a word: "Sync pull requests" is "Sync"."""
    title = type_title(name, titles)
    return title if width_of(title) <= _WORD else title.split()[0]


class JobTable(ScrollView, can_focus=True):
    """Jobs, newest first.

    The cursor belongs to a job, not to a line: rows that arrive above do not move it, unless it stands on the first
    line, where it follows the newest.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("open_job", "move_down", "move_up", "move_first", "move_last", "page_down", "page_up"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "job-table--heading",
        "job-table--cursor",
        "job-table--mark",
        "job-table--muted",
        "job-table--running",
        "job-table--done",
        "job-table--failed",
        "job-table--quiet",
        "job-table--track",
        "job-table--ended",
        "job-table--absent",
    }
    DEFAULT_CSS = """
    JobTable {
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
        & > .job-table--heading { color: $foreground-muted; }
        & > .job-table--cursor {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
        }
        &:focus > .job-table--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
        }
        & > .job-table--mark { color: $primary; text-style: bold; }
        & > .job-table--muted { color: $foreground-muted; }
        & > .job-table--running { color: $primary; }
        & > .job-table--done { color: $success; }
        & > .job-table--failed { color: $error; }
        & > .job-table--quiet { color: $foreground-muted; }
        & > .job-table--track { background: $panel; }
        & > .job-table--ended { color: $secondary-muted; }
        & > .job-table--absent { color: $foreground-muted; }
    }
    """

    class Highlighted(Message):
        """The cursor stands on another job; None when there is no job."""

        def __init__(self, table: JobTable, job_id: int | None) -> None:
            super().__init__()
            self.table = table
            self.job_id = job_id

        @property
        def control(self) -> JobTable:
            return self.table

    class Opened(Message):
        """The person asked to see this job whole."""

        def __init__(self, table: JobTable, job_id: int) -> None:
            super().__init__()
            self.table = table
            self.job_id = job_id

        @property
        def control(self) -> JobTable:
            return self.table

    class WindowWanted(Message):
        """Rows are missing near the lines in view: those of the ids from index `first` to `last`, both included."""

        def __init__(self, table: JobTable, first: int, last: int) -> None:
            super().__init__()
            self.table = table
            self.first = first
            self.last = last

        @property
        def control(self) -> JobTable:
            return self.table

    def __init__(
        self,
        type_titles: Mapping[str, str] | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`type_titles` gives the title of each job type by its name."""
        super().__init__(id=id, classes=classes)
        self._titles = dict(type_titles or {})
        self._data: JobTableData | None = None
        self._now: datetime | None = None
        self._cursor = 0
        self._cursor_id: int | None = None
        self._newest_seen: int | None = None
        self._asking: Timer | None = None
        self._columns_key: tuple[int, int, int] | None = None
        self._columns = columns_for(80, 3, 6)

    @property
    def cursor_job_id(self) -> int | None:
        """The job under the cursor."""
        return self._cursor_id

    @property
    def unseen(self) -> int:
        """Jobs that arrived above the lines in view since the person last saw the first line."""
        if self._data is None or self._newest_seen is None or not self._data.ids:
            return 0
        return _index_of(self._data.ids, self._newest_seen, 0) or 0

    def set_type_titles(self, titles: Mapping[str, str]) -> None:
        """The title of each job type by its name, once the catalogue is known."""
        self._titles = dict(titles)
        self.refresh()

    def update(self, data: JobTableData, now: datetime) -> None:
        """Show these jobs as of `now`; the cursor keeps its job and the view its lines."""
        before, self._data, self._now = self._data, data, now
        old_ids = before.ids if before is not None else array("q")
        if old_ids is not data.ids or before is None or before.filter_text != data.filter_text:
            self._place(old_ids, data.ids, other_filter=before is None or before.filter_text != data.filter_text)
        self._entitle()
        self._ask_soon()
        self.refresh()

    def tick(self, now: datetime) -> None:
        """Time went on: draw Took and When anew."""
        self._now = now
        self.refresh()

    def _place(self, old: array[int], new: array[int], *, other_filter: bool) -> None:
        """Find cursor and view again in a changed list of ids."""
        top = round(self.scroll_y)
        shift = len(new) - len(old)
        following = self._cursor == 0
        anchor = _index_of(new, old[top], top + shift) if 0 < top < len(old) else None
        cursor = None if self._cursor_id is None else _index_of(new, self._cursor_id, self._cursor + shift)
        seen = self._newest_seen is not None and _index_of(new, self._newest_seen, shift) is not None
        self.virtual_size = Size(0, len(new) + _HEADING)
        if following and not other_filter:
            cursor = 0
        elif cursor is None:
            cursor = 0 if other_filter else min(self._cursor, len(new) - 1)
        if top == 0 and (following or other_filter):
            anchor = 0
        elif anchor is None:
            anchor = max(shift, 0) if top == 0 and not other_filter else min(top, max(len(new) - 1, 0))
        if not seen:
            self._newest_seen = new[0] if new else None
        self._scroll_to_row(anchor)
        self._put_cursor(max(cursor, 0), reveal=other_filter)

    def _put_cursor(self, index: int, *, reveal: bool = True) -> None:
        ids = self._data.ids if self._data is not None else array("q")
        self._cursor = min(max(index, 0), max(len(ids) - 1, 0))
        job_id = ids[self._cursor] if ids else None
        if reveal:
            self._reveal()
        if job_id != self._cursor_id:
            self._cursor_id = job_id
            self.post_message(self.Highlighted(self, job_id))
        self.refresh()

    def _scroll_to_row(self, index: int) -> None:
        # Forced: right after the first rows came the scroll bar is not laid out yet, and Textual would refuse.
        self.scroll_to(y=index, animate=False, force=True)
        self._after_scroll()

    def _reveal(self) -> None:
        if not self.scrollable_content_region.height:
            return  # not laid out yet; on_resize comes back here
        top, height = round(self.scroll_y), self._lines_in_view
        if self._cursor < top:
            self._scroll_to_row(self._cursor)
        elif self._cursor >= top + height:
            self._scroll_to_row(self._cursor - height + 1)

    @property
    def _lines_in_view(self) -> int:
        return max(self.scrollable_content_region.height - _HEADING, 1)

    def move_to(self, job_id: int) -> bool:
        """Put the cursor on a job; False when it is not in the list."""
        index = _index_of(self._data.ids, job_id, self._cursor) if self._data is not None else None
        if index is None:
            return False
        self._put_cursor(index)
        return True

    def action_move(self, lines: int) -> None:
        self._put_cursor(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        self._put_cursor(self._cursor + pages * max(self._lines_in_view - 1, 1))

    def action_first(self) -> None:
        self._put_cursor(0)

    def action_last(self) -> None:
        self._put_cursor(len(self._data.ids) - 1 if self._data is not None else 0)

    def action_open_job(self) -> None:
        if self._cursor_id is not None:
            self.post_message(self.Opened(self, self._cursor_id))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """`open_job` stands in the key bar only while there is something to open."""
        return action != "open_job" or self._cursor_id is not None

    def on_click(self, event: events.Click) -> None:
        """A click chooses the job, a double click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < _HEADING or self._data is None:
            return
        index = round(self.scroll_y) + offset.y - _HEADING
        if index < len(self._data.ids):
            self._put_cursor(index)
            if event.chain == 2:
                self.action_open_job()

    def on_resize(self) -> None:
        """Keep the cursor in view on a smaller terminal, and ask for the rows a larger one shows."""
        self._reveal()
        self._ask_soon()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Wheel, scroll bar and keys all end here."""
        super().watch_scroll_y(old_value, new_value)
        self._after_scroll()

    def _after_scroll(self) -> None:
        if self._data is not None and self._data.ids and round(self.scroll_y) == 0:
            self._newest_seen = self._data.ids[0]
        self._entitle()
        self._ask_soon()

    def _ask_soon(self) -> None:
        if self._asking is None and self.is_attached and self._missing(self._view(0)):
            self._asking = self.set_timer(WINDOW_DELAY_S, self._ask)

    def _ask(self) -> None:
        self._asking = None
        if self._missing(self._view(0)):
            wanted = self._view(2)
            self.post_message(self.WindowWanted(self, wanted.start, wanted.stop - 1))

    def _view(self, screens: int) -> range:
        """Indexes of the lines in view and of so many screens on both sides."""
        length = len(self._data.ids) if self._data is not None else 0
        top, height = round(self.scroll_y), self._lines_in_view
        return range(max(top - screens * height, 0), min(top + (screens + 1) * height, length))

    def _missing(self, indexes: range) -> bool:
        data = self._data
        return data is not None and any(data.ids[index] not in data.rows for index in indexes)

    def _entitle(self) -> None:
        data = self._data
        if data is None:
            self.border_title, self.border_subtitle = Content("Jobs"), None
            return
        shown, total = len(data.ids), max(data.total, len(data.ids))
        number = f"{count(shown)} of {count(total)}" if data.filter_text else f"all {count(total)}"
        self.border_title = Content(f"Jobs · {number}")
        unseen = self.unseen
        filter_text = shorten(safe_line(data.filter_text), 40)
        signs = [f"↑ {count(unseen)} new" if unseen else "", f"/ {filter_text}" if filter_text else "/ filter"]
        self.border_subtitle = Content(" · ".join(sign for sign in signs if sign))

    def render_line(self, y: int) -> Strip:
        """One line of the table: the heading, a job, or what to do when there is none."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        data = self._data
        if data is None:
            return Strip.blank(width, base)
        if not data.ids:
            return self._empty_line(y, width, base, data)
        self._share_out(width, data)
        if y < _HEADING:
            return strip_of(self._heading(), width, base)
        index = round(self.scroll_y) + y - _HEADING
        if index >= len(data.ids):
            return Strip.blank(width, base)
        at_cursor = index == self._cursor
        if at_cursor:
            base += self.get_component_rich_style("job-table--cursor")
        row = data.rows.get(data.ids[index])
        parts = self._absent(data.ids[index]) if row is None else self._row(row)
        mark = (" ▸ " if at_cursor else "   ", ink(self, "job-table--mark"))
        return strip_of([mark, *parts], width, base)

    def _share_out(self, width: int, data: JobTableData) -> None:
        number = max(len(str(max(data.ids[0], data.ids[-1]))), 2)
        kind = min(max([4, *(width_of(type_word(name, self._titles)) for name in self._titles)]), 12)
        if self._columns_key != (width, number, kind):
            self._columns_key = (width, number, kind)
            self._columns = columns_for(width, number, kind)

    def _heading(self) -> list[Part]:
        columns, style, gap = self._columns, ink(self, "job-table--heading"), " " * _GAP
        names = [
            fit("#", columns.number, right=True),
            fit("Type", columns.type),
            fit("What", columns.what),
            fit("Status", columns.status),
            fit("Progress", columns.progress),
            fit("Took", columns.took, right=True),
            fit("When", columns.when),
        ]
        return [(" " * _MARK + gap.join(name for name in names if name), style)]

    def _row(self, row: JobRow) -> list[Part]:
        columns = self._columns
        plain, muted = Style(), ink(self, "job-table--muted")
        look = status_look(row.status, cancel_requested=row.cancel_requested)
        cells: list[list[Part]] = [[(fit(str(row.id), columns.number, right=True), muted)]]
        if columns.type:
            cells.append([(fit(type_word(row.type, self._titles), columns.type), plain)])
        cells.append(_what(row, columns.what, plain, muted))
        cells.append([(fit(str(look), columns.status), ink(self, f"job-table--{look.tone}"))])
        cells.append(self._progress(row))
        if columns.took:
            cells.append([(fit(self._took(row), columns.took, right=True), plain)])
        if columns.when:
            cells.append([(fit(self._when(row), columns.when), muted)])
        gap = (" " * _GAP, plain)
        return [part for cell in cells for part in (*cell, gap)]

    def _progress(self, row: JobRow) -> list[Part]:
        """Only what runs draws the eye: ended jobs have a thin line, and those that never began nothing."""
        columns, done, running = self._columns, row.status is Status.COMPLETED, row.status is Status.RUNNING
        fraction = 1.0 if done else min(row.progress / 100, 0.999)
        figure = fit("" if done or not (fraction or running) else percent(fraction), _PERCENT, right=True)
        room = " " * (columns.progress - columns.bar - _PERCENT)
        if running:
            style = ink(self, "job-table--running") + self.get_component_rich_style("job-table--track", partial=True)
            return [(bar(fraction, columns.bar), style), (figure + room, Style())]
        return [
            (bar(fraction, columns.bar, thin=True), ink(self, "job-table--ended")),
            (figure + room, ink(self, "job-table--muted")),
        ]

    def _took(self, row: JobRow) -> str:
        end = row.completed_at or (self._now if row.status is Status.RUNNING else None)
        if row.started_at is None or end is None:
            return ""
        return took((end - row.started_at).total_seconds())

    def _when(self, row: JobRow) -> str:
        written = when if self._columns.when == WHEN_WIDTH else age
        if self._now is None or row.status is Status.RUNNING:
            return "now"
        if row.status is Status.PENDING:
            return written(max(row.run_at, row.created_at), self._now)
        return written(row.completed_at or row.created_at, self._now)

    def _absent(self, job_id: int) -> list[Part]:
        columns, muted = self._columns, ink(self, "job-table--absent")
        return [(fit(str(job_id), columns.number, right=True) + " " * _GAP + "…", muted)]

    def _empty_line(self, y: int, width: int, base: Style, data: JobTableData) -> Strip:
        if data.filter_text:
            quoted = shorten(safe_line(data.filter_text), max(width - 20, 8))
            lines = [f"Nothing matches “{quoted}”.", "Esc clears the filter."]
        else:
            lines = ["No jobs yet.", "Press n to start a sync."]
        first = max((self.scrollable_content_region.height - len(lines)) // 2, 0)
        if not first <= y < first + len(lines):
            return Strip.blank(width, base)
        text = lines[y - first]
        indent = " " * max((width - width_of(text)) // 2, 0)
        return strip_of([(indent + text, Style() if y == first else ink(self, "job-table--muted"))], width, base)


def _what(row: JobRow, width: int, plain: Style, muted: Style) -> list[Part]:
    """The job's title, and quietly behind it why it waits or failed, where there is room to say so."""
    title = shorten(safe_line(row.title) or "—", width)
    reason = row.error if row.status is Status.FAILED else row.waiting_for if row.status is Status.PENDING else None
    room = width - width_of(title) - 2
    if not reason or room < 12:
        return [(fit(title, width), plain)]
    return [(title + "  ", plain), (fit(safe_line(reason), room), muted)]


def _index_of(ids: array[int], job_id: int, guess: int) -> int | None:
    """Where an id stands, tried first where it most likely is."""
    if 0 <= guess < len(ids) and ids[guess] == job_id:
        return guess
    try:
        return ids.index(job_id)
    except ValueError:
        return None
