"""The table of evidence; it draws only the lines in view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType
from typing_extensions import override

from devtrail_tui.core.evidence import AnalysisState, EvidenceEntry, Role
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import Command, CommandGroup, bindings, declare, key_of
from devtrail_tui.tui.widgets.cells import Part, foreground_style, shorten
from devtrail_tui.tui.widgets.columns import Column
from devtrail_tui.tui.widgets.row_table import RowTable, RowTableData

_NAME_MOST, _SHORT_NAME = 24, 14
_BY_WEIGHT = (Role.AUTHOR, Role.REVIEWER, Role.COMMENTER)

declare(
    CommandGroup("Evidence", 3, "on {}", ("show_evidence",)),
    Command("open_entry", "enter", "open_entry", "open", "Open the selected entry: matches, quotes, figures"),
    Command("filter_evidence", "slash", "filter", "filter", "Filter the evidence by words"),
    Command("open_link", "o", "open_link", "browser", "Open the pull request in the browser"),
    Command("copy_entry", "y", "copy", "copy", "Copy the link or a quote of the open entry"),
    Command("export_evidence", "X", "export", "export", "Write the evidence to a file: summary, links, quotes"),
)


class EvidenceTableData(RowTableData[EvidenceEntry]):
    """The data of the evidence table."""


class EvidenceTable(RowTable[EvidenceEntry]):
    """Entries, newest merge first; Enter opens one."""

    NAME = "Evidence"
    FILTER = "filter_evidence"
    OPEN = "open_entry"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("open_entry")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "evidence-table--matched",
        "evidence-table--failed",
    }
    DEFAULT_CSS = """
    EvidenceTable {
        & > .evidence-table--matched { color: $success; }
        & > .evidence-table--failed { color: $error; }
    }
    """

    jobs_run = False
    """Whether a job is running, which may bring entries."""
    action_open_entry = RowTable.action_open_row

    @override
    def empty(self) -> Sequence[str]:
        """How to get evidence."""
        back = key_of(self, "show_jobs")
        if self.jobs_run:
            return ("No evidence yet.", f"A job is running; what it stores appears here. Watch it: {back}.")
        keys = f"press {back}, then {key_of(self, 'new_job')}"
        return ("No evidence yet.", f"To start a sync, {keys}.")

    @override
    def columns(self) -> Sequence[Column[EvidenceEntry]]:
        """On narrow lines roles and components shrink, then components, roles, owners and the day are hidden."""
        return (
            Column("Merged", (*[10] * 5, 0), lambda row, _: self._muted(_day(row))),
            Column(
                "Pull request",
                (*[_NAME_MOST] * 4, _SHORT_NAME),
                lambda row, width: self._muted(name_of(row, width)),
            ),
            Column("Title", (44, 40, 30, 30, 24, 0), lambda row, _: [(safe_line(row.title), Style())], stretch=True),
            Column("You", (20, 11, 11, 11, 0), lambda row, width: self._muted(_roles(row, width))),
            Column("Components", (26, 26, 16, 0), lambda row, _: self._muted(safe_line(", ".join(row.components)))),
            Column("Matches", (17,), self._matches),
        )

    @override
    def needs(self, data: RowTableData[EvidenceEntry]) -> Mapping[str, int]:
        """The name column is as wide as the names in the loaded rows."""
        names = (cell_len(name_of(entry, _NAME_MOST)) for entry in data.rows.values())
        return {"Pull request": max(names, default=12)}

    def _muted(self, text: str) -> list[Part]:
        return [(text, foreground_style(self, "row-table--muted"))]

    def _matches(self, row: EvidenceEntry, _width: int) -> list[Part]:
        """The number of matched criteria and the best confidence."""
        if row.analysis_state is AnalysisState.NOT_ANALYSED:
            return self._muted("○ not analysed")
        if row.analysis_state is AnalysisState.FAILED:
            return [("✗ failed", foreground_style(self, "evidence-table--failed"))]
        if not row.matches:
            return self._muted("– no match")
        strongest = max(match.confidence for match in row.matches)
        sign = "~" if row.outdated else "✓"  # judged before the latest change
        return [
            (
                f"{sign} {len(row.matches)}, best {strongest * 100:.0f}",
                foreground_style(self, "evidence-table--matched"),
            )
        ]


def _day(entry: EvidenceEntry) -> str:
    return f"{entry.merged_at.astimezone():%Y-%m-%d}" if entry.merged_at else ""


def _roles(entry: EvidenceEntry, width: int) -> str:
    """All roles, or the most significant one and the number of others."""
    text = ", ".join(entry.roles)
    if cell_len(text) <= width:
        return text
    return f"{min(entry.roles, key=_BY_WEIGHT.index)} +{len(entry.roles) - 1}"


def name_of(entry: EvidenceEntry, room: int) -> str:
    """`acme/shop#123` in at most `room` cells; the owner is cut first, the number never."""
    number = f"#{entry.pr_number}" if entry.pr_number else ""
    repository = safe_line(entry.repository or "")
    room -= cell_len(number)
    if cell_len(repository) > room and "/" in repository:
        repository = repository.split("/", 1)[1]
    return shorten(repository, room) + number
