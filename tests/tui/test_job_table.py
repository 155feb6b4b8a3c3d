"""The job table: what it draws at each width, where its cursor stays, what it asks for."""

from array import array
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot

from devtrail_tui.core.job import Status
from devtrail_tui.tui.widgets.columns import share_out
from devtrail_tui.tui.widgets.job_table import JobTable, JobTableData, type_word
from tests.tui.widget_host import HOSTILE, NOW, START, Host, harmless, row, seen, table_data

TITLES = {"GITHUB_SYNC": "Sync pull requests", "AI_ANALYSIS": "Analyse"}
ROWS = {
    14: row(14, Status.RUNNING, title="acme/shop +2 · Q3 2026"),
    13: row(13, title="acme/shop"),
    12: row(12, Status.FAILED, progress=22.0, error="GitHub refused the token."),
    11: row(11, Status.CANCELLED, progress=48.0),
    10: row(10, Status.PENDING, waiting_for="waits for job 14"),
    9: row(9, Status.RUNNING, cancel_requested=True),
}
DATA = JobTableData(array("q", sorted(ROWS, reverse=True)), ROWS, total=6)


async def settled(pilot: Pilot[None]) -> None:
    """Until the debounced question for rows, if any, was asked."""
    await pilot.pause()
    table = pilot.app.query_one(JobTable)
    while table._window_timer is not None:
        await pilot.pause(0.01)
    await pilot.pause()


async def test_a_job_is_told_by_sign_word_bar_and_times() -> None:
    table = JobTable(TITLES)
    async with Host(table).run_test(size=(120, 12)):
        table.update(DATA, NOW)
        heading, running, done, failed, cancelled, waiting, stopping, *_ = seen(table)
        assert heading.split() == ["#", "Type", "What", "Status", "Progress", "Took", "When"]
        assert " ".join(running.split()) == "▸ 14 Sync acme/shop +2 · Q3 2026 ● running ████████████▎ 61 % 0:48 now"
        assert done.split() == ["13", "Sync", "acme/shop", "✓", "done", "━" * 20, "0:40", "just", "now"]
        assert "acme/service-12  GitHub refused" in failed
        assert "✗ failed" in failed
        assert "22 %" in failed
        assert "■ cancelled" in cancelled
        assert "○ waiting" in waiting
        assert "waits for job" in waiting
        assert "◌ stopping" in stopping
        assert table._border_title is not None
        assert table._border_title.plain == "Jobs · all 6"


async def test_figures_stand_under_each_other() -> None:
    table = JobTable(TITLES)
    async with Host(table).run_test(size=(120, 12)):
        table.update(DATA, NOW)
        heading, *lines = seen(table)
        for line in lines[:6]:
            assert line[heading.index("Status")] in "●✓✗■○◌"
            assert line[: heading.index("#") + 1].split()[-1].isdecimal()


@pytest.mark.parametrize(
    ("width", "there", "gone"),
    [(80, ["Type", "When"], ["Took"]), (120, ["Type", "Took", "When"], []), (60, ["What", "Status"], ["Took", "When"])],
)
async def test_columns_go_in_a_considered_order(width: int, there: list[str], gone: list[str]) -> None:
    table = JobTable(TITLES)
    async with Host(table).run_test(size=(width, 12)):
        table.update(DATA, NOW)
        lines = seen(table)
        assert all(name in lines[0] for name in there)
        assert not any(name in lines[0] for name in gone)
        assert "61 %" in lines[1]
        assert all(cell_len(line) == width - 2 for line in lines)


def columns_for(width: int, number: int, kind: int) -> dict[str, int]:
    """Cells of each column when ids and type titles need `number` and `kind`."""
    return share_out(JobTable().columns(), width, {"#": number, "Type": kind})


@given(st.integers(0, 400), st.integers(2, 7), st.integers(4, 12))
def test_columns_never_exceed_the_line(width: int, number: int, kind: int) -> None:
    cells = columns_for(width, number, kind).values()
    assert 3 + sum(cells) + 2 * sum(1 for each in cells if each) + 1 <= max(width + 2, 45)


