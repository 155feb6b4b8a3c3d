"""The layout of a log: lines wrapped or cut, their prefixes and positions. Independent of widgets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.cells import cell_len

from devtrail_tui.core.status import Level
from devtrail_tui.core.text import safe
from devtrail_tui.core.wording import clock_time, since_start
from devtrail_tui.tui.widgets.cells import wrap

if TYPE_CHECKING:
    from devtrail_tui.core.job import LogLine

_SIGNS = {Level.DEBUG: "·", Level.INFO: " ", Level.WARNING: "!", Level.ERROR: "✗"}
Span = tuple[int, int]


class Times(StrEnum):
    """The prefix of a line: time of day, time since the job's start, or nothing."""

    CLOCK = "clock"
    SINCE_START = "since start"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LogData:
    """The known part of a job's log: first and last `seq` (none if `last < first`) and the loaded lines, which are contiguous.
    `job_id` None: no job is selected."""

    job_id: int | None = None
    first: int = 1
    last: int = 0
    lines: Sequence[LogLine] = ()
    started_at: datetime | None = None

    @property
    def empty(self) -> bool:
        return self.last < self.first


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """One screen line of a log line: the character span in the message, and the complete text to draw."""

    line: LogLine
    first: bool
    message: str
    start: int
    end: int
    text: str


class LogLayout:
    """Virtual lines, counted from 0, and their log lines (`seq`).

    When wrapping, loaded lines count with their real number of screen lines, all others with one. `width` is the view's width
    in cells.
    """

    def __init__(self) -> None:
        self.data = LogData()
        self.times = Times.CLOCK
        self.wrapped = False
        self._width = 0
        self._prepared: dict[int, tuple[str, Sequence[Span]]] = {}
        self._tops: list[int] = [0]

    def measure(self, width: int) -> None:
        """Lay out the loaded lines; call it when data or width changed."""
        if width != self._width and self.wrapped:
            self.forget()
        self._width = width
        loaded = {line.seq for line in self.data.lines}
        self._prepared = {seq: prepared for seq, prepared in self._prepared.items() if seq in loaded}
        self._tops = [0]
        if self.wrapped:
            for line in self.data.lines:
                self._tops.append(self._tops[-1] + len(self._prepare(line)[1]))

    def forget(self) -> None:
        """Discard prepared lines: `wrapped`, `times` or the job changed."""
        self._prepared.clear()

    @property
    def gutter(self) -> int:
        """Cells before the message: edge, time, level sign."""
        return 3 if self.times is Times.OFF else 12

    @property
    def longest(self) -> int:
        """Cells of the longest loaded line when cutting; 0 when wrapping."""
        if self.wrapped:
            return 0
        return max((cell_len(line.message) for line in self.data.lines), default=0) + self.gutter

    @property
    def height(self) -> int:
        """The number of virtual lines."""
        return 0 if self.data.empty else self.y_of(self.data.last + 1)

    def y_of(self, seq: int) -> int:
        """The first virtual line of a log line."""
        log, extra = self.data, 0
        if self.wrapped and log.lines:
            behind = min(max(seq - log.lines[0].seq, 0), len(log.lines))
            extra = self._tops[behind] - behind
        return seq - log.first + extra

    def at(self, y: int) -> tuple[int, int]:
        """The log line at a virtual line (one of the whole wrapped log), and which of its wrapped lines that is."""
        log = self.data
        if not (self.wrapped and log.lines):
            return log.first + y, 0
        start = log.lines[0].seq
        inside = y - (start - log.first)
        if inside < 0:
            return log.first + y, 0
        if inside >= self._tops[-1]:
            return start + len(log.lines) + inside - self._tops[-1], 0
        index = bisect_right(self._tops, inside) - 1
        return start + index, inside - self._tops[index]

    def line(self, seq: int) -> LogLine | None:
        """A log line; None if it is not loaded."""
        lines = self.data.lines
        index = seq - lines[0].seq if lines else -1
        return lines[index] if 0 <= index < len(lines) else None

    def lines_of(self, seq: int) -> int:
        """The number of screen lines of a log line."""
        line = self.line(seq)
        return len(self._prepare(line)[1]) if line is not None and self.wrapped else 1

    def screen_line(self, y: int) -> ScreenLine | None:
        """The content of a virtual line; None if the log line is not loaded."""
        seq, part_index = self.at(y)
        line = self.line(seq)
        if line is None:
            return None
        message, spans = self._prepare(line)
        start, end = spans[min(part_index, len(spans) - 1)]
        prefix = " " * self.gutter if part_index else self._before(line)
        return ScreenLine(line, part_index == 0, message, start, end, prefix + message[start:end])

    def plain(self, line: LogLine) -> str:
        """A line as it is copied: time, sign and message."""
        return (self._before(line) + safe(line.message)).strip()

    def matches(self, row: ScreenLine, term: str) -> Iterator[Span]:
        """The spans of `term` in a screen line."""
        shift = self.gutter - row.start
        for match in re.finditer(re.escape(term), row.message, re.IGNORECASE) if term else ():
            if match.start() < row.end and match.end() > row.start:
                yield max(match.start(), row.start) + shift, min(match.end(), row.end) + shift

    def selected(self, top: int | None, bottom: int | None, span_of: Callable[[int], Span | None]) -> str:
        """The loaded text from virtual line `top` to `bottom` (None: to the end), each cut to its character span.

        A wrapped line is one line of the text.
        """
        lines = self.data.lines
        first, last = self.y_of(lines[0].seq), self.y_of(lines[-1].seq + 1) - 1
        top = first if top is None else max(top, first)
        bottom = last if bottom is None else min(bottom, last)
        texts: list[str] = []
        for y in range(top, bottom + 1):
            row = self.screen_line(y)
            if row is None:
                continue
            start, end = selected_part(span_of(y), len(row.text)) or (0, 0)
            if row.first or y == top:
                texts.append(row.text[start:end])
            else:
                texts[-1] += row.text[max(start, self.gutter) : end]
        return "\n".join(text.rstrip() for text in texts)

    def _prepare(self, line: LogLine) -> tuple[str, Sequence[Span]]:
        """The message as drawn, and its character span on each screen line."""
        prepared = self._prepared.get(line.seq)
        if prepared is None:
            text = safe(line.message).expandtabs(4)
            if self.wrapped:
                prepared = text, wrap(text, self._width - self.gutter - 1)
            else:
                text = text.replace("\n", " ↵ ")
                prepared = text, ((0, len(text)),)
            self._prepared[line.seq] = prepared
        return prepared

    def _before(self, line: LogLine) -> str:
        """The time and level sign, in `gutter` cells."""
        sign, start = _SIGNS[line.level], self.data.started_at
        if self.times is Times.OFF:
            return f" {sign} "
        relative = self.times is Times.SINCE_START and start is not None
        time = since_start(line.timestamp, start) if relative and start is not None else clock_time(line.timestamp)
        return f" {time} {sign} "


def selected_part(span: Span | None, length: int) -> Span | None:
    """A span of Textual's selection with its end, possibly -1, resolved."""
    return None if span is None else (span[0], length if span[1] == -1 else span[1])
