"""One line to type a filter or a search into, shown only while it is in use."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from devtrail_tui.tui.keymap import bindings

SETTLE_S = 0.12
"""How long typing must rest before it is acted on."""


class FindBar(Horizontal):
    """Enter keeps the text and goes back to the list, Esc clears it first. The line stays while there is text in it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "move_down", hidden=True)]
    DEFAULT_CSS = """
    FindBar {
        height: 1;
        display: none;
        background: $panel;
        padding: 0 1;
        &.-open { display: block; }
        .label { width: auto; color: $primary; text-style: bold; margin-right: 1; }
        Input { width: 1fr; background: $panel; border: none; height: 1; padding: 0; }
        .complaint { width: auto; max-width: 60%; color: $warning; margin-left: 1; }
    }
    """

    class Changed(Message):
        """The text has settled."""

        def __init__(self, bar: FindBar, text: str) -> None:
            super().__init__()
            self.bar = bar
            self.text = text

    class Left(Message):
        """The focus should go back to the list."""

        def __init__(self, bar: FindBar) -> None:
            super().__init__()
            self.bar = bar

    def __init__(self, label: str, placeholder: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._placeholder = placeholder
        self._input: Input | None = None
        self._settling: Timer | None = None
        self._told = ""

    @property
    def text(self) -> str:
        """What is typed."""
        return self._input.value if self._input is not None else ""

    async def open(self) -> None:
        """Show the line and put the cursor in it. It is made when first used: the first paint should not wait for it."""
        self.add_class("-open")
        if self._input is None:
            self._input = Input(placeholder=self._placeholder, compact=True, select_on_focus=False)
            await self.mount_all(
                [Static(Content(f"{self._label} /"), classes="label"), self._input, Static("", classes="complaint")]
            )
        self._input.focus()

    def complain(self, sentence: str) -> None:
        """Say what of the text was not understood; empty takes it away."""
        for complaint in self.query(".complaint").results(Static):
            complaint.update(Content(sentence))

    def clear(self) -> None:
        """No text, no line, focus back to the list."""
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
        if self.text != self._told:
            self._told = self.text
            self.post_message(self.Changed(self, self._told))

    def action_move(self, _lines: int) -> None:
        """Down leads to the list."""
        self._keep()

    def _keep(self) -> None:
        """Back to the list with the text as it is."""
        self._settle()
        if not self.text.strip():
            self.clear()
        else:
            self.post_message(self.Left(self))

    def action_back(self) -> None:
        self.clear()
