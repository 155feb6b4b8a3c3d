"""The live table of jobs. It draws only the lines in view, for any number of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType
from typing_extensions import override

from devtrail_tui.core.job_row import JobRow
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import AGE_WIDTH, STATUS_WIDTH, TOOK_WIDTH, WHEN_WIDTH, age, status_look, took, when
from devtrail_tui.tui.keymap import Command, CommandGroup, bindings, declare, key_of
from devtrail_tui.tui.widgets.cells import Part, bar, fit, foreground_style, percent, shorten
from devtrail_tui.tui.widgets.columns import GAP, Column
from devtrail_tui.tui.widgets.row_table import RowTable, RowTableData

_PERCENT, _WORD, _TYPE_MOST = 5, 8, 12
declare(
    CommandGroup("Jobs", 0, "on {}", ("show_jobs",)),
    Command("new_job", "n", "new_job", "new", "Launch a new job from a form"),
    Command("cancel_job", "c", "cancel_job", "cancel", "Cancel the selected job (asks)"),
    Command("retry_job", "r", "retry_job", "retry", "Run a failed or cancelled job again"),
    Command("open_job", "enter", "open_job", "open", "Open the selected job: settings, progress, result"),
    Command("filter_jobs", "slash", "filter", "filter", "Filter the jobs: state:failed type:sync repo:x words"),
    Command("open_log", "l", "open_log", "log", "Show the selected job's whole log"),
    Command("start_demo", "d", "start_demo", "", "Leave, and open the demo on made-up data (while there are no jobs)"),
    Command("cleanup_jobs", "D", "cleanup_jobs", "", "Delete finished jobs older than 30 days (asks)"),
)


class JobTableData(RowTableData[JobRow]):
    """The data of the job table."""


def type_title(name: str, titles: Mapping[str, str]) -> str:
    """The title of a job type; for an unknown type, its name made readable."""
    return titles.get(name) or safe_line(name.replace("_", " ").capitalize())


def type_word(name: str, titles: Mapping[str, str]) -> str:
    """The first word of a job type's title: "Sync" for "Sync pull requests"."""
    title = type_title(name, titles)
    return title if cell_len(title) <= _WORD else title.split()[0]


