"""The log on the whole screen: follow, find once round, copy, back."""

from __future__ import annotations

from devtrail_tui.core.job import Level
from devtrail_tui.tui.screens.log import LogScreen
from devtrail_tui.tui.widgets.log_pane import LogPane
from tests.store.store_examples import claim_of, note
from tests.tui.app_host import House, screen_text, sees, typed, until


def with_log(house: House, lines: int) -> int:
    """A cancelled job with a log of so many numbered lines."""
    queue = house.opened().services.queue
    job = house.launch("acme/shop")
    claim = claim_of(queue.claim("desk:1:2:test", lease_s=30).result())
    now = house.services.clock.now()
    house.services.job_log.append(
        claim, [(now, Level.INFO, f"entry {number} of many") for number in range(1, lines + 1)]
    )
    queue.cancelled(claim, "Cancelled by a test.").result()
    return job.id


async def test_the_log_opens_at_its_end_and_follows(house: House) -> None:
    job_id = with_log(house, 1200)
    async with house.app() as (app, pilot):
        await sees(pilot, "entry 1200 of many")
        await pilot.press("l")
        shown = await sees(pilot, f"Log of {job_id} · acme/shop", "following", "entry 1200 of many")
        assert "entry 1170 of many" in shown
        note(house.services.database, job_id, "a late line", Level.WARNING)
        await sees(pilot, "! a late line")
        await pilot.press("g")
        await sees(pilot, "entry 1 of many")
        note(house.services.database, job_id, "later still")
        await sees(pilot, "1 new ↓")
        assert "later still" not in screen_text(app), "a reader who went up is not pulled back"
        await pilot.press("f")
        await sees(pilot, "later still", "following")


async def test_find_goes_to_lines_far_away_and_once_round(house: House) -> None:
    with_log(house, 1200)
    async with house.app() as (app, pilot):
        await sees(pilot, "entry 1200 of many")
        await pilot.press("l", "slash")
        await typed(pilot, "entry 33")
        await sees(pilot, "entry 33 of many", "“entry 33”")
        await pilot.press("enter", "n")
        await sees(pilot, "entry 330 of many")
        await pilot.press("N")
        await sees(pilot, "entry 33 of many")
        await pilot.press("N")
        await sees(pilot, "entry 339 of many")
        await pilot.press("slash", *["backspace"] * 8)
        await typed(pilot, "nowhere")
        await sees(pilot, "not found")
        await pilot.press("enter", "escape")
        assert isinstance(app.screen, LogScreen), "the first Esc ends the search"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.dashboard, "the dashboard")
        await sees(pilot, "entry 1200 of many")


async def test_copy_wrap_and_times(house: House) -> None:
    with_log(house, 3)
    async with house.app() as (app, pilot):
        await sees(pilot, "entry 3 of many")
        await pilot.press("l")
        await sees(pilot, "Log of")
        await pilot.press("y")
        await sees(pilot, "1 line sent to the terminal")
        assert app.clipboard.endswith("entry 3 of many")
        pane = app.screen.query_one(LogPane)
        await pilot.press("w")
        assert pane._lines.wrapped
        await pilot.press("t", "t")
        await until(
            pilot, lambda: not any(":" in line for line in screen_text(app).splitlines() if "entry" in line), "no times"
        )


async def test_w_and_f_work_from_the_table(house: House) -> None:
    with_log(house, 30)
    async with house.app() as (app, pilot):
        await sees(pilot, "entry 30 of many")
        pane = app.screen.query_one(LogPane)
        wrapped, following = pane._lines.wrapped, pane.following
        await pilot.press("w", "f")
        assert (pane._lines.wrapped, pane.following) == (not wrapped, not following)
