"""Text that is longer than the screen, moved by the same keys as a list."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll

from devtrail_tui.tui.keymap import bindings


class TextScroll(VerticalScroll, inherit_bindings=False):
    """Textual's own bindings are left out: they would keep their keys when others are set in config.toml."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("move_down", "move_up", "move_first", "move_last", "page_down", "page_up"),
    ]

    def action_move(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self.scroll_relative(y=pages * self.scrollable_content_region.height, animate=False)

    def action_first(self) -> None:
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        self.scroll_end(animate=False)
