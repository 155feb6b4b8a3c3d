"""A job's log on the whole screen: follow, wrap, times, find, copy."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from typing_extensions import override

from devtrail_tui.actions.logs import find_in_log
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count_of, status_look
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.live_screen import LiveScreen, Notice
from devtrail_tui.tui.screens.find_bar import FindBar
from devtrail_tui.tui.screens.jobs_reading import JobsData
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.key_bar import KeyBar
from devtrail_tui.tui.widgets.log_pane import LogPane

_WIDE = 100
"""Below this width lines are wrapped by default, from it on cut."""


class SearchResult(Message):
    """The result of a search in the log; `seq` None: not found."""

    def __init__(self, term: str, seq: int | None) -> None:
        super().__init__()
        self.term = term
        self.seq = seq


class LogScreen(LiveScreen[JobsData]):
    """The log of the job selected on the dashboard."""

    DATA = JobsData
    AUTO_FOCUS = "#log"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back")]

    @override
    def compose(self) -> ComposeResult:
        """Header, find bar, log, key bar."""
        yield HeaderBar(demo=self.services.demo)
        yield FindBar("Find", "text in the log", id="find-bar")
        yield LogPane(id="log", classes="whole")
        yield KeyBar()

    def on_mount(self) -> None:
        """Wrap lines on a narrow terminal."""
        if self.app.size.width < _WIDE:
            self.query_one(LogPane).action_wrap()

    @override
    def show(self, data: JobsData) -> None:
        """Redraw log and caption."""
        if self.is_outdated(data):
            return
        pane, job = self.query_one(LogPane), data.job
        pane.update(data.log)
        if job is not None:
            look = status_look(job)
            pane.set_caption(f"Log of {job.id} · {safe_line(job.title, limit=60)} · {look}")

    @on(LogPane.WindowRequest)
    def _lines_wanted(self, event: LogPane.WindowRequest) -> None:
        self.want(log=None if event.pane.following else (event.first, event.last))

    @on(LogPane.FollowChanged)
    def _follow_changed(self, event: LogPane.FollowChanged) -> None:
        if event.following:
            self.want(log=None)

    @on(LogPane.FindOpened)
    async def _find_opened(self) -> None:
        await self.query_one(FindBar).open()

    @on(FindBar.Changed)
    def _find_changed(self, event: FindBar.Changed) -> None:
        pane = self.query_one(LogPane)
        if event.text.strip():
            self._find(event.text, max(pane.cursor_seq - 1, 0), backwards=False)
        else:
            pane.show_find("", None)

    @on(FindBar.Left)
    def _find_left(self) -> None:
        self.query_one(LogPane).focus()

    @on(LogPane.FindRequest)
    def _find_wanted(self, event: LogPane.FindRequest) -> None:
        self._find(event.term, event.after_seq, backwards=event.backwards)

    def _find(self, term: str, after_seq: int, *, backwards: bool) -> None:
        if self.data is None or self.data.job is None:
            return
        services, app, job_id = self.services, self.app, self.data.job.id

        def run() -> None:
            try:
                seq = find_in_log(services, job_id, term, after_seq=after_seq, backwards=backwards)
            except DevTrailError as error:
                app.post_message(Notice(str(error), failed=True))
            else:
                self.post_message(SearchResult(term, seq))

        app.run_worker(run, thread=True, group="find")

    def on_search_result(self, message: SearchResult) -> None:
        """Go to the line, or show that the text was not found."""
        if self.query_one(FindBar).text == message.term:
            self.query_one(LogPane).show_find(message.term, message.seq)

    @on(LogPane.CopyRequest)
    def _yanked(self, event: LogPane.CopyRequest) -> None:
        self.app.copy_to_clipboard(event.text)
        self.say(f"{count_of(event.lines, 'line')} sent to the terminal's clipboard.")

    async def action_back(self) -> None:
        """Close the search first, then return to the jobs."""
        bar = self.query_one(FindBar)
        if bar.text:
            bar.clear()
            return
        self.want(log=None)
        self.dismiss(None)
