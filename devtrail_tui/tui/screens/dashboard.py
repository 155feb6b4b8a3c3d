"""The jobs screen: live table, progress and log of the selected job."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.timer import Timer
from typing_extensions import override

from devtrail_tui.actions.jobs import CLEANUP_AGE, cancel_job, cleanup_jobs, retry_job
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.live_screen import LiveScreen
from devtrail_tui.tui.screens.find_bar import FindBar
from devtrail_tui.tui.screens.jobs_reading import JobsData, JobsReading
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.job_table import JobTable
from devtrail_tui.tui.widgets.key_bar import KeyBar
from devtrail_tui.tui.widgets.log_pane import LogPane
from devtrail_tui.tui.widgets.progress_panel import ProgressPanel
from devtrail_tui.tui.widgets.row_table import EDGE

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job import Job
    from devtrail_tui.core.job_row import JobRow

REST_S = 0.08
"""How long the cursor must rest on a job before its progress and log are read."""


class DashboardScreen(LiveScreen[JobsData]):
    """The selected job is the one under the table's cursor."""

    DATA = JobsData

    AUTO_FOCUS = "#jobs"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("new_job", "cancel_job", "retry_job", "filter_jobs", "open_log", "follow_log", "wrap_log"),
        *bindings("cleanup_jobs", "start_demo", "back", hidden=True),
    ]

    _launched: int | None = None
    _missing_asked = False
    _resting: Timer | None = None

    def __init__(self) -> None:
        super().__init__()
        self.reading = JobsReading()

    @override
    def compose(self) -> ComposeResult:
        """Header, table above the two panes, key bar."""
        yield HeaderBar(demo=self.services.demo)
        yield FindBar("Filter", "state:failed type:sync repo:shop words", id="filter-bar")
        with Container(id="panes"):
            yield JobTable(id="jobs")
            yield ProgressPanel(id="progress")
            yield LogPane(id="log")
        yield KeyBar()

    def on_mount(self) -> None:
        """Wrap log lines: the pane beside the bars is narrow."""
        self.query_one(LogPane).action_wrap()

    # -- data

    @override
    def opened(self) -> None:
        """Set the job types' titles."""
        titles = {name: job_type.title for name, job_type in self.services.catalogue.items()}
        self.query_one(JobTable).set_type_titles(titles)
        self.query_one(ProgressPanel).set_type_titles(titles)

    def _read_missing(self) -> None:
        """Only for a database without jobs: it asks the keyring, which may take a while and ask the person."""
        from devtrail_tui.actions.secrets import missing_secrets

        self.app.call_later(self.query_one(JobTable).set_first_steps, missing_secrets(self.services))

    def action_start_demo(self) -> None:
        """Leave for the demo; only while there are no jobs, so that the key does nothing by mistake later."""
        if self.data is not None and not self.data.table.total and not self.services.demo:
            self.devtrail.start_demo()

    @override
    def show(self, data: JobsData) -> None:
        """Update the table first: it may move the cursor, which changes the selected job."""
        now = self.services.clock.now()
        table = self.query_one(JobTable)
        table.update(data.table, now)
        if not data.table.total and not self._missing_asked and not self.services.demo:
            self._missing_asked = True
            self.app.run_worker(self._read_missing, thread=True, group="missing")
        if self._launched is not None and table.move_to(self._launched):
            self._launched = None
        if data.request.chosen == table.cursor_job_id:
            self.query_one(ProgressPanel).update(data.job, now)
            self.query_one(LogPane).update(data.log)

    @override
    def tick(self, now: datetime) -> None:
        """Redraw elapsed times and countdowns."""
        self.query_one(JobTable).tick(now)
        job = self.data.job if self.data is not None else None
        if job is not None and job.id == self.query_one(JobTable).cursor_job_id:
            self.query_one(ProgressPanel).update(job, now)

    def choose(self, job_id: int) -> None:
        """Move the cursor to a job once the table contains it."""
        if not self.query_one(JobTable).move_to(job_id):
            self._launched = job_id

    @on(JobTable.Highlighted)
    def _highlighted(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        if self.reading.request.chosen is None:
            self._want_chosen()
        else:
            self._resting = self.set_timer(REST_S, self._want_chosen)
        self.refresh_bindings()

    def _want_chosen(self) -> None:
        job_id = self.query_one(JobTable).cursor_job_id
        if self.reading.request.chosen != job_id:
            self.want(chosen=job_id, log=None)

    @on(JobTable.WindowRequest)
    def _rows_wanted(self, event: JobTable.WindowRequest) -> None:
        self.want(rows=(event.first, event.last))

    @on(LogPane.WindowRequest)
    def _lines_wanted(self, event: LogPane.WindowRequest) -> None:
        self.want(log=None if event.pane.following else (event.first, event.last))

    @on(LogPane.FollowChanged)
    def _follow_changed(self, event: LogPane.FollowChanged) -> None:
        if event.following:
            self.want(log=None)

    # -- actions on the selected job

    @property
    def chosen(self) -> JobRow | None:
        """The row under the cursor."""
        job_id = self.query_one(JobTable).cursor_job_id
        return None if self.data is None or job_id is None else self.data.table.rows.get(job_id)

    async def action_new_job(self) -> None:
        """Open the new-job form."""
        if self.devtrail.feed is None:
            self.say("The database is not open yet.")
            return
        from devtrail_tui.tui.screens.new_job import NewJobScreen

        def launched(job: Job | None) -> None:
            if job is not None:
                self.choose(job.id)

        await self.app.push_screen(NewJobScreen(), launched)

    def _say_why_none(self) -> None:
        job_id = self.query_one(JobTable).cursor_job_id
        self.say("No job is selected." if job_id is None else f"Job {job_id} is still being read; press the key again.")

    async def action_cancel_job(self) -> None:
        """Ask, then cancel at once."""
        row = self.chosen
        if row is None:
            self._say_why_none()
            return
        if row.status.finished:
            self.say(f"Job {row.id} has already ended ({row.status.lower()}); there is nothing to cancel.", failed=True)
            return
        from devtrail_tui.tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - called by Textual
            if yes:
                self.in_thread(partial(_cancel, job_id=row.id))

        title = safe_line(row.title, limit=50)
        question = f"Cancel job {row.id} · {title}?" if title else f"Cancel job {row.id}?"
        await self.app.push_screen(ConfirmScreen(question, yes="Cancel job", no="Keep running"), answered)

    def action_retry_job(self) -> None:
        """Retry a failed or cancelled job, or notify why it cannot be retried."""
        row = self.chosen
        if row is None:
            self._say_why_none()
            return
        self.in_thread(lambda services: retry_job(services, row.id).sentence)

    async def action_cleanup_jobs(self) -> None:
        """Ask, then delete old finished jobs."""
        if self.devtrail.feed is None:
            return
        from devtrail_tui.tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - called by Textual
            if yes:
                self.in_thread(lambda services: cleanup_jobs(services).sentence)

        question = (
            f"Delete all jobs that ended more than {CLEANUP_AGE.days} days ago, with their logs?\n\nEvidence stays."
        )
        await self.app.push_screen(ConfirmScreen(question, yes="Delete", no="Keep"), answered)

    @on(JobTable.RowOpened)
    async def action_open_job(self) -> None:
        """Open the selected job's screen."""
        if self.query_one(JobTable).cursor_job_id is not None:
            self._want_chosen()
            from devtrail_tui.tui.screens.job import JobScreen

            await self.app.push_screen(JobScreen())

    async def action_open_log(self) -> None:
        """Open the selected job's log screen."""
        if self.query_one(JobTable).cursor_job_id is not None:
            self._want_chosen()
            from devtrail_tui.tui.screens.log import LogScreen

            await self.app.push_screen(LogScreen())

    def action_follow(self) -> None:
        self.query_one(LogPane).action_follow()

    def action_wrap(self) -> None:
        self.query_one(LogPane).action_wrap()

    # -- filter

    async def action_filter(self) -> None:
        """Open the filter bar."""
        await self.query_one(FindBar).open()

    @on(FindBar.Changed)
    def _filter_changed(self, event: FindBar.Changed) -> None:
        from devtrail_tui.core import job_filter

        parsed = job_filter.parse(event.text)
        event.bar.complain(" ".join(parsed.problems) or parsed.hint)
        if parsed.problems:
            return  # the list stays as it was
        self.want(job_filter=parsed, filter_text=event.text.strip(), rows=(0, EDGE))

    @on(FindBar.Left)
    def _filter_left(self) -> None:
        self.query_one(JobTable).focus()

    def action_back(self) -> None:
        """Esc leaves the log, then clears the filter. It never cancels a job."""
        if not self.query_one(JobTable).has_focus:
            self.query_one(JobTable).focus()
        elif self.query_one(FindBar).text:
            self.query_one(FindBar).clear()


def _cancel(services: Services, job_id: int) -> str:
    outcome = cancel_job(services, job_id)
    return (
        outcome.sentence if outcome.details["status"] == Status.CANCELLED else ""
    )  # the table already shows "stopping"
