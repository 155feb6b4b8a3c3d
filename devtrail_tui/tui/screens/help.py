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

_WIDE = 96
_HELP_CELLS = 60


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

    def compose(self) -> ComposeResult:
        """One list, grouped by place."""
        with Vertical(id="help-box") as box:
            box.border_title = "Keys"
            box.border_subtitle = Content("esc closes · re-map by the names, in config.toml under [keys]")
            with VerticalScroll():
                yield Static(self._text(), id="help-text")

    def on_resize(self) -> None:
        """Names stand in a column of their own where there is room for it."""
        if self._drawn_wide != self._wide:
            self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self.query_one("#help-text", Static).update(self._text())

    @property
    def _wide(self) -> bool:
        return self.app.size.width >= _WIDE

    def _text(self) -> Content:
        self._drawn_wide = self._wide
        parts: list[Content | tuple[str, str] | str] = []
        for place in (Place.JOBS, Place.MOVE, Place.LOG, Place.EVIDENCE, Place.FORM, Place.EVERYWHERE):
            about = f"  {_ABOUT[place]}" if place in _ABOUT else ""
            parts += ["\n" if parts else "", (place.value, "bold $primary"), (about, "$foreground-muted"), "\n"]
            parts += [each for command in COMMANDS if command.place is place for each in self._line(command)]
        return Content.assemble(*parts)

    def _line(self, command: Command) -> list[Content | tuple[str, str] | str]:
        keys = self._keymap.get(command.id) or command.keys
        shown = " ".join(dict.fromkeys(shown_key(key.strip()) for key in keys.split(",")))
        if not self._wide:
            return [("  " + shown.ljust(11), "bold"), command.help, "\n"]
        return [
            ("  " + shown.ljust(11), "bold"),
            command.help.ljust(_HELP_CELLS),
            (command.id, "$foreground-muted"),
            "\n",
        ]

    def action_back(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
