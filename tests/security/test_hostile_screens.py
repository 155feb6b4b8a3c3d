"""Promise 17 on every screen and in every widget: hostile text is only text, and nothing in it can be clicked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.live_screen import LiveScreen
from devtrail_tui.tui.screens.confirm import ConfirmScreen
from devtrail_tui.tui.screens.entry import EntryScreen
from devtrail_tui.tui.screens.log import LogScreen
from devtrail_tui.tui.screens.new_job import NewJobScreen
from devtrail_tui.tui.screens.trouble import TroubleScreen
from devtrail_tui.tui.widgets.evidence_table import EvidenceTable
from devtrail_tui.tui.widgets.job_table import JobTable
from tests.house.desk import Desk
from tests.security.hostile_home import HostileHome
from tests.security.hostile_strings import KINDS, MARK, STRINGS
from tests.security.terminal_output import (
    assert_harmless,
)
from tests.tui.app_host import screen_text, until

pytestmark = pytest.mark.xdist_group("hostile-text")  # the home is made once


class Deeds:
    """Every action the app ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        run_action = DevTrailApp.run_action

        async def noted(app: DevTrailApp, action: Any, *arguments: Any, **how: Any) -> bool:
            self.done.append(str(action))
            return await run_action(app, action, *arguments, **how)

        monkeypatch.setattr(DevTrailApp, "run_action", noted)


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> Deeds:
    return Deeds(monkeypatch)


@asynccontextmanager
async def opened(home: HostileHome, size: tuple[int, int]) -> AsyncIterator[tuple[DevTrailApp, Pilot[None]]]:
    """The app over the hostile home."""
    desk = Desk(home.server, Path(home.desk.environ["DEVTRAIL_HOME"]))
    desk.services.catalogue = home.desk.services.catalogue
    app = DevTrailApp(desk.services)
    async with app.run_test(size=size, notifications=True) as pilot:
        try:
            await until(pilot, lambda: app.snapshot is not None, "the first snapshot")
            await until(pilot, lambda: MARK in screen_text(app), "hostile text")
            yield app, pilot
        finally:
            app.leave()
            await until(pilot, app.worker.ended.is_set, "the worker's end")
    if app.feed is not None:
        app.feed.join(20)
    desk.close()


OF_SCROLLBARS = {"grab", "release", "scroll_up", "scroll_down", "scroll_left", "scroll_right"}
"""What Textual's own scroll bars do when they are pressed."""