@given(st.integers(70, 300))
def test_what_has_room_first(width: int) -> None:
    here, wider = columns_for(width, 3, 7), columns_for(width + 1, 3, 7)
    assert here["What"] >= 20
    assert all(wider[title] >= here[title] for title in ("Took", "When", "Progress"))


async def test_the_cursor_keeps_its_job_when_rows_arrive_above() -> None:
    table = JobTable()
    host = Host(table)
    async with host.run_test(size=(100, 12)) as pilot:
        table.update(table_data(100), NOW)
        table.focus()
        await pilot.press("j", "j", "j")
        assert table.cursor_job_id == 97
        before = seen(table)
        table.update(table_data(103), NOW)
        await pilot.pause()
        assert table.cursor_job_id == 97
        assert seen(table) == before
        assert table.unseen == 3
        assert table._border_subtitle is not None
        assert table._border_subtitle.plain == "↑ 3 new · / filter"
        await pilot.press("g")
        assert table.cursor_job_id == 103
        assert table.unseen == 0


async def test_on_the_first_line_the_cursor_follows_the_newest() -> None:
    table = JobTable()
    host = Host(table)
    async with host.run_test(size=(100, 12)) as pilot:
        table.update(table_data(100), NOW)
        table.update(table_data(102), NOW)
        await pilot.pause()
        assert table.cursor_job_id == 102
        assert seen(table)[1].split()[1] == "102"
        assert [message.row_id for message in host.sent(JobTable.Highlighted)] == [100, 102]


async def test_a_view_scrolled_by_wheel_stands_still() -> None:
    table = JobTable()
    async with Host(table).run_test(size=(100, 12)) as pilot:
        table.update(table_data(100), NOW)
        await pilot.pause()
        table.scroll_to(y=30, animate=False)
        await pilot.pause()
        before = [line[6:] for line in seen(table)]
        table.update(table_data(105), NOW)
        await pilot.pause()
        assert [line[6:] for line in seen(table)] == before


async def test_a_job_that_went_leaves_the_cursor_in_its_place() -> None:
    table = JobTable()
    async with Host(table).run_test(size=(100, 12)) as pilot:
        table.update(table_data(10), NOW)
        table.focus()
        await pilot.press("j", "j")
        assert table.cursor_job_id == 8
        data = table_data(10)
        table.update(replace(data, ids=array("q", [each for each in data.ids if each != 8])), NOW)
        assert table.cursor_job_id == 7
        table.update(JobTableData(), NOW)
        assert table.cursor_job_id is None


async def test_another_filter_keeps_the_job_or_begins_at_the_top() -> None:
    table = JobTable()
    async with Host(table).run_test(size=(100, 12)) as pilot:
        table.update(table_data(50), NOW)
        table.focus()
        await pilot.press("G")
        assert table.cursor_job_id == 1
        table.update(table_data(20, filter_text="state:done", total=50), NOW)
        assert table.cursor_job_id == 1
        table.update(table_data(40, 30, filter_text="repo:x", total=50), NOW)
        await pilot.pause()
        assert table.cursor_job_id == 40
        assert table._border_title is not None
        assert table._border_subtitle is not None
        assert table._border_title.plain == "Jobs · 11 of 50"
        assert table._border_subtitle.plain == "/ repo:x"


async def test_missing_rows_are_placeholders_and_asked_for_once() -> None:
    table = JobTable()
    host = Host(table)
    async with host.run_test(size=(100, 13)) as pilot:
        data = table_data(100_000, rows={number: row(number) for number in range(99_950, 100_001)})
        table.update(data, NOW)
        await settled(pilot)
        assert host.sent(JobTable.WindowRequest) == []
        table.focus()
        await pilot.press("G")
        await settled(pilot)
        (wanted,) = host.sent(JobTable.WindowRequest)
        assert wanted.first <= 99_990
        assert wanted.last == 99_999
        assert seen(table)[-1].split() == ["▸", "1", "…"]
        table.update(JobTableData(data.ids, {number: row(number) for number in range(1, 60)}), NOW)
        assert "acme/service-1 " in seen(table)[-1]


