"""What stands on the terminal after partial redraws is what a redraw of everything would show."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyte
import pytest
from rich.console import Console
from textual.pilot import Pilot

from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.changed_cells import TerminalCells
from devtrail_tui.tui.textual_hooks import CompositorUpdate, LayoutUpdate
from devtrail_tui.tui.widgets.log_pane import LogPane
from tests.store.store_examples import note
from tests.tui.app_host import House, sees, typed

MOST_TURNS = 20
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")


class Terminal:
    """Takes what the app would write to one of this size."""

    def __init__(self) -> None:
        self.cells = TerminalCells()
        self.screen = pyte.Screen(120, 40)
        self.stream = pyte.Stream(self.screen)

    def show(self, update: Any) -> None:
        narrowed = self.cells.changes(update, CONSOLE)
        if isinstance(narrowed, CompositorUpdate):
            self.stream.feed(narrowed.render_segments(CONSOLE).replace("\n", "\r\n"))

    def seen(self) -> list[list[object]]:
        """Every cell; the ink of a blank cannot be seen."""
        return [
            [
                (cell.data, cell.bg) if cell.data == " " else cell
                for cell in map(row.__getitem__, range(self.screen.columns))
            ]
            for row in map(self.screen.buffer.__getitem__, range(self.screen.lines))
        ]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    display = DevTrailApp._display

    def watched(app: DevTrailApp, screen: Any, update: Any) -> None:
        made.show(update)
        display(app, screen, update)

    monkeypatch.setattr(DevTrailApp, "_display", watched)
    return made


async def assert_nothing_is_stale(app: DevTrailApp, pilot: Pilot[None], terminal: Terminal, after: str) -> None:
    """Compare with a terminal to which everything is written, every widget drawn anew; a screen that is just opening may take
    some turns of the loop to be drawn."""
    for turn in range(MOST_TURNS):
        await pilot.pause()
        whole = drawn_anew(app)
        there, should = terminal.seen(), whole.seen()
        wrong = [y for y in range(app.size.height) if there[y] != should[y]]
        if wrong and turn < MOST_TURNS - 1:
            continue
        lines = [f"{y}: {terminal.screen.display[y]}\n   {whole.screen.display[y]}" for y in wrong]
        assert not wrong, "\n".join([after, *lines])
        return


def drawn_anew(app: DevTrailApp) -> Terminal:
    whole = Terminal()
    whole.screen.resize(app.size.height, app.size.width)
    for screen in app.screen_stack:
        for widget in screen.walk_children(with_self=True):
            widget._styles_cache.clear()  # type: ignore[attr-defined]  # every node of a screen is a widget
    strips = app.screen._compositor.render_strips()
    whole.show(LayoutUpdate([[strip] for strip in strips], app.size.region))
    return whole


@pytest.mark.full
async def test_nothing_stale_stays_on_the_screen(house: House, terminal: Terminal) -> None:
    house.opened()
    jobs = [house.launch(f"acme/service-{number}") for number in range(60)]
    for job in jobs[:-1]:
        house.services.queue.cancel(job.id).result()
    for number in range(200):
        note(house.services.database, jobs[-1].id, f"line {number} " + "日本 word " * (number % 9))
    async with house.app() as (app, pilot):
        await sees(pilot, "● running", "line 199")

        async def check(after: str, act: Callable[[], Any] | None = None, *keys: str) -> None:
            if act is not None:
                await act()
            await pilot.press(*keys)
            await assert_nothing_is_stale(app, pilot, terminal, after)

        await check("the start")
        await check("moves without scrolling", None, "j", "j", "j", "k")
        await check("moves", None, "j", "j", "k", "G", "k", "g", "pagedown")
        await check("another job's log", lambda: sees(pilot, "cancelled"))
        await check("a filter", None, "g", "slash")
        await check("its words", lambda: typed(pilot, "service-4"))
        await check("the filtered rows", lambda: sees(pilot, "11 of 60"))
        await check("no filter", None, "escape")
        await check("help", None, "question_mark")
        await check("help's end", None, "j", "escape")
        await check("a log that is scrolled", lambda: scroll(app, pilot))
        await check("unwrapped lines", None, "w")
        await check("another theme", lambda: retheme(app, pilot))
        await check("another screen", None, "2")
        await check("back again", None, "1")
        await check("a smaller terminal", lambda: resize(pilot, terminal, 80, 24))
        await check("a larger terminal", lambda: resize(pilot, terminal, 160, 50))
        await check("a whole log", None, "l", "k", "k", "t")
        house.launch("acme/last")
        await check("a new job", lambda: sees(pilot, "1 waiting"), "escape")


async def scroll(app: DevTrailApp, pilot: Pilot[None]) -> None:
    app.dashboard.query_one(LogPane).focus()
    await pilot.press("k", "k", "pageup", "pageup", "j")


async def retheme(app: DevTrailApp, pilot: Pilot[None]) -> None:
    app.theme = "devtrail-light"
    await pilot.pause()


async def resize(pilot: Pilot[None], terminal: Terminal, columns: int, lines: int) -> None:
    terminal.screen.resize(lines, columns)
    await pilot.resize_terminal(columns, lines)
    await pilot.pause(0.2)
