"""All keys, generated from the live bindings, so re-mapped keys are correct."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from typing_extensions import override

from devtrail_tui.tui.keymap import EVERYWHERE, MOVE, Command, CommandGroup, bindings, commands, key_of, shown_key
from devtrail_tui.tui.widgets.scrolling import TextScroll

_WIDE = 96
_KEY_CELLS = 13
_HELP_CELLS = 60
_NAME_CELLS = 21


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
        groups = self._active_groups()
        # sorted() keeps the order of the table among groups that are not active
        for group, command in sorted(commands().values(), key=lambda each: groups.get(each[0], len(groups))):
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

    def _active_groups(self) -> dict[CommandGroup, int]:
        """The rank of the groups whose commands work below this dialog, those of the focused widget first; moving and what works
        everywhere stay at the end."""
        below, command_table = self.app.screen_stack[-2], commands()
        active = below.active_bindings.values()
        ranks: dict[CommandGroup, int] = {}
        for each in sorted(active, key=lambda each: each.node is not below.focused):
            group, _ = command_table.get(each.binding.id or "", (EVERYWHERE, None))
            if group not in (MOVE, EVERYWHERE):
                ranks.setdefault(group, len(ranks))
        return ranks

    def _line(self, command: Command) -> list[Content | tuple[str, str] | str]:
        keys = self._keymap.get(command.id) or command.keys
        key_text = " ".join(dict.fromkeys(shown_key(key.strip()) for key in keys.split(",")))
        key_part = ("  " + key_text.ljust(_KEY_CELLS - 2), "bold")
        if self._wide:
            return [key_part, command.help.ljust(_HELP_CELLS), (command.id, "$foreground-muted"), "\n"]
        width = self.app.size.width - _KEY_CELLS - _NAME_CELLS - 5
        first, *more = textwrap.wrap(command.help, max(width, 20))
        indent = " " * (_KEY_CELLS + _NAME_CELLS)
        name = (command.id.ljust(_NAME_CELLS), "$foreground-muted")
        return [key_part, name, first, "\n", *(f"{indent}{line}\n" for line in more)]

    def action_back(self) -> None:
        self.dismiss(None)

    def action_help(self) -> None:
        """Close help with the key that opened it."""
        self.dismiss(None)
