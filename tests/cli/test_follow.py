"""What a person sees of a running job on stderr."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyte
import pytest

from devtrail_tui.cli.follow import BarNarrator, LineNarrator, bar_text, narrator
from devtrail_tui.cli.run import end_sentence, how_to_go_on, result_tables
from devtrail_tui.core.job import Job, Level, LogLine, Status
from devtrail_tui.core.progress import Part, Progress, Waiting

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = Job(
    id=14,
    type="GITHUB_SYNC",
    title="acme/shop",
    status=Status.RUNNING,
    priority=0,
    progress=61.0,
    progress_detail=Progress(percent=61, parts=(Part("acme/shop", 56, 92),), current_part="acme/shop", spent_usd=0.42),
    last_progress_at=NOW,
    config={},
    result=None,
    error=None,
    attempt=1,
    max_attempts=5,
    claim_no=1,
    crashes=0,
    run_at=NOW,
    waiting_for=None,
    timeout_s=None,
    unique_key=None,
    needs_worker=None,
    worker_id="here:1:1:x",
    lease_expires_at=NOW,
    cancel_requested_at=None,
    retry_of=None,
    spent_usd=0.4,
    created_at=NOW,
    updated_at=NOW,
    started_at=NOW,
    completed_at=None,
)


def log_line(seq: int, message: str, level: Level = Level.INFO) -> LogLine:
    return LogLine(14, seq, 1, NOW, level, message)


class Terminal(io.StringIO):
    """A terminal of 60 columns that remembers what it would show."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def shown(self) -> list[str]:
        screen = pyte.Screen(60, 10)
        pyte.Stream(screen).feed(self.getvalue().replace("\n", "\r\n"))
        return [line.rstrip() for line in screen.display if line.strip()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    return Terminal()


def test_a_running_job_on_one_line() -> None:
    assert bar_text(JOB, NOW, time_left=30) == (
        "██████████████░░░░░░░░░░  61 % · 56/92 · 0:30 left · acme/shop · $0.42"
    )


def test_waiting_for_a_limit_counts_down() -> None:
    limited = Waiting("GitHub's limit", NOW + timedelta(seconds=12))
    waiting = replace(JOB, progress_detail=replace(JOB.progress_detail, waiting=limited))
    assert "GitHub's limit (0:12)" in bar_text(waiting, NOW)
    assert "(" not in bar_text(waiting, NOW + timedelta(seconds=13))


def test_a_waiting_job_says_what_for() -> None:
    pending = replace(JOB, status=Status.PENDING, progress=0, waiting_for="The GitHub token is missing.")
    assert "○ waiting" in bar_text(pending, NOW)
    assert "The GitHub token is missing." in bar_text(pending, NOW)


def test_the_bar_redraws_in_place_and_trouble_stays_above(terminal: Terminal) -> None:
    shown_by = BarNarrator(terminal)
    shown_by.state(JOB)
    shown_by.lines([log_line(1, "#123 Fix retry storm"), log_line(2, "continuing in 12 s", Level.WARNING)])
    shown_by.state(replace(JOB, progress=100.0, status=Status.COMPLETED))
    lines = terminal.shown()
    assert len(lines) == 2
    assert lines[0].endswith("! continuing in 12 s")
    assert lines[1].startswith("█" * 14 + " 100 %")
    assert "100 % · ✓ done" in lines[1]
    shown_by.close()
    assert len(terminal.shown()) == 1


def test_the_time_left_is_said_once_it_can_be_known(terminal: Terminal) -> None:
    shown_by = BarNarrator(terminal)
    for second, progress in ((0, 0.0), (100, 1.0), (101, 2.0), (110, 11.0)):
        shown_by.state(replace(JOB, progress=progress), NOW + timedelta(seconds=second))
        assert ("1:29 left" in terminal.shown()[0]) is (progress == 11.0)
    assert " left" not in terminal.getvalue().rpartition("\r")[0]


def test_the_bar_never_wraps(terminal: Terminal) -> None:
    shown_by = BarNarrator(terminal)
    shown_by.lines([log_line(1, "wide " * 40, Level.ERROR)])
    long = replace(JOB.progress_detail, current_part="acme/" + "long" * 30)
    shown_by.state(replace(JOB, progress_detail=long))
    shown_by.state(replace(JOB, progress=62.0, progress_detail=long))
    assert len(terminal.shown()) == 2


def test_lines_are_plain_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    shown_by = narrator(stream)
    shown_by.state(JOB)
    shown_by.lines([log_line(1, "one\x1b[2Jtwo"), log_line(2, "wrong", Level.ERROR)])
    shown_by.state(replace(JOB, status=Status.PENDING, waiting_for="a token"))
    shown_by.state(replace(JOB, status=Status.PENDING, waiting_for="a token"))
    shown_by.close()
    lines = stream.getvalue().splitlines()
    assert [line[9:] for line in lines[:2]] == ["onetwo", "✗ wrong"]
    assert lines[2:] == ["Waiting: a token"]
    assert isinstance(shown_by, LineNarrator)


def test_a_terminal_gets_the_bar_and_a_dumb_one_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(narrator(terminal), BarNarrator)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(narrator(terminal), LineNarrator)


def test_the_end_is_a_sentence_and_its_lists_are_tables() -> None:
    result = {
        "message": "48 new.",
        "new": 48,
        "repositories": [{"repository": "acme/shop", "found": 1200, "note": None}],
    }
    done = replace(JOB, status=Status.COMPLETED, result=result)
    assert end_sentence(done) == "✓ done · job 14: 48 new."
    assert list(result_tables(done)) == ["", "repository  found", "acme/shop   1,200"]
    failed = replace(JOB, status=Status.FAILED, error="GitHub refused the token.\x1b[0m")
    assert end_sentence(failed) == "✗ failed · job 14: GitHub refused the token."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": Status.RUNNING}, "did not stop in time"),
        ({"status": Status.RUNNING, "worker_id": "there:2:2:y"}, "continues in another worker"),
        ({"status": Status.PENDING}, "devtrail-tui work --job 14"),
        ({"status": Status.PENDING, "needs_worker": "here:1:1:x"}, "jobs cancel 14"),
        ({"status": Status.PENDING, "waiting_for": "Set GITHUB_TOKEN."}, "It waits: Set GITHUB_TOKEN."),
    ],
)
def test_a_job_that_is_left_says_how_to_go_on(changes: dict[str, object], words: str) -> None:
    assert words in how_to_go_on(replace(JOB, **changes), "here:1:1:x")  # type: ignore[arg-type]  # fields by name
