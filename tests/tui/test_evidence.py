"""The evidence screen: the list, its filter, and one entry with its matches and quotes."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.core.evidence import AnalysisState, Match, NewEvidence, Role
from devtrail_tui.core.job import NewJob
from devtrail_tui.tui import links
from devtrail_tui.tui.screens.evidence import EvidenceScreen
from devtrail_tui.tui.widgets.columns import share_out
from devtrail_tui.tui.widgets.evidence_table import EvidenceTable
from tests.store.store_examples import Judged, claim_of, judged, new_evidence, save
from tests.tui.app_host import House, screen_text, sees, typed, until
from tests.tui.widget_host import HOSTILE, harmless


def store(house: House, *entries: NewEvidence | Judged) -> list[int]:
    """Put evidence into the database, as a job would, and give the ids."""
    queue = house.services.queue
    job = queue.enqueue(NewJob("OTHER")).result()
    claim = claim_of(queue.claim("desk:1:2:test", lease_s=30).result())
    ids = save(house.services.evidence, claim, *entries)
    queue.finish(claim, {}).result()
    queue.delete(job.id).result()
    return ids


def matched(house: House, number: int = 7, **changes: Any) -> Judged:
    """Evidence that speaks for the first criterion of the rubric."""
    criterion = house.services.criteria.list()[0]
    match = Match(criterion.id, 0.88, "Found the cause in the queue [/b].", ("Backs off when the queue is full.",))
    return judged(number, matches=(match,), **changes)


async def test_the_list_shows_newest_first_with_what_it_speaks_for(house: House) -> None:
    house.opened()
    store(
        house,
        matched(house, 7, roles=(Role.AUTHOR, Role.COMMENTER)),
        judged(8, title="Second", matches=()),
        new_evidence(9, title="Third"),
        judged(10, title="Fourth", state=AnalysisState.FAILED, note="refused"),
    )
    async with house.app(size=(160, 30)) as (_app, pilot):
        await pilot.press("2")
        shown = await sees(pilot, "Evidence · all 4", "Fix retry storm 7")
        order = [shown.index(text) for text in ("Fourth", "Third", "Second", "Fix retry storm 7")]
        assert order == sorted(order)
        lines = {number: next(line for line in shown.splitlines() if f"#{number} " in line) for number in (7, 8, 9, 10)}
        assert "✓ 1, best 88" in lines[7]
        assert "author, commenter" in lines[7]
        assert "services/queue" in lines[7]
        assert "2026-03-02" in lines[7]
        assert "– no match" in lines[8]
        assert "○ not analysed" in lines[9]
        assert "✗ failed" in lines[10]


async def test_an_entry_opens_with_metrics_criterion_explanation_and_quotes(house: House) -> None:
    house.opened()
    criterion = house.services.criteria.list()[0]
    store(house, new_evidence(9, title="Other"), matched(house, 10))
    async with house.app() as (app, pilot):
        await pilot.press("2")
        await sees(pilot, "Fix retry storm 10")
        await pilot.press("enter")
        shown = await sees(pilot, "Matches", "“Backs off when the queue is full.”")
        assert "acme/shop #10" in shown
        assert "https://github.com/acme/shop/pull/10" in shown
        assert "+10 −4 in 1 files" in shown or "+10 −4 in 1 file " in shown
        assert "open 3.0 days" in shown
        assert f"{criterion.area_of_concentration} · {criterion.subarea}" in shown
        assert " 88  " in shown
        assert "Found the cause in the queue [/b]." in shown
        assert "components  services/queue" in shown
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, EvidenceScreen), "the list")
        await pilot.press("1")
        await sees(pilot, "Jobs · all 0")


async def test_what_was_not_analysed_says_so(house: House) -> None:
    house.opened()
    store(house, judged(9, state=AnalysisState.NOT_ANALYSED, note="No Claude key was found."))
    async with house.app() as (_app, pilot):
        await pilot.press("2")
        await sees(pilot, "○ not analysed")
        await pilot.press("enter")
        await sees(pilot, "○ Not analysed yet.", "No Claude key was found.")


async def test_the_filter_narrows_and_esc_widens(house: House) -> None:
    house.opened()
    store(house, new_evidence(7, title="Cache"), new_evidence(8, title="Queue", repository="acme/api"))
    async with house.app() as (_app, pilot):
        await pilot.press("2")
        await sees(pilot, "Evidence · all 2")
        await pilot.press("slash")
        await typed(pilot, "repo:api")
        shown = await sees(pilot, "Evidence · 1 of 2")
        assert "Cache" not in shown
        await pilot.press("enter", "escape")
        await sees(pilot, "Evidence · all 2", "Cache")
        await pilot.press("slash")
        await typed(pilot, "role:king")
        await sees(pilot, "“king” is not a role")


async def test_an_entry_that_comes_while_the_list_is_open_appears(house: House) -> None:
    async with house.app() as (_app, pilot):
        await pilot.press("2")
        await sees(pilot, "No evidence yet.")
        store(house, new_evidence(7))
        await sees(pilot, "Evidence · all 1", "Fix retry storm 7")


async def test_hostile_text_is_only_text(house: House) -> None:
    house.opened()
    store(house, matched(house, 7, title=HOSTILE, body=HOSTILE))
    async with house.app() as (app, pilot):
        await pilot.press("2")
        await sees(pilot, "Evidence · all 1")
        harmless(screen_text(app))
        await pilot.press("enter")
        await sees(pilot, "Matches", "[/red]")
        harmless(screen_text(app))


async def test_the_browser_is_opened_only_with_a_web_address(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_it(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_it)
    monkeypatch.setattr(links, "_has_browser", lambda: True)
    house.opened()
    store(house, new_evidence(7), new_evidence(6, url="file:///etc/passwd", title="Bad"))
    async with house.app() as (_app, pilot):
        await pilot.press("2")
        await sees(pilot, "Fix retry storm 7")
        await pilot.press("o")
        await until(pilot, lambda: opened, "the browser")
        await pilot.press("enter")
        await sees(pilot, "Matches")
        await pilot.press("o")
        await until(pilot, lambda: len(opened) == 2, "the browser")
        assert opened == ["https://github.com/acme/shop/pull/7"] * 2
        await pilot.press("escape", "j", "enter")
        await sees(pilot, "Matches", "Bad")
        await pilot.press("o")
        await sees(pilot, "This entry has no link.")
        assert len(opened) == 2


async def test_a_link_or_a_quote_is_copied(house: House) -> None:
    house.opened()
    store(house, matched(house, 7))
    async with house.app() as (app, pilot):
        await pilot.press("2")
        await sees(pilot, "Fix retry storm 7")
        await pilot.press("enter")
        await sees(pilot, "Backs off when the queue is full.")
        await pilot.press("y")
        await sees(pilot, "What to copy", "/pull/7", "Backs off when the queue is full.")
        await pilot.press("j", "enter")
        await sees(pilot, "Sent to the terminal's clipboard.")
        assert app.clipboard == "Backs off when the queue is full."


async def test_the_list_is_written_to_a_file(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    house.opened()
    store(house, matched(house, 7), judged(8, title="Second", matches=()))
    async with house.app() as (_app, pilot):
        await pilot.press("2")
        await sees(pilot, "Fix retry storm 7")
        await pilot.press("X")
        await sees(pilot, "Write the evidence to a file", "All entries.")
        await pilot.press("enter")
        await sees(pilot, "2 entries written to")
        file = tmp_path / f"evidence-{house.services.clock.now().astimezone():%Y-%m-%d}.md"
        assert "Fix retry storm 7" in file.read_text()
        file.write_text("mine")
        await pilot.press("X", "enter")
        await sees(pilot, "exists. Replace it?")
        await pilot.press("n")
        assert file.read_text() == "mine"
        await pilot.press("enter")
        await sees(pilot, "Replace it?")
        await pilot.press("y")
        await until(pilot, lambda: file.read_text() != "mine", "the replaced file")
        await pilot.press("X", "tab", "backspace", "backspace", "enter")
        await sees(pilot, "whole number from 0 to 100")


@pytest.mark.parametrize("width", range(20, 220, 7))
def test_columns_never_take_more_than_the_line(width: int) -> None:
    cells = share_out(EvidenceTable().columns(), width, {"Pull request": 16})
    taken = 3 + 1 + sum(each + 2 for each in cells.values() if each) - 2
    assert taken <= width or cells["Title"] == 0
    if width >= 80:
        assert cells["Title"] >= 28


async def test_an_empty_list_says_that_a_job_is_running(house: House) -> None:
    async with house.app() as (_app, pilot):
        house.launch("acme/shop")
        await until(pilot, house.stage.begun.is_set, "the job's begin")
        await pilot.press("2")
        await sees(pilot, "No evidence yet.", "A job is running; what it stores appears here. Watch it: 1.")
        house.stage.let_go.set()
        await sees(pilot, "To start a sync, press 1")
