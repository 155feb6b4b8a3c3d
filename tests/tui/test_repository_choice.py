"""The choice of repositories in the new-job form, against the demo's GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.server import GITHUB_TOKEN
from devtrail_tui.tui.form_fields import RepositoriesField
from devtrail_tui.tui.screens.new_job import NewJobScreen
from devtrail_tui.tui.screens.repositories import RepositoriesScreen
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer
from tests.tui.app_host import House, screen_text, sees, typed, until


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(build_world()) as running:
        yield running


@pytest.fixture
def github_house(tmp_path: Path, server: FaultyServer) -> House:
    return House(tmp_path, {"GITHUB_TOKEN": GITHUB_TOKEN}, github_url=server.url, github_pause_s=0.0)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_repositories_are_marked_and_taken(github_house: House, size: tuple[int, int]) -> None:
    async with github_house.app(size=size) as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *", "^r repositories")
        await typed(pilot, "other/place ACME/API ")
        await pilot.press("ctrl+r")
        shown = await sees(pilot, "Which repositories?", "acme/shop", "acme/platform", "space mark")
        assert "pull requests" in shown
        assert "4 repositories with pull requests of robin-demo" in shown
        await pilot.press("space", "j", "space", "j", "j", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, NewJobScreen), "the form")
        names = app.screen.query_one(RepositoriesField).query_one(Input).value.split()
        assert names[0] == "other/place", "what was typed stays"
        rows = re.findall(r"\[[ x]\] (acme/\w+)", shown)
        toggled = {rows[0], rows[1], rows[3]}
        assert set(names[1:]) == toggled ^ {"acme/api"}, "the one that was typed is marked at first"


async def test_what_was_typed_is_marked_already_and_esc_changes_nothing(github_house: House) -> None:
    async with github_house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await typed(pilot, "acme/SHOP")
        await pilot.press("ctrl+r")
        await sees(pilot, "Which repositories?", "[x] acme/shop")
        assert isinstance(app.screen, RepositoriesScreen)
        assert "[x] acme/shop" in screen_text(app)
        assert screen_text(app).count("[x] acme") == 1
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewJobScreen), "the form")
        assert app.screen.query_one(RepositoriesField).raw == "acme/SHOP"


async def test_keys_typed_before_github_has_answered_go_nowhere_else(github_house: House, server: FaultyServer) -> None:
    gate = server.faults.hang("user")
    async with github_house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await pilot.press("ctrl+r")
        await sees(pilot, "Asking GitHub in which repositories you took part")
        await pilot.press("j", "space", "x", "enter")
        gate.release()
        await sees(pilot, "[ ] acme/shop")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewJobScreen), "the form")
        assert app.screen.query_one(RepositoriesField).raw == ""


async def test_an_error_is_shown_instead_of_the_list(github_house: House, server: FaultyServer) -> None:
    server.faults.always("user", GitHubFault.unauthorized())
    async with github_house.app() as (_app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *")
        await pilot.press("ctrl+r")
        await sees(pilot, "rejected the GitHub token (401)")
