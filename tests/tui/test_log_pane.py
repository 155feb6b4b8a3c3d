"""The log pane: following, standing still, wrapping, times, finding, copying."""

from collections.abc import Sequence
from datetime import timedelta

from textual.geometry import Offset
from textual.selection import Selection

from devtrail_tui.core.job import Level, LogLine
from devtrail_tui.tui.widgets.log_layout import LogData, Times
from devtrail_tui.tui.widgets.log_pane import LogPane
from tests.tui.widget_host import HOSTILE, START, Host, harmless, line, seen

WINDOW = 60


def data(last: int, *, window: tuple[int, int] | None = None, job_id: int = 14) -> LogData:
    """A log of `last` lines; the window's lines are loaded, the last ones unless it is given."""
    first, until = window or (max(last - WINDOW + 1, 1), last)
    return LogData(job_id, 1, last, [line(seq) for seq in range(first, until + 1)], START)


def of(lines: Sequence[LogLine]) -> LogData:
    return LogData(14, 1, len(lines), lines, START)


def words(pane: LogPane) -> list[str]:
    """The messages in view, without times."""
    return [text[12:].rstrip() for text in seen(pane)]


def title(pane: LogPane) -> str:
    assert pane._border_title is not None
    return pane._border_title.plain


async def test_it_opens_at_the_end_and_follows() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 10)) as pilot:
        pane.update(data(1_000_000))
        await pilot.pause()
        assert words(pane)[-1] == "line 1000000 of the log"
        pane.update(data(1_000_005))
        await pilot.pause()
        assert words(pane)[-1] == "line 1000005 of the log"
        assert title(pane) == "Log · following"


async def test_a_reader_who_went_up_is_left_alone_and_told_what_is_new() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 10)) as pilot:
        pane.update(data(100))
        pane.focus()
        await pilot.press("pageup", "pageup")
        before = words(pane)
        assert not pane.following
        pane.update(data(112))
        await pilot.pause()
        assert words(pane) == before
        assert title(pane) == "Log · 12 new ↓"
        await pilot.press("f")
        assert pane.following
        assert pane.unseen == 0
        assert words(pane)[-1] == "line 112 of the log"


async def test_wheel_up_leaves_the_end_and_wheel_down_comes_back() -> None:
    pane = LogPane()
    host = Host(pane)
    async with host.run_test(size=(80, 10)) as pilot:
        pane.update(data(100))
        await pilot.pause()
        pane.scroll_to(y=pane.max_scroll_y - 3, animate=False)
        await pilot.pause()
        assert not pane.following
        pane.scroll_to(y=pane.max_scroll_y, animate=False)
        await pilot.pause()
        assert pane.following
        assert pane.cursor_seq == 100
        assert [message.following for message in host.sent(LogPane.FollowChanged)] == [False, True]


async def test_the_end_stays_the_end_when_the_terminal_changes() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 20)) as pilot:
        pane.update(data(100))
        for size in ((80, 8), (40, 30), (120, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert words(pane)[-1] == "line 100 of the log"
            assert pane.following


async def test_another_job_begins_at_its_own_end() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 10)) as pilot:
        pane.update(data(100))
        pane.focus()
        await pilot.press("g")
        pane.update(data(50, job_id=15))
        await pilot.pause()
        assert pane.following
        assert words(pane)[-1] == "line 50 of the log"


async def test_keys_move_the_cursor() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 12)) as pilot:
        pane.update(data(60))
        pane.focus()
        places = []
        for key in ("k", "up", "j", "down", "pageup", "g", "ctrl+d", "ctrl+u", "G", "home", "end"):
            await pilot.press(key)
            places.append(pane.cursor_seq)
        assert places == [59, 58, 59, 60, 51, 1, 10, 1, 60, 1, 60]
        assert pane.following


async def test_missing_lines_are_asked_for() -> None:
    pane = LogPane()
    host = Host(pane)
    async with host.run_test(size=(80, 12)) as pilot:
        pane.update(data(1_000_000))
        pane.focus()
        await pilot.press("g")
        assert seen(pane)[0].strip() == "…"
        while not host.sent(LogPane.WindowRequest):
            await pilot.pause(0.01)
        wanted = host.sent(LogPane.WindowRequest)[-1]
        assert wanted.first == 1
        assert wanted.last >= 10
        pane.update(data(1_000_000, window=(1, 60)))
        assert words(pane)[0] == "line 1 of the log"


async def test_levels_have_signs() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 10)):
        pane.update(of([line(seq, "said", level) for seq, level in enumerate(Level, start=1)]))
        assert [text[10] for text in seen(pane)[:4]] == ["·", " ", "!", "✗"]


async def test_times_as_clock_since_start_or_not_at_all() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(80, 10)) as pilot:
        pane.update(of([line(seq, "said") for seq in range(1, 4)]))
        pane.focus()
        clock = (START + timedelta(seconds=1)).astimezone().strftime("%H:%M:%S")
        assert seen(pane)[0].startswith(f" {clock}   said")
        await pilot.press("t")
        assert pane._lines.times == Times.SINCE_START
        assert seen(pane)[2].startswith("    +0:03   said")
        await pilot.press("t")
        assert seen(pane)[2].startswith("   said")
        await pilot.press("t")
        assert seen(pane)[0].startswith(f" {clock}   said")


LONG = "https://github.com/acme/shop/pull/131 " * 4


