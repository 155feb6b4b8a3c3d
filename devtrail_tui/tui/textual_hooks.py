"""Private names of Textual that the app relies on. A test says what each must do, because a new version may change it.

`ChopsUpdate` and `LayoutUpdate` are what a screen hands to the driver: some lines, or a whole frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from textual._compositor import ChopsUpdate as ChopsUpdate
from textual._compositor import CompositorUpdate as CompositorUpdate
from textual._compositor import LayoutUpdate as LayoutUpdate

if TYPE_CHECKING:
    from textual.app import App
    from textual.driver import Driver


def posix_driver(wrap_output: Callable[[IO[str]], Any], input_ended: Callable[[], None]) -> type[Driver]:
    """Textual's driver, writing to what `wrap_output` makes of its file.

    `input_ended` is called, from the input's thread, when the terminal can no longer be read.
    """
    from textual.drivers.linux_driver import LinuxDriver

    class PosixDriver(LinuxDriver):
        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file: Any = wrap_output(self._file)

        def _run_input_thread(self) -> None:
            try:
                self.run_input_thread()
            except OSError:
                input_ended()

    return PosixDriver
