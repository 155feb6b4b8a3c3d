"""Shows a job on stderr while it runs: a progress bar on a terminal, its log lines otherwise."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TextIO, TypeVar

from typing_extensions import override

from devtrail_tui.actions import Services
from devtrail_tui.actions.jobs import get_job
from devtrail_tui.actions.logs import log_lines
from devtrail_tui.cli.output import narrate, shortened
from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull
from devtrail_tui.core.job import Job, Level, LogLine, Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import clock_time, countdown, dollars, left, status_look

T = TypeVar("T")
_BAR_CELLS = 24
_MIN_COLUMNS = 20
_MIN_PERCENT = 3
"""Minimum progress for an estimate of the remaining time."""
_MARK = {Level.DEBUG: "", Level.INFO: "", Level.WARNING: "! ", Level.ERROR: "✗ "}


class Narrator:
    """Displays one job."""

    def lines(self, lines: Sequence[LogLine]) -> None:
        """Show new log lines, in order."""

    def state(self, job: Job) -> None:
        """Show the job's current state."""

    def close(self) -> None:
        """Clear the progress bar, if there is one."""


def narrator(stream: TextIO | None = None) -> Narrator:
    """A bar on a terminal that can redraw a line, text lines elsewhere."""
    stream = stream or sys.stderr
    return BarNarrator(stream) if stream.isatty() and os.environ.get("TERM") != "dumb" else LineNarrator(stream)


class LineNarrator(Narrator):
    """One text line per log line."""

    def __init__(self, stream: TextIO, *, prefix: str = "") -> None:
        self._stream = stream
        self._prefix = prefix
        self._waiting = ""

    @override
    def lines(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            self._write(log_text(line))

    @override
    def state(self, job: Job) -> None:
        waiting = job.waiting_for or "" if job.status is Status.PENDING else ""
        if waiting and waiting != self._waiting:
            self._write(f"Waiting: {safe_line(waiting)}")
        self._waiting = waiting

    def _write(self, text: str) -> None:
        self._stream.write(f"{self._prefix}{text}\n")
        self._stream.flush()


class BarNarrator(Narrator):
    """One line, redrawn in place; warnings and errors stay above it.

    Not rich.live, which hides the cursor: a process that is killed would leave it hidden.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar = ""
        self._start: tuple[float, datetime] | None = None

    @override
    def lines(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            if line.level in (Level.WARNING, Level.ERROR):
                self._stream.write(f"\r\x1b[2K{shortened(log_text(line), self._columns())}\n")
        if self._bar and lines:
            self._draw(self._bar)

    @override
    def state(self, job: Job, now: datetime | None = None) -> None:
        now = now or datetime.now(UTC)
        if job.status is not Status.RUNNING:
            self._start = None
        elif self._start is None and job.progress > 0:  # discovery runs at another rate than the work
            self._start = (job.progress, now)
        columns = self._columns()
        cells = min(_BAR_CELLS, columns // 4)
        bar = bar_text(job, now, time_left=self._time_left(job, now), blocks=self._blocks(), cells=cells)
        bar = shortened(bar, columns)
        if bar != self._bar:
            self._draw(bar)

    @override
    def close(self) -> None:
        if self._bar:
            self._stream.write("\r\x1b[2K")
            self._bar = ""
        self._stream.flush()

    def _time_left(self, job: Job, now: datetime) -> float | None:
        if self._start is None:
            return None
        progress, started_at = self._start
        gained, elapsed = job.progress - progress, (now - started_at).total_seconds()
        return elapsed * (100 - job.progress) / gained if gained >= _MIN_PERCENT else None

    def _draw(self, bar: str) -> None:
        self._bar = bar
        self._stream.write(f"\r\x1b[2K{bar}")
        self._stream.flush()

    def _columns(self) -> int:
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):  # the stream has no file
            columns = shutil.get_terminal_size().columns
        return max(_MIN_COLUMNS, columns - 1)

    def _blocks(self) -> str:
        return "█░" if (self._stream.encoding or "").lower().startswith("utf") else "#."


def bar_text(
    job: Job, now: datetime, *, time_left: float | None = None, blocks: str = "█░", cells: int = _BAR_CELLS
) -> str:
    """A job on one line: bar, percentage, counts, wait, time left, dollars."""
    detail = job.progress_detail
    filled = int(job.progress / 100 * cells)  # full at 100 % only
    bar = blocks[0] * filled + blocks[1] * (cells - filled)
    segments = [f"{bar} {job.progress:3.0f} %"]
    if job.status is not Status.RUNNING:
        segments.append(str(status_look(job)))
    if detail.total:
        segments.append(f"{detail.done}/{detail.total}")
    if job.status is Status.PENDING and job.waiting_for:
        segments.append(safe_line(job.waiting_for) + _countdown(job.run_at, now))
    elif detail.waiting:
        segments.append(safe_line(detail.waiting.sentence) + _countdown(detail.waiting.until, now))
    elif job.status is Status.RUNNING:
        segments.extend(_activity(job, time_left))
    if job.spent_usd or detail.spent_usd:
        segments.append(dollars(max(job.spent_usd, detail.spent_usd)))
    return " · ".join(segments)


def _activity(job: Job, time_left: float | None) -> Iterator[str]:
    detail = job.progress_detail
    if time_left is not None:
        yield left(time_left)
    if activity := safe_line(detail.current_part or detail.current_item or detail.phase):
        yield activity


def _countdown(until: datetime | None, now: datetime) -> str:
    seconds = (until - now).total_seconds() if until else 0
    return f" ({countdown(seconds)})" if seconds > 0 else ""


def log_text(line: LogLine) -> str:
    """A log line for people: local time, a sign for warnings and errors, the message."""
    return f"{clock_time(line.timestamp)} {_MARK[line.level]}{safe_line(line.message)}"


class Follower:
    """Shows a job and its new log lines at each `look`."""

    def __init__(self, services: Services, job_id: int, display: Narrator, *, from_seq: int = 1) -> None:
        self._services = services
        self._job_id = job_id
        self._narrator = display
        self._next_seq = from_seq

    def look(self) -> Job:
        """Show what is new and return the job. Raises NotFound."""
        job = get_job(
            self._services, self._job_id
        )  # read before the lines, so that a finished job's last lines are shown
        lines = tuple(log_lines(self._services, self._job_id, self._next_seq))
        if lines:
            self._next_seq = lines[-1].seq + 1
            self._narrator.lines(lines)
        self._narrator.state(job)
        return job


class Notices:
    """Prints sentences beside a narrator, no sentence twice in a row: worker and command often hit the same problem."""

    def __init__(self, display: Narrator | None = None) -> None:
        self._display = display
        self._last = ""
        self._unreadable = False

    def show(self, sentence: str) -> None:
        """Print the sentence unless it was the last one."""
        if sentence != self._last:
            self._last = sentence
            self.clear_bar()
            narrate(sentence)

    def clear_bar(self) -> None:
        """Clear the narrator's bar; the next state draws it again."""
        if self._display is not None:
            self._display.close()

    def read(self, look: Callable[[], T]) -> T | None:
        """The result of `look`; None, after a notice, if the database is busy or full. Raises all other errors."""
        try:
            answer = look()
        except (DatabaseBusy, DatabaseFull) as error:
            self._unreadable = True
            self.show(str(error))
            return None
        if self._unreadable:
            self._unreadable = False
            self.show("The database can be read again.")
        return answer
