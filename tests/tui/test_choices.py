"""What a person finds and chooses in the app: screens by name, first steps, theme and keys that are kept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.settings import load_settings
from devtrail_tui.tui.screens.evidence import EvidenceScreen
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from tests.store.store_examples import judged
from tests.tui.app_host import House, sees, until
from tests.tui.test_evidence import store


def config_of(house: House) -> Path:
    return load_settings(house.environ).folders.config_file


async def test_an_empty_database_says_what_is_missing_and_offers_the_demo(house: House) -> None:
    async with house.app(size=(80, 24)) as (app, pilot):
        await sees(pilot, "or d for the demo", "✗ No GitHub token. Set GITHUB_TOKEN", "○ No Claude key.")
        await pilot.press("d")
        await until(pilot, lambda: app.leaving, "the end")
        assert app.demo_wanted


async def test_the_demo_key_does_nothing_when_there_are_jobs(house: House) -> None:
    house.opened()
    house.launch("acme/shop")
    async with house.app() as (app, pilot):
        await sees(pilot, "Jobs · all 1")
        await pilot.press("d")
        assert not app.leaving


async def test_with_token_and_key_only_the_form_is_offered(tmp_path: Path) -> None:
    house = House(tmp_path, environ={"GITHUB_TOKEN": "ghp_" + "a1" * 18, "ANTHROPIC_API_KEY": "sk-ant-" + "b2" * 20})
    async with house.app() as (_app, pilot):
        assert "✗" not in await sees(pilot, "No jobs yet.", "Press n to start a sync")


async def test_screens_are_named_and_reached_by_a_click_and_one_leads_back(house: House) -> None:
    house.opened()
    store(house, judged(8, title="Second", matches=(), state=AnalysisState.ANALYSED))
    async with house.app(size=(80, 24)) as (app, pilot):
        shown = await sees(pilot, "1 Jobs  2 Evidence")
        place = shown.splitlines()[0].index("2 Evidence")
        await pilot.click(HeaderBar, offset=(place + 3, 0))
        await until(pilot, lambda: isinstance(app.screen, EvidenceScreen), "the evidence")
        await sees(pilot, "Second")
        await pilot.press("enter")
        await sees(pilot, "Matches", "No criteria match.")
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, EvidenceScreen), "the list")
        await pilot.press("enter")
        await sees(pilot, "No criteria match.")
        await pilot.press("1")
        await sees(pilot, "Jobs · all 0")


async def test_a_theme_and_a_key_chosen_here_are_kept_with_the_rest_of_the_file(house: House) -> None:
    file = config_of(house)
    file.parent.mkdir(parents=True)
    file.write_text('# mine\nbudget_usd = 2.5 # a limit\n\n[keys]\nhelp = "f1"\n')
    house.services.settings = load_settings(house.environ)
    async with house.app() as (app, pilot):
        app.theme = "devtrail-light"
        await sees(pilot, "Kept in", "theme.")
        await pilot.press("ctrl+k")
        await sees(pilot, "Choose a command.")
        await pilot.press("down", "enter")
        await sees(pilot, "Press the new key for cancel_job.")
        await pilot.press("r")
        await sees(pilot, "would both have the key “r”")
        await pilot.press("x")
        await sees(pilot, "x cancel", "config.toml: keys.")
    text = file.read_text()
    assert text.startswith("# mine\nbudget_usd = 2.5 # a limit\n")
    assert tomllib.loads(text) == {
        "budget_usd": 2.5,
        "theme": "devtrail-light",
        "keys": {"help": "f1", "cancel_job": "x"},
    }


async def test_a_file_that_cannot_be_changed_is_said(house: House) -> None:
    file = config_of(house)
    file.parent.mkdir(parents=True)
    async with house.app() as (app, pilot):
        file.write_text("[broken")
        app.theme = "devtrail-light"
        await sees(pilot, "is not valid TOML")
    assert file.read_text() == "[broken"


async def test_a_dialog_that_asks_for_a_key_can_be_left(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("ctrl+k", "enter")
        await sees(pilot, "Press the new key for new_job.")
        await pilot.press("escape")
        await sees(pilot, "Choose a command.")
        await pilot.press("escape")
        assert not config_of(house).exists()
        assert app.keys == {}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_help_begins_with_what_has_the_focus_and_names_every_command(house: House, size: tuple[int, int]) -> None:
    house.opened()
    house.launch("acme/shop")
    async with house.app(size=size) as (_app, pilot):
        await sees(pilot, "Jobs · all 1")
        await pilot.press("question_mark")
        shown = await sees(pilot, "new_job", "cancel_job")
        assert shown.index("Jobs  on 1") < shown.index("Log  in the log")
        await pilot.press("escape", "l")
        await sees(pilot, "find")
        await pilot.press("question_mark")
        shown = await sees(pilot, "follow_log")
        assert "Jobs  on 1" not in shown.split("follow_log")[0]