async def test_cut_lines_say_so_and_move_sideways() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(60, 10)) as pilot:
        pane.update(of([line(1, LONG), line(2, "short")]))
        await pilot.pause()
        pane.focus()
        assert seen(pane)[0].endswith("…")
        assert not seen(pane)[1].rstrip().endswith("…")
        start = seen(pane)[0][20:50]
        await pilot.press("right")
        assert seen(pane)[0][12:42] == start
        await pilot.press("left")
        assert seen(pane)[0][20:50] == start


async def test_wrapped_lines_lose_nothing_and_keep_their_place() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        lines = [line(seq, f"{seq} {LONG}") for seq in range(1, 41)]
        pane.update(LogData(14, 1, 500, lines, START))
        pane.focus()
        await pilot.press("g", "w")
        await pilot.pause()
        drawn = "".join(text[12:].rstrip() + " " for text in seen(pane))
        assert drawn.startswith(f"1 {LONG.strip()}")
        await pilot.press(*["j"] * 19)
        assert pane.cursor_seq == 20
        before = words(pane)
        moved = [line(seq, f"{seq} {LONG}") for seq in range(11, 61)]
        pane.update(LogData(14, 1, 520, moved, START))
        await pilot.pause()
        assert words(pane) == before, "the window moved, the view did not"
        await pilot.press("w")
        assert pane.cursor_seq == 20


async def test_wrapped_the_end_is_the_end() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        pane.focus()
        pane.action_wrap()
        pane.update(of([line(seq, f"{seq} {LONG}") for seq in range(1, 61)]))
        await pilot.pause()
        assert pane.following
        assert words(pane)[-1] == LONG.split()[0]
        first = pane._lines.at(round(pane.scroll_y))
        for y in range(pane.virtual_size.height):
            seq, part = pane._lines.at(y)
            assert pane._lines.y_of(seq) + part == y
        assert first[0] > 50


async def test_find_marks_and_goes_there() -> None:
    pane = LogPane()
    host = Host(pane)
    async with host.run_test(size=(80, 10)) as pilot:
        pane.update(of([line(seq, "Fix Retry storm" if seq == 7 else "other") for seq in range(1, 61)]))
        pane.focus()
        await pilot.press("n")
        assert host.sent(LogPane.FindRequest) == [], "n is the search's only while there is one"
        await pilot.press("slash")
        assert len(host.sent(LogPane.FindOpened)) == 1
        pane.show_find("retry", 7)
        assert pane.cursor_seq == 7
        assert not pane.following
        strip = next(strip for strip in (pane.render_line(y) for y in range(8)) if "Fix Retry" in strip.text)
        assert [segment.text for segment in strip if segment.style and segment.style.bold] == ["Retry"]
        await pilot.press("n", "N")
        asked = [(message.term, message.after_seq, message.backwards) for message in host.sent(LogPane.FindRequest)]
        assert asked == [("retry", 7, False), ("retry", 7, True)]
        pane.show_find("[/nowhere]", None)
        assert pane._border_subtitle is not None
        assert "“[/nowhere]” not found" in pane._border_subtitle.plain
        pane.show_find("", None)
        assert "nowhere" not in pane._border_subtitle.plain


async def test_yank_gives_text() -> None:
    pane = LogPane()
    host = Host(pane)
    async with host.run_test(size=(40, 10)) as pilot:
        pane.update(of([line(1, LONG), line(2, "two", Level.ERROR)]))
        pane.focus()
        pane.action_times()
        pane.action_times()
        await pilot.press("k", "y", "Y")
        one, every = host.sent(LogPane.CopyRequest)
        assert (one.text, one.lines) == (LONG.strip(), 1)
        assert (every.text, every.lines) == (f"{LONG.strip()}\n✗ two", 2)


async def test_text_is_selected_by_mouse() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(60, 10)) as pilot:
        pane.update(of([line(1, "one two three"), line(2, LONG), line(3, "end")]))
        await pilot.pause()
        await pilot.mouse_down(LogPane, offset=(13 + 4, 1))
        await pilot.hover(LogPane, offset=(13 + 6, 1))
        await pilot.mouse_up(LogPane, offset=(13 + 6, 1))
        selected = pilot.app.screen.get_selected_text()
        assert selected is not None
        assert selected.startswith("tw")
        everything = pane.get_selection(Selection(None, None))
        assert everything is not None
        assert LONG.strip() in everything[0]


async def test_a_wrapped_line_is_copied_as_one() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(60, 10)) as pilot:
        pane.update(of([line(1, LONG), line(2, "end")]))
        pane.action_wrap()
        await pilot.pause()
        got = pane.get_selection(Selection(Offset(12, 0), None))
        assert got is not None
        assert got[0].splitlines()[0] == LONG.strip()


async def test_hostile_lines_are_only_text() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(120, 10)) as pilot:
        pane.update(of([line(1, HOSTILE), line(2, "one\ntwo\tthree")]))
        pane.show_find(HOSTILE, None)
        pane.set_caption(HOSTILE)
        for _ in range(2):
            await pilot.pause()
            assert all(harmless(text) for text in seen(pane))
            assert "[/red] [@click=app.quit]x[/]" in "".join(seen(pane))
            pane.action_wrap()
        assert "one ↵ two" in "".join(seen(pane))
        assert harmless(title(pane))
        pilot.app.export_screenshot()


async def test_a_job_without_lines_says_so() -> None:
    pane = LogPane()
    async with Host(pane).run_test(size=(60, 10)) as pilot:
        assert "".join(seen(pane)).strip() == ""
        pane.update(LogData(14))
        pane.focus()
        await pilot.press("j", "G", "f", "w", "t", "y", "pageup")
        assert "".join(seen(pane)).strip() == "Nothing logged yet."
