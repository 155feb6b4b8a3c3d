"""The screen shown when the database could not be opened."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from typing_extensions import override

from devtrail_tui.core.text import safe
from devtrail_tui.tui.keymap import bindings, key_of


class TroubleScreen(Screen[None]):
    """The error and its remedy; quitting is the only action."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back")]
    CSS = """
    TroubleScreen {
        align: center middle;
        #trouble {
            width: 72;
            max-width: 90%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            border: round $error;
            border-title-color: $error;
            overflow-y: auto;
        }
        Static { height: auto; }
        #way-out { margin-top: 1; color: $foreground-muted; }
    }
    """

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self._sentence = sentence

    @override
    def compose(self) -> ComposeResult:
        """The sentence and how to quit."""
        with Vertical(id="trouble") as box:
            box.border_title = "DevTrail cannot start"
            yield Static(Content(safe(self._sentence)))
            yield Static(Content(f"Press {key_of(self, 'quit')} to quit."), id="way-out")

    async def action_back(self) -> None:
        """Does nothing: there is no screen below."""
        await self.app.action_quit()
