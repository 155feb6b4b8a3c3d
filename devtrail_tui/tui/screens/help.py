"""What every key does, drawn from the bindings that are live, so that re-mapped keys are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from devtrail_tui.tui.keymap import COMMANDS, Command, Place, bindings, shown_key

_ABOUT: Mapping[Place, str] = {
    Place.JOBS: "on 1",
    Place.LOG: "in the log; f and w also beside it",
    Place.EVIDENCE: "on 2",
    Place.FORM: "in the new-job form",
}


class HelpScreen(ModalScreen[None]):
    """Keys by the place where they work."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("back"),
        ("question_mark,q", "back", "close"),
        ("j", "scroll(1)", "down"),
        ("k", "scroll(-1)", "up"),
    ]
    CSS = """
    HelpScreen {
        align: center middle;
        #help-box {
            width: 78;
            max-width: 98%;
            height: auto;
            max-height: 96%;
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

    def compose(self) -> ComposeResult:
        """One list, grouped by place."""
        with Vertical(id="help-box") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc closes · re-map in config.toml, [keys]"
            with VerticalScroll():
                yield Static(self._text(), id="help-text")

    def _text(self) -> Content:
        parts: list[Content | tuple[str, str] | str] = []
        for place in (Place.JOBS, Place.MOVE, Place.LOG, Place.EVIDENCE, Place.FORM, Place.EVERYWHERE):
            about = f"  {_ABOUT[place]}" if place in _ABOUT else ""
            parts += ["\n" if parts else "", (place.value, "bold $primary"), (about, "$foreground-muted"), "\n"]
            parts += [each for command in COMMANDS if command.place is place for each in self._line(command)]
        return Content.assemble(*parts)

    def _line(self, command: Command) -> list[Content | tuple[str, str] | str]:
        keys = self._keymap.get(command.id) or command.keys
        shown = " ".join(dict.fromkeys(shown_key(key.strip()) for key in keys.split(",")))
        return [("  " + shown.ljust(14), "bold"), command.help, ("  " + command.id, "$foreground-disabled"), "\n"]

    def action_back(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
