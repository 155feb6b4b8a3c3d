"""Progress: what it refuses, its way through JSON, and the shape of earlier versions."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from devtrail_tui.core.progress import Count, Part, Progress, Waiting

UNTIL = datetime(2026, 3, 2, 10, 0, 0, 500, tzinfo=UTC)
WHOLE = Progress(
    percent=61.5,
    phase="reading",
    current_part="shelf B",
    current_item="page 7",
    parts=(Part("shelf A", 3, 3), Part("shelf B", 1, None, "not counted"), Part("shelf C", 0, 4)),
    parts_name="shelves",
    counts=(Count("read", 4), Count("torn", 1, bad=True)),
    spent_usd=0.25,
    budget_usd=5.0,
    waiting=Waiting("the librarian", UNTIL),
)


@pytest.mark.parametrize("progress", [WHOLE, Progress(), Progress(waiting=Waiting("a key"))])
def test_it_comes_back_from_json_as_it_was(progress: Progress) -> None:
    assert Progress.from_json(json.loads(json.dumps(progress.to_json(), allow_nan=False))) == progress


def test_times_are_stored_as_utc_and_come_back_aware() -> None:
    cest = UNTIL.astimezone(timezone(timedelta(hours=2)))
    stored = Progress(waiting=Waiting("the librarian", cest)).to_json()
    assert stored["waiting"] == {"sentence": "the librarian", "until": "2026-03-02T10:00:00.000500+00:00"}
    here = Progress(waiting=Waiting("the librarian", UNTIL.astimezone().replace(tzinfo=None)))
    back = Progress.from_json(here.to_json()).waiting
    assert back is not None
    assert back.until == UNTIL


def test_totals_are_those_of_the_parts() -> None:
    assert (WHOLE.done, WHOLE.total) == (4, 7)
    assert (Progress().done, Progress().total) == (0, 0)


@pytest.mark.parametrize("percent", [math.nan, math.inf, -math.inf])
def test_a_percentage_that_is_no_number_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match=r"A percentage must be a finite number or None, not (nan|inf|-inf)\."):
        Progress(percent=percent)


@pytest.mark.parametrize(("percent", "kept"), [(-0.1, 0), (0, 0), (100, 100), (100.0000001, 100), (None, None)])
def test_a_percentage_beside_0_to_100_is_cut(percent: float | None, kept: float | None) -> None:
    assert Progress(percent=percent).percent == kept


def test_nothing_stored_and_keys_of_a_newer_version_are_read() -> None:
    assert Progress.from_json(None) == Progress.from_json({}) == Progress()
    assert Progress.from_json({**WHOLE.to_json(), "mood": "good"}) == WHOLE


OLD: dict[str, Any] = {
    "percent": None,
    "phase": "working",
    "current_repo": "",
    "current_pr": "",
    "total": 5,
    "processed": 2,
    "new": 0,
    "stored_before": 0,
    "matched": 0,
    "not_analysed": 0,
    "failed": 3,
    "spent_usd": 0.0,
    "budget_usd": None,
    "repositories": [],
    "github_remaining": None,
    "github_limit": None,
    "github_reset_at": "",
    "waiting": "",
    "waiting_until": "",
}


def test_a_job_without_repositories_of_an_earlier_version_keeps_its_numbers() -> None:
    read = Progress.from_json(OLD)
    assert (read.phase, read.done, read.total, read.waiting) == ("working", 2, 5, None)
    assert [each for each in read.counts if each.number] == [Count("failed", 3, bad=True)]
    assert Progress.from_json({**OLD, "total": 0, "processed": 0}).parts == ()


def test_a_wait_without_an_end_of_an_earlier_version_is_read() -> None:
    assert Progress.from_json({**OLD, "waiting": "GitHub's limit"}).waiting == Waiting("GitHub's limit")
