"""All keys, generated from the live bindings, so re-mapped keys are correct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from typing_extensions import override

from devtrail_tui.tui.keymap import Command, bindings, commands, key_of, shown_key
from devtrail_tui.tui.widgets.scrolling import TextScroll

_WIDE = 96
_HELP_CELLS = 60


class HelpScreen(ModalScreen[None]):
    """Keys by group."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "close_dialog", "help")]
    CSS = """
    HelpScreen {
        align: center middle;
        #help-box {
            width: 96;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            background: $surface;
            padding: 0 1;
        }
        VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
        Static { height: auto; }
    }
    """

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap
        self._drawn_wide = False

    @override
    def compose(self) -> ComposeResult:
        """One list, by group."""
        with Vertical(id="help-box") as box:
            box.border_title = "Keys"
            box.border_subtitle = Content(f"{key_of(self, 'back')} closes · change keys by name in config.toml, [keys]")
            with TextScroll():
                yield Static(self._text(), id="help-text")

    def on_resize(self) -> None:
        """Show command names in a separate column if the width allows."""
        if self._drawn_wide != self._wide:
            self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self.query_one("#help-text", Static).update(self._text())

    @property
    def _wide(self) -> bool:
        return self.app.size.width >= _WIDE

    def _text(self) -> Content:
        self._drawn_wide = self._wide
        segments: list[Content | tuple[str, str] | str] = []
        heading = None
        for group, command in commands().values():
            if group is not heading:
                heading = group
                about = (
                    "  " + group.about.format(*(key_of(self, command_id) for command_id in group.keys_of))
                    if group.about
                    else ""
                )
                segments += [
                    "\n" if segments else "",
                    (group.title, "bold $primary"),
                    (about, "$foreground-muted"),
                    "\n",
                ]
            segments += self._line(command)
        return Content.assemble(*segments)

    def _line(self, command: Command) -> list[Content | tuple[str, str] | str]:
        keys = self._keymap.get(command.id) or command.keys
        key_text = " ".join(dict.fromkeys(shown_key(key.strip()) for key in keys.split(",")))
        if not self._wide:
            return [("  " + key_text.ljust(11), "bold"), command.help, "\n"]
        return [
            ("  " + key_text.ljust(11), "bold"),
            command.help.ljust(_HELP_CELLS),
            (command.id, "$foreground-muted"),
            "\n",
        ]

    def action_back(self) -> None:
        self.dismiss(None)

    def action_help(self) -> None:
        """Close help with the key that opened it."""
        self.dismiss(None)
