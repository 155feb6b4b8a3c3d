"""The live table of jobs. It draws only the lines in view, from a window of rows, whatever the number of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType

from devtrail_tui.core.job_row import JobRow
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import AGE_WIDTH, STATUS_WIDTH, TOOK_WIDTH, WHEN_WIDTH, age, status_look, took, when
from devtrail_tui.tui.keymap import Command, Place, bindings, declare, key_of
from devtrail_tui.tui.widgets.bar import bar, percent
from devtrail_tui.tui.widgets.cells import Part, fit, ink, shorten, width_of
from devtrail_tui.tui.widgets.row_table import EDGE, GAP, MARK, RowTable, RowTableData

_PERCENT, _WORD = 5, 8
declare(
    Place("Jobs", 0, "on {}", ("show_jobs",)),
    Command("new_job", "n", "new_job", "new", "Launch a new job from a form"),
    Command("cancel_job", "c", "cancel_job", "cancel", "Cancel the chosen job (asks)"),
    Command("retry_job", "r", "retry_job", "retry", "Run a failed or cancelled job again"),
    Command("open_job", "enter", "open_job", "open", "Open the chosen job: settings, progress, result"),
    Command("filter_jobs", "slash", "filter", "filter", "Filter the jobs: state:failed type:sync repo:x words"),
    Command("open_log", "l", "open_log", "log", "Show the chosen job's whole log"),
    Command("cleanup_jobs", "D", "cleanup_jobs", "", "Delete finished jobs older than 30 days (asks)"),
)


class JobTableData(RowTableData[JobRow]):
    """What the table of jobs shows."""


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
        taken = MARK + sum(each + GAP for each in others if each) + EDGE
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


class JobTable(RowTable[JobRow]):
    """Jobs, newest first; Enter opens one."""

    NAME = "Jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("open_job")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "job-table--running",
        "job-table--done",
        "job-table--failed",
        "job-table--quiet",
        "job-table--track",
        "job-table--ended",
    }
    DEFAULT_CSS = """
    JobTable {
        & > .job-table--running { color: $primary; }
        & > .job-table--done { color: $success; }
        & > .job-table--failed { color: $error; }
        & > .job-table--quiet { color: $foreground-muted; }
        & > .job-table--track { background: $panel; }
        & > .job-table--ended { color: $secondary-muted; }
    }
    """

    class Highlighted(RowTable.Highlighted):
        """The cursor stands on another job; None when there is no job."""

        @property
        def job_id(self) -> int | None:
            """The job."""
            return self.row_id

    class Opened(RowTable.Opened):
        """The person asked to see this job whole."""

        @property
        def job_id(self) -> int:
            """The job."""
            return self.row_id

    class WindowWanted(RowTable.WindowWanted):
        """Rows are missing near the lines in view: those of the ids from index `first` to `last`, both included."""

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
        self._columns_key: tuple[int, int, int] | None = None
        self._columns = columns_for(80, 3, 6)

    @property
    def cursor_job_id(self) -> int | None:
        """The job under the cursor."""
        return self.cursor_id

    def set_type_titles(self, titles: Mapping[str, str]) -> None:
        """The title of each job type by its name, once the catalogue is known."""
        self._titles = dict(titles)
        self._heading_for = None
        self.refresh()

    def action_open_job(self) -> None:
        self.action_open_row()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """`open_job` stands in the key bar only while there is something to open."""
        return action != "open_job" or self._cursor_id is not None

    def empty(self) -> Sequence[str]:
        """The first thing to do."""
        return ("No jobs yet.", f"Press {key_of(self, 'new_job')} to start a sync.")

    def heading(self, data: RowTableData[JobRow], width: int) -> list[Part]:
        """Share out the columns and name them."""
        number = max(len(str(max(data.ids[0], data.ids[-1]))), 2) if data.ids else 2
        kind = min(max([4, *(width_of(type_word(name, self._titles)) for name in self._titles)]), 12)
        if self._columns_key != (width, number, kind):
            self._columns_key = (width, number, kind)
            self._columns = columns_for(width, number, kind)
        columns = self._columns
        names = [
            fit("#", columns.number, right=True),
            fit("Type", columns.type),
            fit("What", columns.what),
            fit("Status", columns.status),
            fit("Progress", columns.progress),
            fit("Took", columns.took, right=True),
            fit("When", columns.when),
        ]
        return [((" " * GAP).join(name for name in names if name), ink(self, "row-table--heading"))]

    def row_parts(self, row: JobRow) -> list[Part]:
        """One job."""
        columns = self._columns
        plain, muted = Style(), ink(self, "row-table--muted")
        look = status_look(row.status, cancel_requested=row.cancel_requested)
        cells: list[list[Part]] = [[(fit(str(row.id), columns.number, right=True), muted)]]
        if columns.type:
            cells.append([(fit(type_word(row.type, self._titles), columns.type), plain)])
        cells.append(_what(row, columns.what, plain, muted))
        cells.append([(fit(str(look), columns.status), ink(self, f"job-table--{look.tone}"))])
        cells.append(self._progress(row))
        if columns.took:
            cells.append([(fit(self._took(row, self._now), columns.took, right=True), plain)])
        if columns.when:
            cells.append([(fit(self._when(row, self._now), columns.when), muted)])
        gap = (" " * GAP, plain)
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
            (figure + room, ink(self, "row-table--muted")),
        ]

    def dated(self, row: JobRow, now: datetime | None) -> object:
        """How long it took, and when it was."""
        return self._took(row, now), self._when(row, now)

    def _took(self, row: JobRow, now: datetime | None) -> str:
        end = row.completed_at or (now if row.status is Status.RUNNING else None)
        if row.started_at is None or end is None:
            return ""
        return took((end - row.started_at).total_seconds())

    def _when(self, row: JobRow, now: datetime | None) -> str:
        written = when if self._columns.when == WHEN_WIDTH else age
        if now is None or row.status is Status.RUNNING:
            return "now"
        if row.status is Status.PENDING:
            return written(max(row.run_at, row.created_at), now)
        return written(row.completed_at or row.created_at, now)

    def absent_parts(self, row_id: int) -> list[Part]:
        """The number is known before the row is."""
        return [(fit(str(row_id), self._columns.number, right=True) + " " * GAP + "…", ink(self, "row-table--absent"))]


def _what(row: JobRow, width: int, plain: Style, muted: Style) -> list[Part]:
    """The job's title, and quietly behind it why it waits or failed, where there is room to say so."""
    title = shorten(safe_line(row.title) or "—", width)
    reason = row.error if row.status is Status.FAILED else row.waiting_for if row.status is Status.PENDING else None
    room = width - width_of(title) - 2
    if not reason or room < 12:
        return [(fit(title, width), plain)]
    return [(title + "  ", plain), (fit(safe_line(reason), room), muted)]
