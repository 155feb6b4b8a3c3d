"""The lines of the progress panel, composed for the available size, most important first. Independent of widgets.

A segment has a tone instead of a style: the name of the component that draws it; "" is plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len

from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count, countdown, dollars, left, status_look, took, when
from devtrail_tui.tui.widgets.cells import bar, fit, percent, shorten, wrap

if TYPE_CHECKING:
    from devtrail_tui.core.job import Job
    from devtrail_tui.core.progress import Waiting

Line = list[tuple[str, str]]
_NAME_MOST = 22
_BAR_LEAST, _BAR_MOST = 6, 48
_TOTAL = "total"


class _Columns(NamedTuple):
    """Cells for name, bar and figure, equal on all lines so that the bars align."""

    name: int
    bar: int
    figure: int


@dataclass(frozen=True)
class ProgressText:
    """A job as of `now`, in `width` cells; rate (steps per minute) and remaining seconds are None if unknown."""

    job: Job
    now: datetime
    width: int
    per_minute: float | None
    seconds_left: float | None

    def lines(self, height: int) -> list[Line]:
        """The lines that fit: total bar first, then the note, then parts, then counts."""
        detail, columns = self.job.progress_detail, self._columns()
        total, notes = self._total(columns), self._notes()
        spare = height - len(total) - len(notes)

        def fitting(lines: list[Line]) -> list[Line]:
            """These lines if they fit below the ones above, else none."""
            nonlocal spare
            if len(lines) > spare:
                return []
            spare -= len(lines)
            return lines

        timing, counts = fitting(self._timing()), fitting(self._counts())
        part_lines = fitting(_folded(self._parts(columns), safe_line(detail.parts_name), spare))
        head = fitting([[(shorten(safe_line(self.job.title) or "—", self.width), "title")]])
        current = fitting(self._current())
        foot = [*timing, *counts, *current, *notes]
        space: list[Line] = [[]] if head and spare >= 2 else []
        gap: list[Line] = [[]] if foot and (total or part_lines) and spare > len(space) else []
        return [*head, *space, *total, *part_lines, *gap, *foot][:height]

    def _columns(self) -> _Columns:
        """The widest figure, then a name, and the rest for the bar."""
        detail = self.job.progress_detail
        figures = [_figure(detail.done, detail.total) if detail.total else "100 %"]
        figures += [_figure(item.done, item.total) for item in detail.parts]
        figure = max(map(cell_len, figures))
        longest = max(cell_len(name) for name in (_TOTAL, *(safe_line(item.name) for item in detail.parts)))
        name = min(longest, _NAME_MOST, max(self.width - figure - 4 - _BAR_LEAST, 8))
        return _Columns(name, min(max(self.width - name - figure - 4, 0), _BAR_MOST), figure)

    def _total(self, columns: _Columns) -> list[Line]:
        """The total bar."""
        job, detail = self.job, self.job.progress_detail
        if job.status is Status.PENDING and not job.progress:
            return []
        completed = job.status is Status.COMPLETED
        fraction = 1.0 if completed else None if detail.percent is None and not job.progress else job.progress / 100
        figure = _figure(detail.done, detail.total) if detail.total else percent(fraction)
        return [self._bar_line(_TOTAL, fraction, figure, columns, strong=True)]

    def _bar_line(
        self, name: str, fraction: float | None, figure: str, columns: _Columns, *, strong: bool = False
    ) -> Line:
        """A strong bar for the total, thin bars on a thin track for parts."""
        full = fraction is not None and fraction >= 1
        moving = self.job.status is Status.RUNNING and not full
        tone = "running" if moving else "done" if strong and full else "ended"
        filled = bar(fraction, columns.bar, thin=not (moving and strong)).rstrip()
        if moving and strong:
            drawn = [(filled.ljust(columns.bar), "running-bar")]
        else:
            # The track is a lighter stroke, not only another colour: the bar must be readable without colours.
            drawn = [(filled.replace("╸", "╾"), tone), ("─" * (columns.bar - cell_len(filled)), "thin-track")]
        return [
            (fit(name, columns.name), "" if strong else "muted"),
            ("  ", ""),
            *drawn,
            ("  " + fit(figure, columns.figure, right=True), "" if moving else "muted"),
        ]

    def _parts(self, columns: _Columns) -> list[tuple[bool, Line]]:
        """A line for each part, and whether the part is finished."""
        lines: list[tuple[bool, Line]] = []
        for item in self.job.progress_detail.parts:
            name = safe_line(item.name)
            finished = item.total is not None and item.done >= item.total
            if item.note and not item.total:
                note = shorten(safe_line(item.note), self.width - columns.name - 2)
                lines.append((True, [(f"{fit(name, columns.name)}  {note}", "muted")]))
                continue
            fraction = None if item.total is None else 1.0 if finished else item.done / item.total
            lines.append((finished, self._bar_line(name, fraction, _figure(item.done, item.total), columns)))
        return lines

    def _timing(self) -> list[Line]:
        """Remaining time, cost, rate; a figure that does not fit is omitted."""
        job, detail = self.job, self.job.progress_detail
        texts, extra = [], []
        if job.status is Status.RUNNING:
            if self.per_minute is not None and self.seconds_left is not None:
                texts.append(left(self.seconds_left))
                extra.append(f"{self.per_minute:,.0f} a minute")
            elif job.started_at is not None:
                texts.append(f"{took((self.now - job.started_at).total_seconds())} so far")
        elif job.started_at is not None and job.completed_at is not None:
            texts.append(f"took {took((job.completed_at - job.started_at).total_seconds())}")
            extra.append(when(job.completed_at, self.now))
        spent = max(detail.spent_usd, job.spent_usd)
        if spent or detail.budget_usd is not None:
            limit = f" of {dollars(detail.budget_usd)}" if detail.budget_usd is not None else ""
            texts.append(dollars(spent) + limit)
        texts += extra
        while len(texts) > 1 and cell_len(" · ".join(texts)) > self.width:
            texts.pop()
        return self._muted(" · ".join(texts))

    def _muted(self, text: str) -> list[Line]:
        return [[(shorten(text, self.width), "muted")]] if text else []

    def _counts(self) -> list[Line]:
        """The job's own counts; zeros are omitted."""
        return _flow(
            (
                [
                    (f"{shorten(safe_line(item.label), _NAME_MOST)} ", "muted"),
                    (count(item.number), "failed" if item.bad else ""),
                ]
                for item in self.job.progress_detail.counts
                if item.number
            ),
            self.width,
        )

    def _current(self) -> list[Line]:
        """The current part and item."""
        detail = self.job.progress_detail
        if self.job.status is not Status.RUNNING:
            return []
        where = " ".join(safe_line(item) for item in (detail.current_part, detail.current_item) if item)
        return self._muted(" · ".join(item for item in (safe_line(detail.phase), where) if item))

    def _notes(self) -> list[Line]:
        """The most relevant sentence: the wait, the error or the result."""
        sign, text, tone = self._note()
        text = safe_line(text, limit=400)
        spans = wrap(text, self.width - 2)[:4] if text else []
        return [[((f"{sign} " if not i else "  ") + text[start:end], tone)] for i, (start, end) in enumerate(spans)]

    def _note(self) -> tuple[str, str, str]:
        """Its sign, text and tone."""
        job, waiting = self.job, self.job.progress_detail.waiting
        match job.status:
            case Status.FAILED:
                return "✗", job.error or "", "failed"
            case Status.RUNNING if job.cancel_requested_at is not None:
                return "◌", "Stopping: saving what is in progress.", "warning"
            case Status.RUNNING:
                return "!", _waiting(waiting, self.now) if waiting else "", "warning"
            case Status.PENDING:
                return "○", _pending(job, self.now), "muted"
            case Status.CANCELLED:
                return "■", job.error or "Cancelled; saved results are kept.", "muted"
            case Status.COMPLETED:
                look = status_look(job)
                return look.sign, _summary(job.result), look.tone


