"""Common scroll keys for long texts, and views that load only the items near the lines in view."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.timer import Timer
from typing_extensions import override

from devtrail_tui.tui.keymap import bindings

WINDOW_DELAY_S = 0.03
"""How long scrolling must pause before items are requested."""
_MOVES = bindings("move_down", "move_up", "move_first", "move_last", "page_down", "page_up")


class TextScroll(VerticalScroll, inherit_bindings=False):
    """Text without a cursor. Textual's bindings are omitted: config.toml could not change their keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*_MOVES]

    def action_move(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self.scroll_relative(y=pages * self.scrollable_content_region.height, animate=False)

    def action_first(self) -> None:
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        self.scroll_end(animate=False)


@dataclass
class WindowMessage(Message):
    """A message of a WindowView."""

    pane: Any

    @property
    @override
    def control(self) -> Any:
        return self.pane


class WindowView(ScrollView, can_focus=True, inherit_bindings=False):
    """A list with a cursor that draws only the lines in view, and requests the items near them from its owner.

    An item has an integer position. A subclass says which positions are in view and loaded, and moves the cursor.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*_MOVES]
    DEFAULT_CSS = """
    WindowView {
        height: 1fr;
        background: $surface;
        color: $foreground;
        border: round $border-blurred;
        border-title-color: $foreground-muted;
        border-subtitle-color: $foreground-muted;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        &:focus {
            border: round $border;
            border-title-color: $foreground;
        }
    }
    """

    @dataclass
    class WindowRequest(WindowMessage):
        """Items near the lines in view are not loaded: positions `first` to `last`, inclusive."""

        first: int
        last: int

    _window_timer: Timer | None = None

    def _positions(self, screens: int = 0) -> range:
        """The positions in view, extended by `screens` screens on both sides."""
        raise NotImplementedError

    def _is_loaded(self, position: int) -> bool:
        raise NotImplementedError

    def _cursor_in_view(self) -> int:
        """The position from which the cursor moves."""
        raise NotImplementedError

    def _go_to(self, position: int) -> None:
        """Move the cursor to the nearest existing position."""
        raise NotImplementedError

    @property
    def _lines_in_view(self) -> int:
        """Lines for items, at least one."""
        return max(self.scrollable_content_region.height, 1)

    def _scroll(self, y: int) -> None:
        # Forced: right after the first items the scroll bar is not laid out yet, and Textual would refuse.
        self.scroll_to(y=y, animate=False, force=True)

    def _request_window(self) -> None:
        """Request the missing items once scrolling pauses."""
        if self._window_timer is None and self.is_attached and self._lacks_items():
            self._window_timer = self.set_timer(WINDOW_DELAY_S, self._post_window)

    def _lacks_items(self) -> bool:
        return not all(map(self._is_loaded, self._positions()))

    def _post_window(self) -> None:
        self._window_timer = None
        if self._lacks_items():
            window = self._positions(2)
            self.post_message(self.WindowRequest(self, window[0], window[-1]))

    def action_move(self, lines: int) -> None:
        self._go_to(self._cursor_in_view() + lines)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self._lines_in_view - 1, 1))

    def action_first(self) -> None:
        self._go_to(0)

    def action_last(self) -> None:
        self._go_to(sys.maxsize)
