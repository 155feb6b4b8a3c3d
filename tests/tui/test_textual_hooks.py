"""What the app relies on in Textual's private names."""

from __future__ import annotations

import ast
import inspect
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.segment import Segment
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

import devtrail_tui.tui
from devtrail_tui.tui.textual_hooks import ChopsUpdate, CompositorUpdate, LayoutUpdate, posix_driver


def test_private_names_of_textual_are_imported_in_one_place() -> None:
    importing = {
        path.name
        for path in Path(devtrail_tui.tui.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual.")
        if any(part.startswith("_") for part in ((node.module or "").split(".") + [each.name for each in node.names]))
    }
    assert importing == {"textual_hooks.py"}


def test_an_update_has_the_fields_that_are_compared() -> None:
    strip = Strip([Segment("word")])
    part = ChopsUpdate([{0: strip}], [(0, 0, 4)], [[4]])
    assert (part.chops, part.spans, part.chop_ends) == ([{0: strip}], [(0, 0, 4)], [[4]])
    whole = LayoutUpdate([[strip]], Region(0, 0, 4, 1))
    assert whole.strips == [[strip]]
    console = Console(file=io.StringIO(), force_terminal=True)
    for update in (part, whole):
        assert isinstance(update, CompositorUpdate)
        assert "word" in update.render_segments(console)


async def test_a_refreshed_line_reaches_the_driver_as_chops_and_a_first_frame_as_a_layout() -> None:
    shown: list[Any] = []

    class Watched(App[None]):
        def compose(self) -> Any:
            yield Static("before")

        def _display(self, screen: Screen[Any], renderable: Any) -> None:
            shown.append(renderable)
            super()._display(screen, renderable)

    app = Watched()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert any(isinstance(each, LayoutUpdate) for each in shown)
        shown.clear()
        app.query_one(Static).refresh()
        await pilot.pause()
    assert any(isinstance(each, ChopsUpdate) for each in shown)


async def test_the_driver_writes_to_its_file_and_reads_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    output: Any = io.StringIO()
    driver: Any = posix_driver(lambda _: output, lambda: ended.append(True))(App())
    assert driver._file is output
    assert issubclass(type(driver), LinuxDriver)
    assert "WriterThread(self._file)" in inspect.getsource(LinuxDriver.start_application_mode)

    def unreadable() -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(driver, "run_input_thread", unreadable)
    driver._run_input_thread()
    assert ended == [True]
