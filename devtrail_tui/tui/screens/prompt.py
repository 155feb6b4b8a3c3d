"""The complete Claude request for one pull request, for review before anything is sent."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from typing_extensions import override

from devtrail_tui.tui.keymap import bindings, key_of
from devtrail_tui.tui.widgets.scrolling import TextScroll


class PromptScreen(ModalScreen[None]):
    """Read-only; Esc returns to the form."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "close_dialog")]
    CSS = """
    PromptScreen {
        align: center middle;
        #prompt-box {
            width: 100%;
            max-width: 110;
            height: 100%;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            background: $surface;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        Static { height: auto; }
    }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    @override
    def compose(self) -> ComposeResult:
        """The text, scrolled by keys and mouse."""
        with TextScroll(id="prompt-box") as box:
            box.border_title = "What is sent to Claude"
            down, up, back = (key_of(self, command_id) for command_id in ("move_down", "move_up", "back"))
            box.border_subtitle = Content(f"{down} {up} scroll · {back} back")
            yield Static(Content(self._text), id="prompt-text")

    def action_back(self) -> None:
        """Close."""
        self.dismiss()