def look_at(app: DevTrailApp) -> None:
    """Every cell: harmless characters, no link, and no action that runs when it is clicked."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            if segment.control:
                continue
            assert_harmless(segment.text)
            if segment.style is not None:
                assert segment.style.link is None
                deeds = {value for key, value in segment.style.meta.items() if key.startswith("@")}
                assert deeds <= OF_SCROLLBARS, segment
    for widget in app.screen.walk_children(Widget):
        for title in (widget.border_title, widget.border_subtitle, widget.tooltip):
            assert_harmless(str(title or ""))


async def click_everywhere(app: DevTrailApp, pilot: Pilot[None], selector: str, step: int) -> int:
    """Click the cells of one widget, `step` cells apart (from 20 on, in every fourth line); whatever opens is closed again."""
    screen, clicks = app.screen, 0
    region = screen.query_one(selector).region
    for place, y in enumerate(range(region.y, region.bottom, 4 if step >= 20 else 1)):
        for x in range(region.x + place % step, region.right, step):
            await pilot.click(offset=(x, y))
            clicks += 1
            assert app.is_running
            if app.screen is not screen:
                look_at(app)
                await pilot.press("escape")
                await until(pilot, lambda: app.screen is screen, "the screen that was clicked")
    return clicks


async def visit(home: HostileHome, deeds: Deeds, size: tuple[int, int], texts: Sequence[str], *, step: int) -> None:
    """Every screen and every widget, cells clicked `step` apart, texts looked for, as many entries opened."""
    async with opened(home, size) as (app, pilot):
        for _ in home.jobs[: len(texts)]:
            await pilot.press("j")
            await pilot.pause()
            look_at(app)
        await pilot.press("g")
        for selector in ("JobTable", "ProgressPanel", "LogPane"):
            assert await click_everywhere(app, pilot, selector, step)
        await visit_the_log(home, app, pilot, texts)
        assert await click_everywhere(app, pilot, "LogPane", step)
        await pilot.press("escape", "escape")
        await visit_the_evidence(home, app, pilot, texts)
        assert await click_everywhere(app, pilot, "#entry-scroll", step)
        await pilot.press("escape")
        assert app.is_running
        assert not [deed for deed in deeds.done if "bell" in deed or "quit" in deed or MARK in deed]


async def visit_the_log(home: HostileHome, app: DevTrailApp, pilot: Pilot[None], texts: Sequence[str]) -> None:
    """The log of the newest job, and its find bar."""
    table = app.screen.query_one(JobTable)
    table.focus()
    await until(pilot, lambda: app.focused is table, "the table's turn")
    await pilot.press("g")
    await until(pilot, lambda: table.cursor_job_id == home.spoken.id, "the newest job")
    await pilot.press("l")
    await until(pilot, lambda: isinstance(app.screen, LogScreen), "the log")
    await until(pilot, lambda: MARK in screen_text(app), "its lines")
    await find_in_the_log(app, pilot, texts)


async def visit_the_evidence(home: HostileHome, app: DevTrailApp, pilot: Pilot[None], texts: Sequence[str]) -> None:
    """The list, and the entry of each text from its beginning to its end; one of them is left open."""
    await pilot.press("2")
    await until(pilot, lambda: "Evidence · all" in screen_text(app) and MARK in screen_text(app), "the evidence")
    look_at(app)
    for text in texts:
        assert app.screen.query_one(EvidenceTable).move_to(home.entry_of(text))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, EntryScreen), "an entry")
        await until(pilot, lambda: "Matches" in screen_text(app), "its text")
        look_at(app)
        await pilot.press("G")
        await pilot.pause()
        look_at(app)
        await pilot.press("escape")
    await pilot.press("enter")
    await until(pilot, lambda: "Matches" in screen_text(app), "an entry's text")


async def find_in_the_log(app: DevTrailApp, pilot: Pilot[None], texts: Sequence[str]) -> None:
    await pilot.press("w", "slash")
    await until(pilot, lambda: isinstance(app.focused, Input), "the field to find with")
    for text in texts:
        await paste(app, pilot, text[:500])
        app.screen.query_one(Input).value = ""
    app.screen.query_one(Input).value = MARK
    await pilot.press("enter", "n", "N", "t")
    look_at(app)


async def test_no_widget_shows_or_runs_anything_hostile(home: HostileHome, deeds: Deeds) -> None:
    await visit(home, deeds, (80, 24), KINDS[:2], step=79)


@pytest.mark.full
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_no_widget_of_any_size_shows_or_runs_anything_hostile(
    size: tuple[int, int], home: HostileHome, deeds: Deeds
) -> None:
    await visit(home, deeds, size, list(STRINGS.values()), step=3 if size == (80, 24) else 17)


async def ask_and_tell(home: HostileHome, deeds: Deeds, told: Sequence[str], filled: Sequence[str]) -> None:
    """Toasts, questions and a screen of trouble that tell each text; offers, placeholders and a form filled with each."""
    async with opened(home, (100, 30)) as (app, pilot):
        for text in told:
            await tell(app, pilot, text)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewJobScreen), "the form")
        look_at(app)
        await until(pilot, lambda: "Sync" in screen_text(app), "the types")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.screen.query(Input)), "the fields")
        for text in filled:
            await fill(app, pilot, text)
        await pilot.press("escape")
        assert app.is_running
        assert not [deed for deed in deeds.done if "bell" in deed or MARK in deed]


async def tell(app: DevTrailApp, pilot: Pilot[None], text: str) -> None:
    """One text in everything that speaks to the person."""
    screen = app.screen
    assert isinstance(screen, LiveScreen)
    screen.say(text)
    screen.say(text, failed=True)
    await pilot.pause()
    look_at(app)
    app.clear_notifications()
    modals: tuple[Screen[Any], ...] = (ConfirmScreen(text, yes=text[:20], no=text[:20]), TroubleScreen(text))
    for modal in modals:
        await app.push_screen(modal)
        await pilot.pause()
        look_at(app)
        app.pop_screen()
        await pilot.pause()


async def fill(app: DevTrailApp, pilot: Pilot[None], text: str) -> None:
    """One text pasted into every field of the form, as a terminal hands it over."""
    fields: list[Input | TextArea] = [*app.screen.query(Input), *app.screen.query(TextArea)]
    for field in fields:
        if field.focusable:
            field.focus()
            await paste(app, pilot, text)
            field.clear()


async def paste(app: DevTrailApp, pilot: Pilot[None], text: str) -> None:
    app.post_message(events.Paste(text[:5_000]))
    await pilot.pause()
    look_at(app)


async def test_what_speaks_to_the_person_and_what_is_filled_in_is_harmless(home: HostileHome, deeds: Deeds) -> None:
    await ask_and_tell(home, deeds, KINDS[:3], KINDS[:1])


@pytest.mark.full
async def test_whatever_speaks_to_the_person_and_is_filled_in_is_harmless(home: HostileHome, deeds: Deeds) -> None:
    await ask_and_tell(home, deeds, list(STRINGS.values()), list(STRINGS.values()))
