"""A job's life on stderr: a bar where stderr is a terminal, its log lines otherwise."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol, TextIO, TypeVar

from devtrail_tui.actions import Services
from devtrail_tui.actions.jobs import get_job
from devtrail_tui.actions.logs import log_lines
from devtrail_tui.cli.output import duration, narrate, shortened, status_words
from devtrail_tui.core.errors import DatabaseBusy, DatabaseFull
from devtrail_tui.core.job import Job, Level, LogLine, Status
from devtrail_tui.core.text import safe_line

T = TypeVar("T")
_BAR_CELLS = 24
_NARROWEST = 20
_TELLING_PERCENT = 3
"""Progress from which on the time left is worth saying."""
_MARK = {Level.DEBUG: "", Level.INFO: "", Level.WARNING: "! ", Level.ERROR: "✗ "}


class Narrator(Protocol):
    """Shows one job on stderr."""

    def lines(self, lines: Sequence[LogLine]) -> None:
        """New log lines, in order."""
        ...

    def state(self, job: Job) -> None:
        """How the job stands now."""
        ...

    def close(self) -> None:
        """Leave the terminal tidy."""
        ...


def narrator(stream: TextIO | None = None) -> Narrator:
    """The fitting one for stderr."""
    stream = stream or sys.stderr
    return BarNarrator(stream) if stream.isatty() and os.environ.get("TERM") != "dumb" else LineNarrator(stream)


class LineNarrator:
    """Every log line on a line of its own."""

    def __init__(self, stream: TextIO, *, prefix: str = "") -> None:
        self._stream = stream
        self._prefix = prefix
        self._waiting = ""

    def lines(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            self._write(log_text(line))

    def state(self, job: Job) -> None:
        waiting = job.waiting_for or "" if job.status is Status.PENDING else ""
        if waiting and waiting != self._waiting:
            self._write(f"Waiting: {safe_line(waiting)}")
        self._waiting = waiting

    def close(self) -> None:
        self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(f"{self._prefix}{text}\n")
        self._stream.flush()


class BarNarrator:
    """One line that redraws itself; warnings and errors stay above it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar = ""
        self._began: tuple[float, datetime] | None = None

    def lines(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            if line.level in (Level.WARNING, Level.ERROR):
                self._stream.write(f"\r\x1b[2K{shortened(log_text(line), self._columns())}\n")
        if self._bar and lines:
            self._draw(self._bar)

    def state(self, job: Job, now: datetime | None = None) -> None:
        now = now or datetime.now(UTC)
        if job.status is not Status.RUNNING:
            self._began = None
        elif self._began is None and job.progress > 0:  # finding out what there is goes at another pace than the work
            self._began = (job.progress, now)
        columns = self._columns()
        cells = min(_BAR_CELLS, columns // 4)
        bar = bar_text(job, now, time_left=self._time_left(job, now), blocks=self._blocks(), cells=cells)
        bar = shortened(bar, columns)
        if bar != self._bar:
            self._draw(bar)

    def close(self) -> None:
        if self._bar:
            self._stream.write("\r\x1b[2K")
            self._bar = ""
        self._stream.flush()

    def _time_left(self, job: Job, now: datetime) -> float | None:
        if self._began is None:
            return None
        at_first, began = self._began
        gained, elapsed = job.progress - at_first, (now - began).total_seconds()
        return elapsed * (100 - job.progress) / gained if gained >= _TELLING_PERCENT else None

    def _draw(self, bar: str) -> None:
        self._bar = bar
        self._stream.write(f"\r\x1b[2K{bar}")
        self._stream.flush()

    def _columns(self) -> int:
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):  # no file behind the stream
            columns = 0
        return max(_NARROWEST, (columns or shutil.get_terminal_size().columns) - 1)

    def _blocks(self) -> str:
        return "█░" if (self._stream.encoding or "").lower().startswith("utf") else "#."


def bar_text(
    job: Job, now: datetime, *, time_left: float | None = None, blocks: str = "█░", cells: int = _BAR_CELLS
) -> str:
    """A job's state on one line: bar, percentage, counts, what it waits for, time left, dollars."""
    detail = job.progress_detail
    filled = int(job.progress / 100 * cells)  # full only at the end
    bar = blocks[0] * filled + blocks[1] * (cells - filled)
    parts = [f"{bar} {job.progress:3.0f} %"]
    if job.status is not Status.RUNNING:
        parts.append(status_words(job.status))
    if detail.total:
        parts.append(f"{detail.done}/{detail.total}")
    if job.status is Status.PENDING and job.waiting_for:
        parts.append(safe_line(job.waiting_for))
    elif detail.waiting:
        parts.append(safe_line(detail.waiting.sentence) + _countdown(detail.waiting.until, now))
    elif job.status is Status.RUNNING:
        parts.extend(_activity(job, time_left))
    if job.spent_usd or detail.spent_usd:
        parts.append(f"${max(job.spent_usd, detail.spent_usd):.2f}")
    return " · ".join(parts)


def _activity(job: Job, time_left: float | None) -> Iterator[str]:
    detail = job.progress_detail
    if time_left is not None:
        yield f"{duration(time_left)} left"
    doing = safe_line(detail.current_part or detail.current_item or detail.phase)
    if doing:
        yield doing


def _countdown(until: datetime | None, now: datetime) -> str:
    left = (until - now).total_seconds() if until else 0
    return f" ({duration(left)})" if left > 0 else ""


def log_text(line: LogLine) -> str:
    """A log line as people read it: local time, a sign where something is wrong, the message."""
    return f"{line.timestamp.astimezone():%H:%M:%S} {_MARK[line.level]}{safe_line(line.message)}"


class Follower:
    """Reads a job and its new log lines again and again, and shows them."""

    def __init__(self, services: Services, job_id: int, shown_by: Narrator, *, from_seq: int = 1) -> None:
        self._services = services
        self._job_id = job_id
        self._narrator = shown_by
        self._next_seq = from_seq

    def look(self) -> Job:
        """Show what is new, and return the job as it stands. Raises NotFound."""
        job = get_job(self._services, self._job_id)  # before its lines, so that a finished job's last lines are shown
        lines = tuple(log_lines(self._services, self._job_id, self._next_seq))
        if lines:
            self._next_seq = lines[-1].seq + 1
            self._narrator.lines(lines)
        self._narrator.state(job)
        return job


class Teller:
    """Says sentences beside a narrator, none twice in a row: the worker and the onlooker often meet the same trouble."""

    def __init__(self, shown_by: Narrator | None = None) -> None:
        self._shown_by = shown_by
        self._last = ""

    def tell(self, sentence: str) -> None:
        """Say it, unless it is what was said last."""
        if sentence == self._last:
            return
        self._last = sentence
        self.tidy()
        narrate(sentence)

    def tidy(self) -> None:
        """Take the narrator's bar away; the next state draws it again."""
        if self._shown_by is not None:
            self._shown_by.close()


class PatientLooks:
    """Looks at the database for a command that goes on for long: what time mends is said, and looked at again next time."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._in_vain = False

    def at(self, look: Callable[[], T]) -> T | None:
        """What is seen; None where the database cannot be read just now. Raises what time does not mend."""
        try:
            seen = look()
        except (DatabaseBusy, DatabaseFull) as error:
            self._in_vain = True
            self._teller.tell(str(error))
            return None
        if self._in_vain:
            self._in_vain = False
            self._teller.tell("The database can be read again.")
        return seen
