"""A yes/no question."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static
from typing_extensions import override

from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.tui.keymap import bindings, key_of


class ConfirmScreen(ModalScreen[bool]):
    """`y` is yes; `n` and Esc are no. Enter presses the focused button, initially No, so that a repeated Enter does no harm."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("answer_yes", "answer_no", "previous_answer", "next_answer", "close_dialog", "back"),
    ]
    CSS = """
    ConfirmScreen {
        align: center middle;
        #question-box {
            width: auto;
            min-width: 40;
            max-width: 76;
            height: auto;
            max-height: 90%;
            padding: 1 2 0 2;
            border: round $border;
            background: $surface;
        }
        #question { width: auto; max-width: 70; height: auto; }
        #answers { height: 3; width: 100%; align-horizontal: center; margin-top: 1; }
        Button { min-width: 12; margin: 0 1; }
    }
    """

    def __init__(self, question: str, *, yes: str = "Yes", no: str = "No") -> None:
        super().__init__()
        self._question = question
        self._yes = yes
        self._no = no

    @override
    def compose(self) -> ComposeResult:
        """The question above its two answers."""
        with Vertical(id="question-box"):
            yield Static(Content(safe(self._question)), id="question")
            with Horizontal(id="answers"):
                yield Button(Content(safe_line(f"{key_of(self, 'answer_yes')}  {self._yes}")), id="yes")
                yield Button(Content(safe_line(f"{key_of(self, 'answer_no')}  {self._no}")), id="no")

    def on_mount(self) -> None:
        """Focus No."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Answer by mouse or Enter."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:  # noqa: FBT001 - Textual passes it by position
        self.dismiss(yes)

    def action_back(self) -> None:
        self.dismiss(False)

    def action_focus_answer(self, steps: int) -> None:
        if steps < 0:
            self.focus_previous()
        else:
            self.focus_next()
