"""The progress panel: bars, pace, counts and the one sentence that matters now."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from devtrail_tui.core.job import Job, Status
from devtrail_tui.core.progress import Count, Part, Progress, Waiting
from devtrail_tui.tui.widgets.progress_panel import ProgressPanel
from tests.tui.widget_host import HOSTILE, NOW, Host, harmless, job, seen

DETAIL = Progress(
    percent=61,
    phase="analysing",
    current_part="acme/api",
    current_item="#123 Fix retry storm",
    parts=(Part("acme/shop", 25, 25), Part("acme/api", 31, 67)),
    parts_name="repositories",
    counts=(
        Count("new", 48),
        Count("stored before", 8),
        Count("matched", 41),
        Count("not analysed", 2),
        Count("left out", 0),
        Count("failed", 1, bad=True),
    ),
    spent_usd=0.42,
    budget_usd=5.0,
)
TITLES = {"GITHUB_SYNC": "Sync"}


async def drawn(shown: Job | None, size: tuple[int, int] = (60, 16), *, history: int = 0) -> list[str]:
    """What the panel says of a job, after so many seconds in which a pull request a second was processed."""
    panel = ProgressPanel(TITLES)
    async with Host(panel).run_test(size=size):
        for second in range(history, 0, -1):
            assert shown is not None
            first, *others = shown.progress_detail.parts
            parts = (replace(first, done=first.done - second), *others)
            detail = replace(shown.progress_detail, parts=parts)
            panel.update(replace(shown, progress_detail=detail), NOW - timedelta(seconds=second))
        panel.update(shown, NOW)
        lines = seen(panel)
        assert all(cell_len(line) == size[0] - 2 for line in lines)
        assert all(harmless(line) for line in lines)
        assert panel._border_title is not None
        return [panel._border_title.plain, *(line.strip() for line in lines)]


async def test_a_running_job_has_bars_pace_and_counts() -> None:
    lines = await drawn(job(detail=DETAIL), history=20)
    text = "\n".join(lines)
    assert lines[0] == "14 · Sync"
    assert "56/92" in next(line for line in lines if line.startswith("total"))
    assert "25/25" in next(line for line in lines if line.startswith("acme/shop  "))
    assert "31/67" in next(line for line in lines if line.startswith("acme/api "))
    assert "0:36 left · $0.42 of $5.00 · 60 a minute" in text
    assert "new 48 · stored before 8 · matched 41 · not analysed 2" in text
    assert "failed 1" in text
    assert "left out" not in text
    assert "analysing · acme/api #123 Fix retry storm" in text


async def test_bars_stand_under_each_other() -> None:
    lines = await drawn(job(detail=DETAIL))
    bars = [line for line in lines if line.endswith(("/92", "/25", "/67"))]
    assert len(bars) == 3
    assert len({len(line) for line in bars}) == 1
    assert len({min(line.index(each) for each in "█━" if each in line) for line in bars}) == 1


async def test_without_samples_no_time_left_is_said() -> None:
    text = "\n".join(await drawn(job(detail=DETAIL)))
    assert "left" not in text
    assert "a minute" not in text
    assert "0:48 so far" in text


async def test_a_wait_counts_down_and_silences_the_pace() -> None:
    waiting = replace(DETAIL, waiting=Waiting("GitHub's limit", NOW + timedelta(seconds=11.5)))
    text = "\n".join(await drawn(job(detail=waiting), history=20))
    assert "! GitHub's limit: continuing in 0:12" in text
    assert " left" not in text


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (
            job(Status.FAILED, DETAIL, error="GitHub refused the token.", completed_at=NOW),
            "✗ GitHub refused the token.",
        ),
        (job(Status.COMPLETED, DETAIL, result={"message": "All stored."}, completed_at=NOW), "✓ All stored."),
        (job(Status.CANCELLED, DETAIL, completed_at=NOW), "■ Cancelled; saved results are kept."),
        (job(Status.PENDING, waiting_for="Waits for a token.", started_at=None), "○ Waits for a token."),
        (job(Status.PENDING, run_at=NOW, started_at=None), "○ Waiting in the queue."),
        (job(Status.PENDING, run_at=NOW + timedelta(seconds=30), attempt=0), "○ Starts in 0:30."),
        (
            job(Status.PENDING, run_at=NOW + timedelta(seconds=30), attempt=2, error="GitHub is down."),
            "○ GitHub is down. Next try in 0:30.",
        ),
        (job(detail=DETAIL, cancel_requested_at=NOW), "◌ Stopping: saving what is in progress."),
    ],
)
@pytest.mark.parametrize("size", [(60, 16), (78, 6)])
async def test_the_sentence_that_matters_is_always_there(shown: Job, sentence: str, size: tuple[int, int]) -> None:
    assert sentence in await drawn(shown, size)


async def test_a_finished_job_says_how_long_it_took() -> None:
    lines = await drawn(job(Status.COMPLETED, DETAIL, completed_at=NOW - timedelta(seconds=8)))
    assert "took 0:40 · $0.42 of $5.00 · just now" in lines


async def test_figures_are_left_out_whole_rather_than_cut() -> None:
    lines = await drawn(job(Status.COMPLETED, DETAIL, completed_at=NOW), (36, 16))
    assert "took 0:48 · $0.42 of $5.00" in lines


async def test_repositories_fold_those_being_worked_on_first() -> None:
    many = tuple(Part(f"acme/service-{n}", 9 if n < 6 else n % 3, 9) for n in range(12))
    lines = await drawn(job(detail=replace(DETAIL, parts=many)), (60, 12))
    names = [line.split()[0] for line in lines if line.startswith("acme/service")]
    assert names
    assert all(int(name.removeprefix("acme/service-")) >= 6 for name in names)
    hidden = 12 - len(names)
    assert f"+{hidden} more, 6 of them done" in lines


async def test_in_little_room_the_bar_comes_first() -> None:
    lines = await drawn(job(detail=DETAIL), (78, 6))
    assert lines[1].startswith("total")
    assert lines[2] == "2 repositories, 1 of them done"
    tiny = await drawn(job(detail=DETAIL), (30, 3))
    assert tiny[1].startswith("total")


async def test_what_is_not_known_is_not_drawn_as_known() -> None:
    early = Progress(phase="looking", parts=(Part("acme/shop"), Part("acme/x", note="unknown")))
    lines = await drawn(job(detail=early, progress=0.0))
    assert any(line.startswith("acme/shop") and line.endswith("…") and "━" not in line for line in lines)
    assert "unknown" in next(line for line in lines if line.startswith("acme/x"))
    assert not any("%" in line for line in lines)


async def test_no_job_and_hostile_jobs() -> None:
    assert (await drawn(None))[1] == "No job is selected."
    hostile = Progress(
        phase=HOSTILE,
        current_item=HOSTILE,
        waiting=Waiting(HOSTILE),
        parts=(Part(HOSTILE, 1, 3), Part("a/b", note=HOSTILE)),
        parts_name=HOSTILE,
        counts=(Count(HOSTILE, 5), Count(HOSTILE * 9, 7, bad=True)),
    )
    for status in Status:
        shown = job(status, hostile, title=HOSTILE, error=HOSTILE, waiting_for=HOSTILE, result={"message": HOSTILE})
        for size in ((60, 16), (24, 8)):
            await drawn(shown, size)


async def test_only_what_is_bad_has_the_ink_of_failures() -> None:
    panel = ProgressPanel(TITLES)
    async with Host(panel).run_test(size=(60, 16)):
        panel.update(job(detail=DETAIL), NOW)
        failed = panel.get_component_rich_style("progress-panel--failed", partial=True).color
        segments = [segment for y in range(14) for segment in panel.render_line(y)]
        red = [each.text for each in segments if each.style is not None and each.style.color == failed]
    assert red == ["1"]


async def test_a_job_of_any_kind_is_drawn_by_its_own_words() -> None:
    detail = Progress(
        percent=40,
        phase="reading",
        current_part="shelf B",
        current_item="The Mythical Man-Month",
        parts=(Part("shelf A", 3, 3), Part("shelf B", 1, 7)),
        parts_name="shelves",
        counts=(Count("books", 4), Count("pages torn", 2, bad=True)),
    )
    text = "\n".join(await drawn(job(detail=detail, type="INVENTORY")))
    assert all(word in text for word in ("4/10", "3/3", "1/7", "books 4 · pages torn 2"))
    assert "reading · shelf B The Mythical Man-Month" in text
    assert "2 shelves, 1 of them done" in await drawn(job(detail=detail), (78, 6))