class JobTable(RowTable[JobRow]):
    """Jobs, newest first; Enter opens one."""

    NAME = "Jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("open_job")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"job-table--{name}" for name in ("running", "done", "warning", "failed", "quiet", "track", "ended")
    }
    DEFAULT_CSS = """
    JobTable {
        & > .job-table--running { color: $primary; }
        & > .job-table--done { color: $success; }
        & > .job-table--warning { color: $warning; }
        & > .job-table--failed { color: $error; }
        & > .job-table--quiet { color: $foreground-muted; }
        & > .job-table--track { background: $panel; }
        & > .job-table--ended { color: $secondary-muted; }
    }
    """

    action_open_job = RowTable.action_open_row

    def __init__(self, type_titles: Mapping[str, str] | None = None, **options: Any) -> None:
        """`type_titles`: job type titles by name."""
        super().__init__(**options)
        self._titles = dict(type_titles or {})
        self._first_steps: Sequence[str] = ()

    @property
    def cursor_job_id(self) -> int | None:
        """The id of the job under the cursor."""
        return self.cursor_id

    def set_type_titles(self, titles: Mapping[str, str]) -> None:
        """Set the job type titles by name, once the catalogue is loaded."""
        self._titles = dict(titles)
        self._heading_for = None
        self.refresh()

    @override
    def empty(self) -> Sequence[str]:
        """How to start the first job, and what is missing for it."""
        start = f"Press {key_of(self, 'new_job')} to start a sync"
        if not self._first_steps:
            return ("No jobs yet.", f"{start}.")
        demo = f"{key_of(self, 'start_demo')} for the demo on made-up data"
        return (f"No jobs yet. {start}, or {demo}.", *self._first_steps)

    def set_first_steps(self, lines: Sequence[str]) -> None:
        """Show these lines while there are no jobs, and offer the demo."""
        self._first_steps = lines
        self.refresh()

    @override
    def columns(self) -> Sequence[Column[JobRow]]:
        """On narrow lines the bar shrinks, Took is hidden, When shrinks and is hidden, then Type is hidden."""
        return (
            Column("#", (20,), self._number, right=True),
            Column("Type", (*[_TYPE_MOST] * 10, 0), lambda row, _: [(type_word(row.type, self._titles), Style())]),
            Column("What", (88, 64, 48, 34, 30, 28, 26, 24, 20, 20, 16, 0), self._what, stretch=True),
            Column("Status", (STATUS_WIDTH,), self._status),
            Column("Progress", (45, 33, 29, 25, 19, 15, 15, 13, 11, 11, 9, 8), self._progress),
            Column("Took", (*[TOOK_WIDTH] * 6, 0), lambda row, _: [(_took(row, self._now), Style())], right=True),
            Column("When", (*[WHEN_WIDTH] * 7, AGE_WIDTH, AGE_WIDTH, 0), self._when),
        )

    @override
    def needs(self, data: RowTableData[JobRow]) -> Mapping[str, int]:
        """Cells for the longest id and the longest type."""
        number = len(str(max(data.ids[0], data.ids[-1]))) if data.ids else 0
        type_words = (cell_len(type_word(name, self._titles)) for name in self._titles)
        return {"#": max(number, 2), "Type": max(len("Type"), *type_words, 0)}

    def _number(self, row: JobRow, _width: int) -> list[Part]:
        return [(str(row.id), foreground_style(self, "row-table--muted"))]

    def _what(self, row: JobRow, width: int) -> list[Part]:
        """The job's title, followed, if there is room, by why it waits or failed."""
        title = shorten(safe_line(row.title) or "—", width)
        reason = row.error if row.status is Status.FAILED else row.waiting_for if row.status is Status.PENDING else None
        if not reason or width - cell_len(title) - 2 < 12:
            return [(title, Style())]
        return [(title + "  ", Style()), (safe_line(reason), foreground_style(self, "row-table--muted"))]

    def _status(self, row: JobRow, _width: int) -> list[Part]:
        look = status_look(row)
        return [(str(look), foreground_style(self, f"job-table--{look.tone}"))]

    def _progress(self, row: JobRow, width: int) -> list[Part]:
        """A strong bar for running jobs, a thin line for ended ones, nothing for jobs that never ran."""
        completed, running = row.status is Status.COMPLETED, row.status is Status.RUNNING
        fraction = 1.0 if completed else min(row.progress / 100, 0.999)
        figure = fit("" if completed or not (fraction or running) else percent(fraction), _PERCENT, right=True)
        if running:
            style = foreground_style(self, "job-table--running") + self.get_component_rich_style(
                "job-table--track", partial=True
            )
            return [(bar(fraction, width - _PERCENT), style), (figure, Style())]
        return [
            (bar(fraction, width - _PERCENT, thin=True), foreground_style(self, "job-table--ended")),
            (figure, foreground_style(self, "row-table--muted")),
        ]

    def _when(self, row: JobRow, width: int) -> list[Part]:
        return [(_when(row, self._now, width), foreground_style(self, "row-table--muted"))]

    @override
    def dated(self, row: JobRow, now: datetime | None) -> object:
        """The duration and the date."""
        return _took(row, now), _when(row, now, self._widths.get("When", 0))

    @override
    def absent_parts(self, row_id: int) -> list[Part]:
        """The id, known before the row is loaded."""
        number = fit(str(row_id), self._widths["#"], right=True)
        return [(number + " " * GAP + "…", foreground_style(self, "row-table--absent"))]


def _took(row: JobRow, now: datetime | None) -> str:
    end = row.completed_at or (now if row.status is Status.RUNNING else None)
    if row.started_at is None or end is None:
        return ""
    return took((end - row.started_at).total_seconds())


def _when(row: JobRow, now: datetime | None, width: int) -> str:
    text = when if width == WHEN_WIDTH else age
    if now is None or row.status is Status.RUNNING:
        return "now"
    if row.status is Status.PENDING:
        return text(max(row.run_at, row.created_at), now)
    return text(row.completed_at or row.created_at, now)
