"""The new-job dialog: drawn from the config's description, checked while it is filled, nothing lost."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList, Select, TextArea

from devtrail_tui.actions.launching import FormCheck, check_form
from devtrail_tui.core.errors import PermanentError
from devtrail_tui.core.job import Status
from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.form_fields import Flag, SecretField, SecretInput
from devtrail_tui.tui.forms import Form
from devtrail_tui.tui.screens import new_job
from devtrail_tui.tui.screens.confirm import ConfirmScreen
from devtrail_tui.tui.screens.new_job import NewJobScreen
from tests.tui.app_host import PATIENCE_S, House, screen_text, sees, typed, until


def form_of(app: DevTrailApp) -> Form:
    """The form on the screen."""
    return app.screen.query_one(Form)


async def test_a_field_for_every_kind_with_its_defaults(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        shown = await sees(
            pilot, "Repositories *", "Period", "About you", "Style", "Dry run", "Budget (USD)", "More settings"
        )
        assert "At most" not in shown, "advanced settings are folded"
        assert form_of(app).raw() == {
            "repositories": "",
            "startDate": "",
            "endDate": "",
            "githubToken": "",
            "about": "",
            "style": "short",
            "dryRun": False,
            "budgetUsd": "5.00",
            "model": "small",
            "atMost": "",
        }


async def test_by_keyboard_alone_from_n_to_a_running_job_that_is_chosen(house: House) -> None:
    house.opened()
    older = house.launch("acme/old")
    house.services.queue.cancel(older.id).result()
    async with house.app(size=(80, 24)) as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await typed(pilot, "acme/shop acme/api")
        await pilot.press("ctrl+s")
        await sees(pilot, "● running", "total")
        job = house.services.views.job(older.id + 1)
        assert job.config["repositories"] == ["acme/shop", "acme/api"]
        assert app.dashboard.chosen is not None
        assert app.dashboard.chosen.id == job.id


async def test_errors_stand_beside_their_fields_and_nothing_is_lost(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await typed(pilot, "shop")
        await pilot.press("tab")
        shown = await sees(pilot, "✗ “shop” lacks its owner; write owner/shop.")
        lines = shown.splitlines()
        field = next(index for index, line in enumerate(lines) if "Repositories *" in line)
        assert "lacks its owner" in lines[field + 1]
        await pilot.press("ctrl+s")
        await sees(pilot, "lacks its owner")
        assert isinstance(app.screen, NewJobScreen)
        assert form_of(app).raw()["repositories"] == "shop"
        await until(pilot, lambda: app.focused is form_of(app).query(Input).first(), "the cursor where the error is")
        assert house.services.views.counts()[Status.PENDING] == 0
        await pilot.press("home")
        await typed(pilot, "acme/")
        await pilot.press("tab")
        await until(pilot, lambda: "lacks its owner" not in screen_text(app), "the error's end")


async def test_problems_of_no_one_field_and_of_the_whole(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await typed(pilot, "acme/shop")
        form = form_of(app)
        inputs = list(form.query(Input))
        inputs[1].value, inputs[2].value = "2026-05-01", "2026-04-01"
        inputs[-2].value = "huge"
        await pilot.press("ctrl+s")
        shown = await sees(pilot, "✗ 2026-05-01 is after the last day.", "✗ Nothing is left to run a huge model.")
        assert "New job" in shown


async def test_an_error_in_a_folded_field_unfolds_it(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "More settings")
        await typed(pilot, "acme/shop")
        list(form_of(app).query(Input))[-1].value = "0"
        await pilot.press("ctrl+s")
        await sees(pilot, "✗ At most must be at least 1.")


async def test_what_will_be_sent_where_is_said_before_anything_is_typed_and_follows(house: House) -> None:
    async with house.app() as (_app, pilot):
        await pilot.press("n")
        await sees(pilot, "Titles of owner/name go to api.example.")
        await typed(pilot, "acme/shop")
        await sees(pilot, "Titles of acme/shop go to api.example.")


async def test_a_secret_is_never_echoed_nor_copied(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "not found; paste it here, or set GITHUB_TOKEN")
        field = form_of(app).query_one(SecretField)
        control = field.query_one(SecretInput)
        control.focus()
        await typed(pilot, "ghp_hidden")
        shown = screen_text(app)
        assert "ghp_hidden" not in shown
        assert "•" * 10 in shown
        app.copy_to_clipboard("before")
        await pilot.press("ctrl+shift+a", "ctrl+c")
        await pilot.press("ctrl+x")
        assert app.clipboard == "before"
        assert field.raw == "ghp_hidden"
        assert "ghp_hidden" not in app.export_screenshot()
        await typed(pilot, "")
        form_of(app).query(Input).first().value = "acme/shop"
        await pilot.press("ctrl+s")
        await until(pilot, house.stage.begun.is_set, "the job's begin")
        stored = house.services.views.job(1)
        assert str(stored.config["githubToken"]).startswith("secret:memory:")


async def test_a_secret_in_the_environment_is_shown_as_found(tmp_path: Path) -> None:
    house = House(tmp_path, environ={"GITHUB_TOKEN": "ghp_hidden"})
    async with house.app() as (_app, pilot):
        await pilot.press("n")
        shown = await sees(pilot, "found: environment (GITHUB_TOKEN)")
        assert "ghp_hidden" not in shown


async def test_a_secret_that_was_found_stands_behind_what_must_be_typed(tmp_path: Path) -> None:
    house = House(tmp_path, environ={"GITHUB_TOKEN": "ghp_hidden"})
    async with house.app() as (_app, pilot):
        await pilot.press("n")
        shown = await sees(pilot, "found: environment (GITHUB_TOKEN)")
        assert shown.index("Model ") < shown.index("GitHub token") < shown.index("More settings")


async def test_offers_are_those_that_contain_what_is_typed_without_failed_ones(house: House) -> None:
    house.opened()
    house.services.queue.cancel(house.launch("acme/shop", "acme/api").id).result()
    house.launch("typo/shop")
    house.stage.error = PermanentError("There is no repository typo/shop.")
    house.stage.let_go.set()
    async with house.app() as (_app, pilot):
        await sees(pilot, "✗ failed")
        await pilot.press("n")
        assert "+ typo/shop" not in await sees(pilot, "+ acme/shop", "+ acme/api")
        await typed(pilot, "ap")
        await until(pilot, lambda: "+ acme/shop" not in screen_text(pilot.app), "fewer offers")
        await sees(pilot, "+ acme/api")


async def test_earlier_repositories_are_offered_and_picked(house: House) -> None:
    house.opened()
    house.services.queue.cancel(house.launch("acme/shop", "acme/api").id).result()
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "+ acme/shop", "+ acme/api")
        await pilot.press("down", "down", "enter")
        await sees(pilot, "acme/api", "+ acme/shop")
        assert form_of(app).raw()["repositories"] == "acme/api"
        await typed(pilot, " acme/s")
        await pilot.press("right")
        await until(pilot, lambda: form_of(app).raw()["repositories"] == "acme/api acme/shop", "the completion")


@pytest.mark.parametrize("name", ["", "acme/shop"])
async def test_tab_leads_from_field_to_field_whether_there_is_an_offer_or_not(house: House, name: str) -> None:
    house.opened()
    house.services.queue.cancel(house.launch("acme/shop").id).result()
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "+ acme/shop")
        await typed(pilot, name)
        await pilot.press("tab")
        assert app.focused is form_of(app).query(Select).first()
        await pilot.press("shift+tab", "down")
        assert isinstance(app.focused, OptionList) is not bool(name), "Down leads to the offers that are left"
        await pilot.press("tab")
        assert isinstance(app.focused, Select)


async def test_a_period_fills_both_days_and_days_by_hand_change_its_name(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "The last 12 months")
        form = form_of(app)
        period = form.query(Select).first()
        period.value = 4
        await until(pilot, lambda: form.raw()["startDate"].endswith("-01-01"), "the days")
        year = int(form.raw()["startDate"][:4])
        assert form.raw()["endDate"] == f"{year}-12-31"
        list(form.query(Input))[1].value = f"{year}-02-03"
        await sees(pilot, "Custom days")
        assert form.raw()["endDate"] == f"{year}-12-31"


async def test_what_is_typed_replaces_a_default(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Budget (USD)")
        form_of(app).query_one(".kind-dollars Input").focus()
        await pilot.pause()
        await typed(pilot, "1.5")
        await until(pilot, lambda: form_of(app).raw()["budgetUsd"] == "1.5", "the new budget")


async def test_flag_and_long_text(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "[ ] no")
        form = form_of(app)
        form.query_one(Flag).focus()
        await pilot.press("space")
        await sees(pilot, "[x] yes")
        form.query_one(TextArea).focus()
        await typed(pilot, "Team lead")
        await pilot.press("enter")
        await typed(pilot, "of six")
        assert form.raw()["dryRun"] is True
        assert form.raw()["about"] == "Team lead\nof six"
        await pilot.press("tab")
        assert not form.query_one(TextArea).has_focus, "Tab goes on to the next field"


async def test_enter_goes_on_and_in_the_last_field_launches(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await typed(pilot, "acme/shop")
        await pilot.press("enter")
        assert app.focused is not app.screen.query(Input).first()
        form_of(app).query("Collapsible").first().collapsed = False  # type: ignore[attr-defined]  # a query gives widgets
        await pilot.pause()
        list(form_of(app).query(Input))[-1].focus()
        await pilot.press("enter")
        await until(pilot, house.stage.begun.is_set, "the job's begin")


async def test_esc_leaves_at_once_or_asks_when_something_was_typed(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.dashboard, "the dashboard")
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await typed(pilot, "acme/shop")
        await pilot.press("escape")
        await sees(pilot, "Discard your input?")
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen), "the form")
        assert form_of(app).raw()["repositories"] == "acme/shop"
        await pilot.press("escape")
        await sees(pilot, "Discard")
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.dashboard, "the dashboard")


async def test_a_form_that_is_closed_before_its_check_is_over_takes_nothing_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, over = threading.Event(), threading.Event()

    def slow(*arguments: Any) -> FormCheck:
        assert closed.wait(PATIENCE_S)
        try:
            return check_form(*arguments)
        finally:
            over.set()

    monkeypatch.setattr(new_job, "check_form", slow)
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        form = app.screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.dashboard and not form.is_attached, "the form to be gone")
        closed.set()
        await until(pilot, over.is_set, "the check's end")
        await until(pilot, lambda: not any(each.group == "check" for each in app.workers), "the thread's end")
        assert app.is_running


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.full)])
async def test_every_field_can_be_reached_by_tab_and_is_then_in_view(house: House, size: tuple[int, int]) -> None:
    async with house.app(size=size) as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        reached = []
        for _ in range(20):
            focused = app.focused
            assert focused is not None
            assert app.screen.region.contains_region(focused.region), f"{focused} is out of view"
            reached.append(focused.id or type(focused).__name__)
            await pilot.press("tab")
            await pilot.pause()
        assert {"launch", "leave", "Flag", "TextArea", "CollapsibleTitle", "SecretInput", "Select"} <= set(reached)
