"""Keys that come in one burst, typed ahead of the screen or sent in one packet, each find what the ones before have changed."""

from __future__ import annotations

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from devtrail_tui.core.job import Status
from devtrail_tui.tui import input_order
from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.forms import Form
from devtrail_tui.tui.screens.find_bar import FindBar
from devtrail_tui.tui.screens.new_job import NewJobScreen
from tests.tui.app_host import House, sees, until


def burst(app: DevTrailApp, text: str) -> None:
    """All keys at once, as the terminal's driver hands them over; a tab is Tab, a newline Enter."""
    names = {"\t": "tab", "\n": "enter", "\x1b": "escape"}
    for each in text:
        named = each in names
        app.post_message(events.Key(names[each] if named else _character_to_key(each), None if named else each))


async def test_a_word_typed_behind_the_filters_key_is_filtered_by_and_cancels_nothing(house: House) -> None:
    house.opened()
    job = house.launch("acme/shop")
    async with house.app() as (app, pilot):
        await sees(pilot, "● running")
        burst(app, "/copy")
        await until(pilot, lambda: app.dashboard.query_one(FindBar).text == "copy", "the whole word in the filter")
        assert app.screen is app.dashboard
        assert house.services.views.job(job.id).status is Status.RUNNING
        burst(app, "\x1b" + "c")
        await sees(pilot, "Cancel job 1")
        burst(app, "n/web\njj")
        await until(pilot, lambda: app.dashboard.query_one(FindBar).text == "web", "the next word in the filter")
        assert house.services.views.job(job.id).status is Status.RUNNING


async def test_what_is_typed_behind_a_tab_or_enter_stands_in_the_next_field(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        burst(app, "acme/shop\t\t2026-01-02\n2026-03-04\tmy-token\tabout me")
        form = app.screen.query_one(Form)
        await until(pilot, lambda: form.raw()["about"] == "about me", "the last field")
        typed = {name: form.raw()[name] for name in ("repositories", "startDate", "endDate", "githubToken")}
        assert typed == {
            "repositories": "acme/shop",
            "startDate": "2026-01-02",
            "endDate": "2026-03-04",
            "githubToken": "my-token",
        }


async def test_what_is_typed_behind_the_forms_key_stands_in_its_first_field(house: House) -> None:
    async with house.app() as (app, pilot):
        await sees(pilot, "Jobs")
        burst(app, "nacme/shop\t\t2026-01-02")
        await until(pilot, lambda: bool(app.screen.query(Form)), "the form")
        form = app.screen.query_one(Form)
        await until(pilot, lambda: form.raw()["startDate"] == "2026-01-02", "the first day")
        assert form.raw()["repositories"] == "acme/shop"


async def test_a_paste_waits_its_turn_too(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        burst(app, "acme/shop\t\t")
        app.post_message(events.Paste("2026-01-02"))
        await until(pilot, lambda: app.screen.query_one(Form).raw()["startDate"] == "2026-01-02", "the first day")
        assert app.screen.query_one(Form).raw()["repositories"] == "acme/shop"


async def test_a_key_whose_widget_is_gone_holds_up_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_order, "PATIENCE_S", 0.6)  # more than a form takes to stand on a busy machine
    async with house.app() as (app, pilot):
        for _ in range(2):
            burst(app, "n")
            await until(pilot, lambda: isinstance(app.screen, NewJobScreen), "the form")
            await until(pilot, lambda: bool(app.screen.query(Input)), "its fields")
            burst(app, "\x1b" + "2")
            await sees(pilot, "Evidence")
            burst(app, "1")
            await until(pilot, lambda: app.screen is app.dashboard, "the jobs")


async def test_a_key_that_never_comes_to_rest_holds_up_the_others_for_a_moment_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_order, "PATIENCE_S", 0.2)
    monkeypatch.setattr(input_order.InputOrder, "_follow", lambda *_: None)
    async with house.app() as (app, pilot):
        await sees(pilot, "Jobs")
        burst(app, "2")
        await sees(pilot, "Evidence")
        burst(app, "1")
        await until(pilot, lambda: app.screen is app.dashboard, "the jobs")
