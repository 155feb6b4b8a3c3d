"""The list of evidence, drawn like the table of jobs: only the lines in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType

from devtrail_tui.core.evidence import AnalysisState, EvidenceEntry, Role
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import Command, Place, bindings, declare, key_of
from devtrail_tui.tui.widgets.cells import Part, fit, ink, shorten, width_of
from devtrail_tui.tui.widgets.row_table import EDGE, GAP, MARK, RowTable, RowTableData

_DAY, _ROLES, _MATCHES = 10, 20, 15
_SHORT_ROLES = 11
_NAME_MOST, _SHORT_NAME = 24, 14
_WEIGHT = (Role.AUTHOR, Role.REVIEWER, Role.COMMENTER)
_STEPS = (
    # cells for the day, the pull request, the roles, the components; taken when so many are left for the title
    (_DAY, _NAME_MOST, _ROLES, 26, 44),
    (_DAY, _NAME_MOST, _SHORT_ROLES, 26, 40),
    (_DAY, _NAME_MOST, _SHORT_ROLES, 16, 30),
    (_DAY, _NAME_MOST, _SHORT_ROLES, 0, 30),
    (_DAY, _SHORT_NAME, 0, 0, 24),
    (0, _SHORT_NAME, 0, 0, 0),
)

declare(
    Place("Evidence", 3, "on {}", ("show_evidence",)),
    Command("open_entry", "enter", "open_entry", "open", "Open the chosen entry: matches, quotes, figures"),
    Command("filter_evidence", "slash", "filter", "filter", "Filter the evidence by words"),
    Command("open_link", "o", "open_link", "browser", "Open the pull request in the browser"),
)


class EvidenceTableData(RowTableData[EvidenceEntry]):
    """What the list of evidence shows."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths in cells; 0 means that the column is left out."""

    day: int
    name: int
    title: int
    roles: int
    components: int
    matches: int


def columns_for(width: int, name: int) -> _Columns:
    """Share out a line of `width` cells; `name` is what the longest owner/repo#number needs. As it narrows roles and components
    get less, components go, then roles and the owners' names, then the day."""
    for day, most, roles, components, least in _STEPS:
        others = (day, min(name, most), roles, components, _MATCHES)
        title = width - MARK - EDGE - GAP - sum(each + GAP for each in others if each)
        if title >= least:
            break
    return _Columns(day, min(name, most), max(title, 0), roles, components, _MATCHES)


class EvidenceTable(RowTable[EvidenceEntry]):
    """Entries, newest merge first; Enter opens one."""

    NAME = "Evidence"
    FILTER = "filter_evidence"
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

    class Highlighted(RowTable.Highlighted):
        """The cursor stands on another entry."""

    class Opened(RowTable.Opened):
        """The person asked to see this entry whole."""

    class WindowWanted(RowTable.WindowWanted):
        """Entries are missing near the lines in view."""

    _columns = columns_for(80, 16)

    def action_open_entry(self) -> None:
        self.action_open_row()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """`open_entry` stands in the key bar only while there is something to open."""
        return action != "open_entry" or self.cursor_id is not None

    def empty(self) -> Sequence[str]:
        """Where it comes from."""
        keys = f"press {key_of(self, 'show_jobs')}, then {key_of(self, 'new_job')}"
        return ("No evidence yet.", f"A sync brings it: {keys}.")

    def heading(self, data: RowTableData[EvidenceEntry], width: int) -> list[Part]:
        """Share out the columns and name them; names are as wide as those that were read need."""
        longest = max((width_of(name_of(each, _NAME_MOST)) for each in data.rows.values()), default=12)
        self._columns = columns = columns_for(width, longest)
        names = [
            fit("Merged", columns.day),
            fit("Pull request", columns.name),
            fit("Title", columns.title),
            fit("You", columns.roles),
            fit("Components", columns.components),
            fit("Matches", columns.matches),
        ]
        return [((" " * GAP).join(name for name in names if name), ink(self, "row-table--heading"))]

    def row_parts(self, row: EvidenceEntry) -> list[Part]:
        """One entry."""
        columns, plain, muted = self._columns, Style(), ink(self, "row-table--muted")
        cells: list[Part] = []
        if columns.day:
            day = f"{row.merged_at.astimezone():%Y-%m-%d}" if row.merged_at else ""
            cells.append((fit(day, columns.day), muted))
        cells.append((fit(name_of(row, columns.name), columns.name), muted))
        cells.append((fit(safe_line(row.title), columns.title), plain))
        if columns.roles:
            cells.append((fit(self._roles(row), columns.roles), muted))
        if columns.components:
            cells.append((fit(safe_line(", ".join(row.components)), columns.components), muted))
        text, tone = matches_of(row)
        cells.append((fit(text, columns.matches), ink(self, tone)))
        return [part for cell in cells for part in (cell, (" " * GAP, plain))]

    def _roles(self, row: EvidenceEntry) -> str:
        """All roles, or the first that says most and how many more."""
        words = ", ".join(row.roles)
        if width_of(words) <= self._columns.roles:
            return words
        first = min(row.roles, key=_WEIGHT.index)
        return f"{first} +{len(row.roles) - 1}"


def name_of(entry: EvidenceEntry, room: int) -> str:
    """`acme/shop#123` in at most `room` cells; where that is too long the owner goes first, the number never."""
    number = f"#{entry.pr_number}" if entry.pr_number else ""
    repository = safe_line(entry.repository or "")
    room -= width_of(number)
    if width_of(repository) > room and "/" in repository:
        repository = repository.split("/", 1)[1]
    return shorten(repository, room) + number


def matches_of(entry: EvidenceEntry) -> tuple[str, str]:
    """How many criteria it speaks for and how strongly, and the component class of its ink."""
    if entry.analysis_state is AnalysisState.NOT_ANALYSED:
        return "○ not analysed", "row-table--muted"
    if entry.analysis_state is AnalysisState.FAILED:
        return "✗ failed", "evidence-table--failed"
    if not entry.matches:
        return "– no match", "row-table--muted"
    strongest = max(each.confidence for each in entry.matches)
    sign = "~" if entry.outdated else "✓"  # judged before the latest change
    return f"{sign} {len(entry.matches)}, best {strongest * 100:.0f}", "evidence-table--matched"