async def test_keys_move_and_open() -> None:
    table = JobTable()
    host = Host(table)
    async with host.run_test(size=(100, 13)) as pilot:
        table.update(table_data(60), NOW)
        table.focus()
        places = []
        for key in ("j", "down", "k", "up", "up", "pagedown", "ctrl+d", "pageup", "G", "end", "home", "enter"):
            await pilot.press(key)
            places.append(table.cursor_job_id)
        assert places == [59, 58, 59, 60, 60, 51, 42, 51, 1, 1, 60, 60]
        assert [message.row_id for message in host.sent(JobTable.RowOpened)] == [60]


async def test_a_click_chooses_and_a_double_click_opens() -> None:
    table = JobTable()
    host = Host(table)
    async with host.run_test(size=(100, 13)) as pilot:
        table.update(table_data(60), NOW)
        await pilot.pause()
        await pilot.click(JobTable, offset=(20, 1))
        assert table.cursor_job_id == 60, "the heading is no job"
        await pilot.click(JobTable, offset=(20, 4))
        assert table.cursor_job_id == 58
        assert host.sent(JobTable.RowOpened) == []
        await pilot.double_click(JobTable, offset=(20, 5))
        assert [message.row_id for message in host.sent(JobTable.RowOpened)] == [57]


async def test_an_empty_table_says_what_to_do() -> None:
    table = JobTable()
    host = Host(table)
    async with host.run_test(size=(80, 12)) as pilot:
        table.update(JobTableData(), NOW)
        assert [line.strip() for line in seen(table)[1:] if line.strip()] == [
            "No jobs yet.",
            "Press n to start a sync.",
        ]
        table.set_first_steps(["✗ No GitHub token."])
        assert [line.strip() for line in seen(table)[1:] if line.strip()] == [
            "No jobs yet. Press n to start a sync, or d for the demo on made-up data.",
            "✗ No GitHub token.",
        ]
        table.update(JobTableData(filter_text="state:[/]", total=3), NOW)
        words = [line.strip() for line in seen(table)[1:] if line.strip()]
        assert words == ["Nothing matches “state:[/]”.", "Press esc to clear the filter."]
        table.focus()
        await pilot.press("enter", "j", "G")
        assert host.sent(JobTable.RowOpened) == []


async def test_times_go_on_without_new_data() -> None:
    table = JobTable()
    async with Host(table).run_test(size=(120, 12)):
        table.update(DATA, NOW)
        table.tick(NOW + timedelta(minutes=5))
        assert "5:48" in seen(table)[1]
        assert "5 min ago" in seen(table)[2]


async def test_hostile_text_is_only_text() -> None:
    table = JobTable({"GITHUB_SYNC": "Sync"})
    async with Host(table).run_test(size=(160, 12)) as pilot:
        rows = {
            2: row(2, title=HOSTILE, type=HOSTILE),
            1: row(1, Status.FAILED, title="acme", error=HOSTILE),
        }
        table.update(JobTableData(array("q", [2, 1]), rows, filter_text=HOSTILE, total=9), NOW)
        await pilot.pause()
        assert all(harmless(line) for line in seen(table))
        assert "[/red] [@click=app.quit]x[/]" in seen(table)[1]
        assert table._border_subtitle is not None
        assert harmless(table._border_subtitle.plain)
        pilot.app.export_screenshot()


async def test_a_row_from_the_future_or_without_times_is_drawn() -> None:
    table = JobTable()
    async with Host(table).run_test(size=(120, 12)):
        odd = row(1, Status.RUNNING, started_at=None, created_at=NOW + timedelta(days=3), progress=400.0)
        late = row(2, Status.PENDING, run_at=START + timedelta(hours=5))
        table.update(JobTableData(array("q", [2, 1]), {1: odd, 2: late}), NOW)
        assert "in 5 h" in seen(table)[1]
        assert "99 %" in seen(table)[2]


def test_the_type_column_has_room_for_a_word() -> None:
    assert type_word("GITHUB_SYNC", TITLES) == "Sync"
    assert type_word("AI_ANALYSIS", TITLES) == "Analyse"
    assert type_word("MY_PLUGIN", TITLES) == "My"
    assert type_word("", {}) == ""
