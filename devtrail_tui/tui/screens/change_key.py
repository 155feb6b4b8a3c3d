"""Changes the key of a command: choose the command, press the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from typing_extensions import override

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe
from devtrail_tui.tui.keymap import bindings, check_keys, commands, key_of, shown_key

_FIXED = ("enter", "escape", "tab", "shift+tab", "up", "down")
"""Keys that work in this dialog and cannot be chosen here; config.toml can name them."""


class ChangeKeyScreen(ModalScreen["Mapping[str, str] | None"]):
    """Returns all keys that differ from the defaults, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", hidden=True)]
    CSS = """
    ChangeKeyScreen {
        align: center middle;
        #keys-box {
            width: 92;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 0 1;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            background: $surface;
        }
        OptionList { height: auto; max-height: 1fr; border: none; padding: 0; background: $surface; }
        Static { height: auto; color: $foreground-muted; }
        Static.-wrong { color: $error; }
    }
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__()
        self._keys = dict(keys)
        self._chosen = ""

    @override
    def compose(self) -> ComposeResult:
        """What to do next, above the commands."""
        with Vertical(id="keys-box") as box:
            box.border_title = "Change a key"
            box.border_subtitle = Content(f"enter choose · {key_of(self, 'back')} back")
            yield Static("Choose a command.")
            yield OptionList(*(self._option(command_id) for command_id in commands()), compact=True)

    def _option(self, command_id: str) -> Option:
        command = commands()[command_id][1]
        keys = self._keys.get(command_id, command.keys).split(",")
        shown = " ".join(dict.fromkeys(shown_key(key.strip()) for key in keys))
        name = (command_id.ljust(21), "$foreground-muted")
        return Option(Content.assemble((shown.ljust(12), "bold"), name, command.help), id=command_id)

    @on(OptionList.OptionSelected)
    def _command_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._chosen = event.option_id or ""
        self._say(f"Press the new key for {self._chosen}. {key_of(self, 'back')} keeps the old one.")
        self.query_one(OptionList).disabled = True
        self.set_focus(None)

    def on_key(self, event: events.Key) -> None:
        """Take the key, if a command is chosen and the key is free."""
        if not self._chosen or event.key in _FIXED:
            return
        event.stop()
        event.prevent_default()
        keys = {**self._keys, self._chosen: event.character if event.is_printable and event.character else event.key}
        try:
            self.dismiss(check_keys(keys))
        except UsageError as error:
            self._say(f"{error} Press another key.", wrong=True)

    def _say(self, sentence: str, *, wrong: bool = False) -> None:
        line = self.query_one(Static)
        line.set_class(wrong, "-wrong")
        line.update(Content(safe(sentence)))

    def action_back(self) -> None:
        """Return to the list of commands; from there, close without a change."""
        if not self._chosen:
            self.dismiss(None)
            return
        self._chosen = ""
        self._say("Choose a command.")
        commands_list = self.query_one(OptionList)
        commands_list.disabled = False
        commands_list.focus()
