"""One evidence entry: matched criteria with explanations and quotes, text, and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from devtrail_tui.core.evidence import OUTDATED, AnalysisState, Criterion, EvidenceDetail, Match
from devtrail_tui.core.figures import phrases
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.core.wording import count
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.links import open_link
from devtrail_tui.tui.live_screen import LiveScreen
from devtrail_tui.tui.screens.evidence_reading import EvidenceData
from devtrail_tui.tui.widgets.cells import bar
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.key_bar import KeyBar
from devtrail_tui.tui.widgets.scrolling import TextScroll

Piece = Content | tuple[str, str] | str
_STRENGTH_CELLS = 12
_LONGEST_TEXT = 6_000
_MUTED = "$foreground-muted"


class EntryScreen(LiveScreen[EvidenceData]):
    """The entry opened in the list."""

    DATA = EvidenceData
    AUTO_FOCUS = "#entry-scroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "open_link", "copy_entry")]
    CSS = """
    EntryScreen {
        #entry-scroll {
            height: 1fr;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            padding: 0 2;
            scrollbar-size-vertical: 1;
        }
        #entry { height: auto; max-width: 110; }
    }
    """

    def __init__(self, evidence_id: int) -> None:
        super().__init__()
        self._evidence_id = evidence_id
        self._url = ""
        self._shown: EvidenceDetail | None = None

    @override
    def compose(self) -> ComposeResult:
        """Header, text, key bar."""
        yield HeaderBar(demo=self.services.demo)
        with TextScroll(id="entry-scroll"):
            yield Static("", id="entry")
        yield KeyBar()

    @override
    def show(self, data: EvidenceData) -> None:
        """Redraw the entry; a running sync may change it."""
        if data.detail is None or data.detail.entry.id != self._evidence_id or data.detail == self._shown:
            return
        self._shown, entry = data.detail, data.detail.entry
        self._url = safe_line(entry.pr_url or "")
        box = self.query_one("#entry-scroll")
        box.border_title = Content(safe_line(f"{entry.repository or ''} #{entry.pr_number or entry.id}"))
        self.query_one("#entry", Static).update(Content.assemble(*_pieces(data.detail, data.criteria)))

    def action_open_link(self) -> None:
        """Open the pull request in the browser."""
        open_link(self, self._url)

    async def action_copy(self) -> None:
        """Copy the link or one of the quotes; asks which if there are quotes."""
        if self._shown is None:
            return
        quotes = [safe(quote) for match in self._shown.entry.matches for quote in match.quotes]
        choices = [text for text in (self._url, *quotes) if text]
        if len(choices) <= 1:
            self._copy(self._url or None)
            return
        from devtrail_tui.tui.screens.copy_choice import CopyScreen

        await self.app.push_screen(CopyScreen(choices), self._copy)

    def _copy(self, text: str | None) -> None:
        if text is not None:
            self.app.copy_to_clipboard(text)
            self.say("Sent to the terminal's clipboard.")

    def action_back(self) -> None:
        self.dismiss(None)


def _pieces(detail: EvidenceDetail, criteria: Mapping[str, Criterion]) -> Iterator[Piece]:
    entry = detail.entry
    yield (safe_line(entry.title), "bold")
    merged = f"merged {entry.merged_at.astimezone():%Y-%m-%d}" if entry.merged_at else "not merged"
    roles = ", ".join(entry.roles)
    yield ("\n" + " · ".join(each for each in (merged, f"you: {roles}" if roles else "") if each), _MUTED)
    if entry.pr_url:
        yield ("\n" + safe_line(entry.pr_url), "$primary underline")
    yield "\n"
    yield from _figures(detail)
    yield from _matches(detail, criteria)
    yield from _heading("Description")
    text = safe(entry.description, limit=_LONGEST_TEXT).strip()
    yield Content(text) if text else ("No description.", _MUTED)
    yield from _files(detail)


def _heading(text: str) -> Iterator[Piece]:
    yield (f"\n\n{text}\n", "bold $primary")


def _figures(detail: EvidenceDetail) -> Iterator[Piece]:
    entry = detail.entry
    yield "\n" + " · ".join(phrases(entry.figures))
    if entry.components:
        yield ("\ncomponents  ", _MUTED)
        yield safe_line(", ".join(entry.components))


def _matches(detail: EvidenceDetail, criteria: Mapping[str, Criterion]) -> Iterator[Piece]:
    entry = detail.entry
    yield from _heading("Matches")
    if entry.analysis_state is AnalysisState.NOT_ANALYSED:
        yield ("○ Not analysed yet. ", "$warning")
        yield safe(entry.analysis_note) or "A sync with a Claude key analyses it."
    elif entry.analysis_state is AnalysisState.FAILED:
        yield ("✗ The analysis failed. ", "$error")
        yield safe(entry.analysis_note)
    elif not entry.matches:
        yield ("No criteria match. ", _MUTED)
        yield safe(entry.analysis_note)
    for index, each in enumerate(sorted(entry.matches, key=lambda match: -match.confidence)):
        yield "\n\n" if index else ""
        yield from _match(each, criteria.get(each.criterion_id))
    if detail.model:
        analysed = f" on {detail.analysed_at.astimezone():%Y-%m-%d}" if detail.analysed_at else ""
        yield (f"\n\njudged by {safe_line(detail.model)}{analysed}", _MUTED)
    if entry.outdated:
        yield (f"\n{OUTDATED.capitalize()}. {safe(entry.analysis_note)}", "$warning")


def _match(match: Match, criterion: Criterion | None) -> Iterator[Piece]:
    yield (bar(match.confidence, _STRENGTH_CELLS, thin=True), "$success")
    yield (f" {match.confidence * 100:3.0f}  ", "bold")
    name = f"{criterion.area_of_concentration} · {criterion.subarea}" if criterion else match.criterion_id
    yield (safe_line(name), "bold")
    yield (f"  {safe_line(match.criterion_id)}" if criterion else "", _MUTED)
    if criterion is not None:
        yield (f"\n{safe_line(criterion.description)}", _MUTED)
    yield f"\n{safe(match.explanation).strip()}"
    for quote, source in match.attributed_quotes():
        yield (f"\n  “{safe_line(quote)}”", "italic")
        yield (f" — {safe_line(source)}" if source else "", _MUTED)


def _files(detail: EvidenceDetail) -> Iterator[Piece]:
    stored = detail.content.get("files")
    files = [file for file in stored if isinstance(file, dict)] if isinstance(stored, list) else []
    if not files:
        return
    yield from _heading(f"Files ({count(len(files))})")
    for file in files[:40]:
        added, deleted = f"+{file.get('additions', 0)}", f"−{file.get('deletions', 0)}"
        yield (f"{added:>7} {deleted:>7}  ", _MUTED)
        yield f"{safe_line(str(file.get('path', '')))}\n"
    if len(files) > 40:
        yield (f"and {count(len(files) - 40)} more", _MUTED)
