"""The choice of what to copy from an entry: its link, or one of its quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option
from typing_extensions import override

from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import Command, CommandGroup, bindings, declare, key_of

_LONGEST_SHOWN = 300
declare(
    CommandGroup("Copying", 4, "in the list of an entry's link and quotes"),
    Command("choose_copy", "enter", "choose", "", "Copy the chosen text", in_palette=False),
)


class CopyList(OptionList, inherit_bindings=False):
    """The texts, one an option."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("choose_copy", "move_down", "move_up", "move_first", "move_last", hidden=True)
    ]
    action_choose = OptionList.action_select

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        if lines > 0:
            self.action_cursor_down()
        else:
            self.action_cursor_up()


class CopyScreen(ModalScreen["str | None"]):
    """Returns the chosen text, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "close_dialog", hidden=True)]
    CSS = """
    CopyScreen {
        align: center middle;
        #copy-box {
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
        CopyList { height: auto; max-height: 1fr; border: none; padding: 0; background: $surface; }
    }
    """

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        self._texts = texts

    @override
    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(id="copy-box") as box:
            box.border_title = "What to copy"
            box.border_subtitle = Content(f"{key_of(self, 'choose_copy')} copy · {key_of(self, 'back')} back")
            yield CopyList(
                *(Option(Content(safe_line(text, limit=_LONGEST_SHOWN))) for text in self._texts), compact=True
            )

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._texts[event.option_index])

    def action_back(self) -> None:
        """Close without a copy."""
        self.dismiss(None)
