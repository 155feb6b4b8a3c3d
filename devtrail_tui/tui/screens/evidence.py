"""The evidence screen: a list of entries, newest merge first."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from typing_extensions import override

from devtrail_tui.core import evidence_filter
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.links import open_link
from devtrail_tui.tui.live_screen import LiveScreen
from devtrail_tui.tui.screens.evidence_reading import EvidenceData, EvidenceReading
from devtrail_tui.tui.screens.find_bar import FindBar
from devtrail_tui.tui.widgets.evidence_table import EvidenceTable
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.key_bar import KeyBar
from devtrail_tui.tui.widgets.row_table import EDGE


class EvidenceScreen(LiveScreen[EvidenceData]):
    """The list of entries."""

    DATA = EvidenceData
    AUTO_FOCUS = "#entries"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("filter_evidence", "open_link", "export_evidence"),
        *bindings("back", hidden=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.reading = EvidenceReading()

    @override
    def compose(self) -> ComposeResult:
        """Header, filter, list, key bar."""
        yield HeaderBar(demo=self.services.demo)
        yield FindBar("Filter", "repo:shop role:reviewer state:failed criterion:debugging words", id="filter-bar")
        yield EvidenceTable(id="entries")
        yield KeyBar()

    @override
    def show(self, data: EvidenceData) -> None:
        """Draw the current list."""
        table = self.query_one(EvidenceTable)
        if table.jobs_run != (data.running > 0):
            table.jobs_run = data.running > 0
            table.refresh()
        table.update(data.table, self.services.clock.now())

    @on(EvidenceTable.Highlighted)
    def _highlighted(self) -> None:
        self.refresh_bindings()

    @on(EvidenceTable.WindowRequest)
    def _rows_wanted(self, event: EvidenceTable.WindowRequest) -> None:
        self.want(rows=(event.first, event.last))

    @on(EvidenceTable.RowOpened)
    async def _opened(self, event: EvidenceTable.RowOpened) -> None:
        from devtrail_tui.tui.screens.entry import EntryScreen

        self.want(chosen=event.row_id)
        await self.app.push_screen(EntryScreen(event.row_id), self._entry_closed)

    def _entry_closed(self, _result: None) -> None:
        self.want(chosen=None)

    def action_open_link(self) -> None:
        """Open the selected entry's pull request in the browser."""
        row_id = self.query_one(EvidenceTable).cursor_id
        entry = None if self.data is None or row_id is None else self.data.table.rows.get(row_id)
        if entry is None:
            self.say("No entry is selected.")
        else:
            open_link(self, safe_line(entry.pr_url or ""))

    async def action_export(self) -> None:
        """Write the entries of the list to a file."""
        if self.devtrail.feed is None:
            self.say("The database is not open yet.")
            return
        from devtrail_tui.tui.screens.export import ExportScreen

        today = self.services.clock.now().astimezone().date()
        await self.app.push_screen(ExportScreen(self.devtrail.reading.request.text, today))

    async def action_filter(self) -> None:
        """Open the filter bar."""
        await self.query_one(FindBar).open()

    @on(FindBar.Changed)
    def _filter_changed(self, event: FindBar.Changed) -> None:
        parsed = evidence_filter.parse(event.text)
        event.bar.complain(" ".join(parsed.problems) or parsed.hint)
        if parsed.problems:
            return  # the list stays as it was
        self.want(text=event.text.strip(), rows=(0, EDGE))

    @on(FindBar.Left)
    def _filter_left(self) -> None:
        self.query_one(EvidenceTable).focus()

    async def action_back(self) -> None:
        """Esc clears the filter, then returns to the jobs."""
        if self.query_one(FindBar).text:
            self.query_one(FindBar).clear()
        else:
            await self.devtrail.action_show_mode("jobs")
