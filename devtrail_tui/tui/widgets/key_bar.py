"""The last line of the screen: the available keys, from the live bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from devtrail_tui.tui.keymap import declared, order, shown_key
from devtrail_tui.tui.widgets.cells import Part, foreground_style, strip_of

if TYPE_CHECKING:
    from textual.binding import ActiveBinding
    from textual.screen import Screen

_KEEP = ("palette", "help", "quit")
_SIGNS = {"enter": "↵"}
"""Shorter than their names, so that all keys fit in 80 columns."""


class _Key(NamedTuple):
    text: str
    label: str
    active: ActiveBinding

    @property
    def id(self) -> str:
        return self.active.binding.id or ""

    @property
    def width(self) -> int:
        return cell_len(self.text) + 1 + cell_len(self.label)


class KeyBar(Widget):
    """One line; clicking a key triggers it. When narrow the last keys are hidden; palette, help and quit stay."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--label"}
    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        background: $footer-background;
        color: $footer-foreground;
        & > .key-bar--key { color: $footer-key-foreground; text-style: bold; }
        & > .key-bar--label { color: $footer-description-foreground; }
    }
    """

    def on_mount(self) -> None:
        """Redraw whenever the active bindings change."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def _keys(self) -> list[_Key]:
        visible: dict[str, _Key] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.id and declared(binding.id):
                text = _SIGNS.get(binding.key) or shown_key(binding.key)
                visible.setdefault(binding.id, _Key(text, binding.description, active))
        keys = sorted(visible.values(), key=lambda key: order(key.id))
        room = self.size.width - 1
        while sum(key.width + 2 for key in keys) > room and len(keys) > len(_KEEP):
            keys.remove(next(key for key in reversed(keys) if key.id not in _KEEP))
        return keys

    @override
    def render_line(self, y: int) -> Strip:
        """The only line."""
        width, base = self.size.width, self.rich_style
        if y:
            return Strip.blank(width, base)
        strong, plain = foreground_style(self, "key-bar--key"), foreground_style(self, "key-bar--label")
        segments: list[Part] = [(" ", Style())]
        for key in self._keys():
            segments += [(key.text, strong), (f" {key.label}", plain), ("  ", Style())]
        return strip_of(segments, width, base)

    async def on_click(self, event: events.Click) -> None:
        """Trigger the clicked key."""
        start = 1
        for key in self._keys():
            if start <= event.x < start + key.width:
                await self.app.run_action(key.active.binding.action, key.active.node)
                return
            start += key.width + 2
