"""The private names of Textual that the app uses. A test checks each, because a new version may change it.

`ChopsUpdate` and `LayoutUpdate` are a screen's output to the driver: some lines, or a whole frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

from rich.text import Text
from textual._compositor import ChopsUpdate as ChopsUpdate
from textual._compositor import CompositorUpdate as CompositorUpdate
from textual._compositor import LayoutUpdate as LayoutUpdate
from textual.app import App
from textual.dom import DOMNode
from textual.keys import _character_to_key as key_of_character
from textual.screen import Screen
from textual.worker import WorkerFailed
from typing_extensions import override

from devtrail_tui.core.redaction import Redact
from devtrail_tui.core.text import safe, safe_line

if TYPE_CHECKING:
    from textual.driver import Driver

__all__ = [
    "ChopsUpdate",
    "CompositorUpdate",
    "HookedApp",
    "LayoutUpdate",
    "key_of_character",
    "keymap_of",
    "posix_driver",
]


def posix_driver(wrap_output: Callable[[IO[str]], Any], input_ended: Callable[[], None]) -> type[Driver]:
    """Textual's driver, writing to the file wrapped by `wrap_output`.

    `input_ended` is called from the input thread when the terminal can no longer be read.
    """
    from textual.drivers.linux_driver import LinuxDriver

    class PosixDriver(LinuxDriver):
        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file: Any = wrap_output(self._file)

        @override
        def _run_input_thread(self) -> None:
            try:
                self.run_input_thread()
            except OSError:
                input_ended()

    return PosixDriver


def keymap_of(node: DOMNode) -> Mapping[str, str]:
    """The configured keys by command id."""
    return node.app._keymap  # noqa: SLF001 - Textual has no public access


class HookedApp(App[None], inherit_bindings=False):
    """Textual's app with overridable public methods in place of its private ones. What leaves the app is redacted by `redact`."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    @override
    def notify(self, message: str, *, title: str = "", **how: Any) -> None:
        """Show a notification, with secrets redacted."""
        super().notify(safe(self._redact(message)), title=safe_line(self._redact(title)), **how)

    @override
    def copy_to_clipboard(self, text: str) -> None:
        """Copy with secrets redacted: the clipboard is outside the program."""
        super().copy_to_clipboard(self._redact(text))

    def changed_cells(self, update: Any) -> Any:
        """The output of an update; None for nothing."""
        return update

    def ended_by_fault(self, error: BaseException) -> str:
        """The sentence to print for an error that ends the app."""
        return str(error)

    def set_first_theme(self, name: str) -> None:
        """Set the theme before the run. Textual's setter parses all style sheets again, twice before the first paint."""
        self.set_reactive(App.theme, name)
        dark = self.current_theme.dark
        self.update_classes({f"-theme-{name}": True, "-dark-mode": dark, "-light-mode": not dark}, update=False)
        self.stylesheet.set_variables(self.get_css_variables())
        self._refresh_truecolor_filter(self.ansi_theme)

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function on the UI thread, from any thread. Does nothing if the app is not running."""
        loop: asyncio.AbstractEventLoop | None = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(function)

    @override
    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, self.changed_cells(renderable))

    @override
    def _fatal_error(self) -> None:
        """Replaces Textual's traceback, which prints local variables and so could print secrets."""
        error: BaseException = self._exception or RuntimeError("unknown")
        self._exit_renderables.append(
            Text(self.ended_by_fault(error.error if isinstance(error, WorkerFailed) else error))
        )
        self._close_messages_no_wait()
