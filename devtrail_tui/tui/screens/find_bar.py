"""A one-line input for a filter or a search, visible only while in use."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from devtrail_tui.tui.keymap import bindings

SETTLE_S = 0.12
"""How long typing must pause before the text is applied."""


class FindBar(Vertical):
    """Enter keeps the text and returns to the list, Esc clears the text first. The bar stays while it has text.

    What was not understood stands whole in further lines."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "move_down", hidden=True)]
    DEFAULT_CSS = """
    FindBar {
        height: auto;
        display: none;
        background: $panel;
        padding: 0 1;
        &.-open { display: block; }
        Horizontal { height: 1; }
        .label { width: auto; color: $primary; text-style: bold; margin-right: 1; }
        Input { width: 1fr; background: $panel; border: none; height: 1; padding: 0; }
        .complaint { height: auto; color: $warning; display: none; &.-shown { display: block; } }
    }
    """

    class Changed(Message):
        """The text changed and typing paused."""

        def __init__(self, bar: FindBar, text: str) -> None:
            super().__init__()
            self.bar = bar
            self.text = text

    class Left(Message):
        """The focus should return to the list."""

        def __init__(self, bar: FindBar) -> None:
            super().__init__()
            self.bar = bar

    def __init__(self, label: str, placeholder: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._placeholder = placeholder
        self._input: Input | None = None
        self._settling: Timer | None = None
        self._posted_text = ""

    @property
    def text(self) -> str:
        """The typed text."""
        return self._input.value if self._input is not None else ""

    async def open(self) -> None:
        """Show and focus the input. It is created on first use, to keep the first paint fast."""
        self.add_class("-open")
        if self._input is None:
            self._input = Input(placeholder=self._placeholder, compact=True, select_on_focus=False)
            label = Static(Content(f"{self._label} /"), classes="label")
            await self.mount_all([Horizontal(label, self._input), Static("", classes="complaint")])
        self._input.focus()

    def complain(self, sentence: str) -> None:
        """Show what was not understood; an empty sentence hides it."""
        for complaint in self.query(".complaint").results(Static):
            complaint.update(Content(sentence))
            complaint.set_class(bool(sentence), "-shown")

    def clear(self) -> None:
        """Clear the text, hide the bar, return the focus."""
        if self._input is not None:
            self._input.value = ""
        self._settle()
        self.remove_class("-open")
        self.post_message(self.Left(self))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(SETTLE_S, self._settle)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._keep()

    def _settle(self) -> None:
        if self._settling is not None:
            self._settling.stop()
            self._settling = None
        if self.text != self._posted_text:
            self._posted_text = self.text
            self.post_message(self.Changed(self, self._posted_text))

    def action_move(self, _lines: int) -> None:
        """Down moves to the list."""
        self._keep()

    def _keep(self) -> None:
        """Return to the list and keep the text."""
        self._settle()
        if not self.text.strip():
            self.clear()
        else:
            self.post_message(self.Left(self))

    def action_back(self) -> None:
        self.clear()