def _figure(done: int, total: int | None) -> str:
    return f"{count(done)}/{count(total)}" if total is not None else "…"


def _waiting(waiting: Waiting, now: datetime) -> str:
    """The reason of the wait, followed by a countdown if the end of the wait is known."""
    sentence = waiting.sentence.rstrip(". ")
    seconds = (waiting.until - now).total_seconds() if waiting.until else 0
    return f"{sentence}: continuing in {countdown(seconds)}" if seconds > 0 else sentence


def _pending(job: Job, now: datetime) -> str:
    seconds = (job.run_at - now).total_seconds()
    reason = job.error or job.waiting_for if job.attempt else job.waiting_for
    if reason:
        return reason.rstrip() + (f" Next try in {countdown(seconds)}." if seconds > 0 else "")
    if seconds > 0:
        return f"Starts in {countdown(seconds)}."
    return "Waiting in the queue."


def _summary(result: Mapping[str, Any] | None) -> str:
    """The sentence under "message" (or "summary") in the result."""
    for key in ("message", "summary"):
        text = (result or {}).get(key)
        if isinstance(text, str) and text.strip():
            return text
    return ""


def _folded(lines: Sequence[tuple[bool, Line]], name: str, room: int) -> list[Line]:
    """The parts that fit, in order, active before finished ones; the others as a number."""
    if len(lines) <= room:
        return [line for _, line in lines]
    if room <= 0:
        return []
    if room == 1:
        finished = sum(item for item, _ in lines)
        return [[(f"{len(lines)} {name}, {finished} of them done", "muted")]]
    by_need = sorted(range(len(lines)), key=lambda index: (lines[index][0], index))
    visible, hidden = sorted(by_need[: room - 1]), by_need[room - 1 :]
    finished = sum(lines[index][0] for index in hidden)
    state = ", done" if finished == len(hidden) else f", {finished} of them done" if finished else ""
    return [*(lines[index][1] for index in visible), [(f"+{len(hidden)} more{state}", "muted")]]


def _flow(texts: Iterable[Line], width: int) -> list[Line]:
    """Texts joined with dots, in as many lines as needed."""
    lines: list[Line] = []
    used = 0
    for word in texts:
        length = sum(cell_len(text) for text, _ in word)
        if lines and used + 3 + length <= width:
            lines[-1] += [(" · ", "muted"), *word]
            used += 3 + length
        else:
            lines.append(list(word))
            used = length
    return lines
