"""Writes the evidence, as filtered in the list, to a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from typing_extensions import override

from devtrail_tui.actions.documents import DocumentExists, write_document
from devtrail_tui.actions.evidence import MIN_CONFIDENCE, export_evidence, format_of
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.tui.keymap import bindings, key_of

if TYPE_CHECKING:
    from devtrail_tui.tui.live_screen import LiveApp


class _Ended(Message):
    """The export has ended: `sentence` says how; `exists`: nothing was written, because the file exists."""

    def __init__(self, sentence: str, *, written: bool = False, exists: bool = False) -> None:
        super().__init__()
        self.sentence = sentence
        self.written = written
        self.exists = exists


class ExportScreen(ModalScreen[None]):
    """A file name and the least confidence; Enter writes. An existing file is replaced only after a question."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", hidden=True)]
    CSS = """
    ExportScreen {
        align: center middle;
        #export-box {
            width: 86;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 0 1;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            background: $surface;
        }
        .line { height: 1; }
        .label { width: 22; color: $foreground-muted; }
        Input { width: 1fr; background: $panel; padding: 0 1; }
        Input:focus { background: $block-cursor-background; background-tint: transparent; }
        Static { height: auto; color: $foreground-muted; }
        #export-trouble { color: $error; }
    }
    """

    def __init__(self, query: str, today: date) -> None:
        """`query`: the filter of the list."""
        super().__init__()
        self._query = query
        self._name = f"evidence-{today}.md"
        self._replace = False

    @override
    def compose(self) -> ComposeResult:
        """Two fields, what they mean, and the error line."""
        with Vertical(id="export-box") as box:
            box.border_title = "Write the evidence to a file"
            box.border_subtitle = Content(f"tab next · enter write · {key_of(self, 'back')} back")
            with Horizontal(classes="line"):
                yield Static("File", classes="label")
                yield Input(self._name, id="export-file", compact=True, select_on_focus=False)
            with Horizontal(classes="line"):
                yield Static("Least confidence (%)", classes="label")
                yield Input(str(MIN_CONFIDENCE), id="export-least", compact=True, type="integer")
            chosen = f"The entries that match “{safe_line(self._query, limit=80)}”." if self._query else "All entries."
            yield Static(
                Content(
                    f"{chosen} A name that ends in .md, .json or .csv chooses the format. "
                    f"The folder is {safe_line(str(Path.cwd()), limit=200)}."
                )
            )
            yield Static("", id="export-trouble")

    @on(Input.Submitted)
    def _write(self) -> None:
        """Check, then write in a thread."""
        name, least = self.query_one("#export-file", Input).value.strip(), self.query_one("#export-least", Input).value
        if not name:
            self._complain("Type a file name.")
        elif not least.isdecimal() or int(least) > 100:
            self._complain("The least confidence is a whole number from 0 to 100.")
        else:
            self.app.run_worker(self._writer(name, int(least)), thread=True, group="export")

    def _writer(self, name: str, least: int) -> Callable[[], None]:
        services, query, replace = cast("LiveApp", self.app).services, self._query, self._replace

        def run() -> None:
            try:
                exported = export_evidence(services, format_of(name) or "md", query, min_confidence=least)
                path = write_document(exported.text, name, replace=replace)
            except DocumentExists as error:
                self.post_message(_Ended(str(error), exists=True))
            except DevTrailError as error:
                self.post_message(_Ended(str(error)))
            else:
                sentence = f"{exported.sentence(str(path))} {exported.notice(least)}".strip()
                self.post_message(_Ended(sentence, written=True))

        return run

    def on__ended(self, message: _Ended) -> None:
        """Close after a success; ask whether an existing file may be replaced."""
        if message.written:
            self.app.notify(message.sentence, timeout=10, markup=False)
            self.dismiss(None)
        elif message.exists:
            from devtrail_tui.tui.screens.confirm import ConfirmScreen

            question = f"{message.sentence} Replace it?"
            self.app.push_screen(ConfirmScreen(question, yes="Replace", no="Keep"), self._replace_answered)
        else:
            self._complain(message.sentence)

    def _replace_answered(self, yes: bool | None) -> None:  # noqa: FBT001 - called by Textual
        if yes:
            self._replace = True
            self._write()
            self._replace = False

    def _complain(self, sentence: str) -> None:
        self.query_one("#export-trouble", Static).update(Content(f"✗ {safe(sentence)}"))

    def action_back(self) -> None:
        """Close without a file."""
        self.dismiss(None)
