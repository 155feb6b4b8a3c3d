"""The chosen job at a glance: its bars, its pace, its counts, and in words what it waits for, why it failed or what it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count, countdown, dollars, left, status_look, took, when
from devtrail_tui.tui.widgets.bar import bar, percent
from devtrail_tui.tui.widgets.cells import Part, entitle, fit, flow, ink, shorten, strip_of, width_of, wrap
from devtrail_tui.tui.widgets.job_table import type_title
from devtrail_tui.tui.widgets.pace import Pace

if TYPE_CHECKING:
    from devtrail_tui.core.job import Job
    from devtrail_tui.core.progress import Waiting

Line = list[Part]
_NAME_MOST = 22
_BAR_LEAST, _BAR_MOST = 6, 48
_WHOLE = "whole job"


class _Columns(NamedTuple):
    """Cells for name, bar and figure, the same on every line, so that all bars stand under each other."""

    name: int
    bar: int
    figure: int


class ProgressPanel(Widget):
    """Draws what there is room for: the job's own bar first, then what is wrong, then its parts, then counts."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"progress-panel--{ink}"
        for ink in ("muted", "running", "done", "failed", "warning", "track", "thin-track", "ended")
    }
    DEFAULT_CSS = """
    ProgressPanel {
        height: 1fr;
        background: $surface;
        color: $foreground;
        border: round $border-blurred;
        border-title-color: $foreground-muted;
        border-subtitle-color: $foreground-muted;
        & > .progress-panel--muted { color: $foreground-muted; }
        & > .progress-panel--running { color: $primary; }
        & > .progress-panel--done { color: $success; }
        & > .progress-panel--failed { color: $error; }
        & > .progress-panel--warning { color: $warning; }
        & > .progress-panel--track { background: $panel; }
        & > .progress-panel--thin-track { color: $panel; }
        & > .progress-panel--ended { color: $secondary-muted; }
    }
    """

    def __init__(
        self,
        type_titles: Mapping[str, str] | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`type_titles` gives the title of each job type by its name."""
        super().__init__(id=id, classes=classes)
        self._titles = dict(type_titles or {})
        self._job: Job | None = None
        self._now: datetime | None = None
        self._pace = Pace()
        self._lines: list[Line] = []
        self._drawn_for: tuple[int, int] | None = None
        self._entitle()

    def set_type_titles(self, titles: Mapping[str, str]) -> None:
        """The title of each job type by its name, once the catalogue is known."""
        self._titles = dict(titles)
        self._entitle()

    def update(self, job: Job | None, now: datetime) -> None:
        """Show this job as of `now`; call it at least every second while the job runs, so that countdowns move."""
        before = self._job
        if job is None or before is None or (job.id, job.claim_no) != (before.id, before.claim_no):
            self._pace = Pace()
        self._job, self._now = job, now
        if job is not None:
            self._watch_pace(job, now)
        self._entitle()
        self._draw_changes()

    def _draw_changes(self) -> None:
        """The lines that differ from those on the screen, or all where nothing is known of those."""
        width, height = self.size
        if self._drawn_for != (width, height):
            self.refresh()
            return
        before, self._lines = self._lines, self._compose_lines(width - 2, height)
        for y in range(height):
            if before[y : y + 1] != self._lines[y : y + 1]:
                self.refresh(Region(0, y, width, 1))

    def _watch_pace(self, job: Job, now: datetime) -> None:
        detail = job.progress_detail
        if job.status is not Status.RUNNING or detail.waiting:
            self._pace.rest()
        elif detail.total:
            self._pace.add(now, detail.done)

    def _entitle(self) -> None:
        job = self._job
        if job is None:
            entitle(self, "Progress")
            return
        look = status_look(job.status, cancel_requested=job.cancel_requested_at is not None)
        tries = f" · try {job.attempt} of {job.max_attempts}" if job.attempt > 1 else ""
        entitle(self, f"{job.id} · {type_title(job.type, self._titles)}", f"{look}{tries}")

    def render_line(self, y: int) -> Strip:
        """One line; all are composed anew when job, time or room change."""
        width, height = self.size.width, self.size.height
        if self._drawn_for != (width, height):
            self._drawn_for = (width, height)
            self._lines = self._compose_lines(width - 2, height)
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return strip_of([(" ", Style()), *self._lines[y]], width, self.rich_style)

    def notify_style_update(self) -> None:
        """Another theme, other inks."""
        super().notify_style_update()
        self._drawn_for = None

    # -- what is said, most important first

    def _compose_lines(self, width: int, height: int) -> list[Line]:
        job, now = self._job, self._now
        if job is None or now is None:
            return [[("No job is chosen.", self._ink("muted"))]]
        title = [(shorten(safe_line(job.title) or "—", width), Style(bold=True))]
        columns = _columns(job, width)
        total, notes, pace = self._total(job, columns), self._notes(job, now, width), self._pace_line(job, now, width)
        counts, current = self._counts(job, width), self._current(job, width)
        parts = self._parts(job, columns, width)
        # From here on it is a matter of room: each piece is added while everything before it still fits.
        spare = height - len(total) - len(notes)
        pieces: list[list[Line]] = [[], [], [], []]
        for place, lines in ((2, pace), (3, counts)):
            if lines and spare >= len(lines):
                pieces[place] = lines
                spare -= len(lines)
        shown = _folded(parts, safe_line(job.progress_detail.parts_name), spare, self._ink("muted"))
        spare -= len(shown)
        if spare >= 1:
            pieces[0] = [title]
            spare -= 1
        if current and spare >= 1:
            pieces[1] = current
            spare -= 1
        airy = spare >= 2 and bool(pieces[0])
        head = [*pieces[0], []] if airy else pieces[0]
        foot = [*pieces[2], *pieces[3], *pieces[1], *notes]
        gap: list[Line] = [[]] if foot and (total or shown) and spare >= (2 if airy else 1) else []
        return [*head, *total, *shown, *gap, *foot][:height]

    def _ink(self, name: str) -> Style:
        return ink(self, f"progress-panel--{name}")

    def _total(self, job: Job, columns: _Columns) -> list[Line]:
        """The whole job's bar."""
        detail = job.progress_detail
        if job.status is Status.PENDING and not job.progress:
            return []
        done = job.status is Status.COMPLETED
        fraction = 1.0 if done else None if detail.percent is None and not job.progress else job.progress / 100
        figure = _figure(detail.done, detail.total) if detail.total else percent(fraction)
        return [self._bar_line(_WHOLE, fraction, figure, columns, job.status, strong=True)]

    def _bar_line(
        self, name: str, fraction: float | None, figure: str, columns: _Columns, status: Status, *, strong: bool = False
    ) -> Line:
        running, room = status is Status.RUNNING, columns.bar
        full = fraction is not None and fraction >= 1
        tone = "running" if running and not full else "done" if strong and full else "ended"
        filled = bar(fraction, room, thin=full or not running or not strong).rstrip()
        return [
            (fit(name, columns.name), Style() if strong else self._ink("muted")),
            ("  ", Style()),
            *self._filled(filled, room, self._ink(tone), thick=strong and running and not full),
            ("  " + fit(figure, columns.figure, right=True), Style() if running and not full else self._ink("muted")),
        ]

    def _filled(self, filled: str, room: int, style: Style, *, thick: bool) -> Line:
        """The whole job has a full bar, its parts thin ones on a thin track, so that one thing stands out."""
        if thick:
            track = self.get_component_rich_style("progress-panel--track", partial=True)
            return [(filled.ljust(room), style + track)]
        # The track is a lighter stroke, not only another colour: the bar must be readable without any.
        return [(filled.replace("╸", "╾"), style), ("─" * (room - width_of(filled)), self._ink("thin-track"))]

    def _parts(self, job: Job, columns: _Columns, width: int) -> list[tuple[bool, Line]]:
        """A line for each part, and whether it is finished; one that is worked on comes before one that is done."""
        lines: list[tuple[bool, Line]] = []
        for each in job.progress_detail.parts:
            name = safe_line(each.name)
            finished = each.total is not None and each.done >= each.total
            if each.note and not each.total:
                note = shorten(safe_line(each.note), width - columns.name - 2)
                lines.append((True, [(fit(name, columns.name), self._ink("muted")), (f"  {note}", self._ink("muted"))]))
                continue
            fraction = None if each.total is None else 1.0 if finished else each.done / each.total
            figure = _figure(each.done, each.total)
            lines.append((finished, self._bar_line(name, fraction, figure, columns, job.status)))
        return lines

    def _pace_line(self, job: Job, now: datetime, width: int) -> list[Line]:
        """How fast, how long still, how much money."""
        detail, words, extra = job.progress_detail, [], []
        if job.status is Status.RUNNING:
            rate, seconds = self._pace.per_minute(), self._pace.seconds_left(detail.total)
            if rate is not None and seconds is not None:
                words.append(left(seconds))
                extra.append(f"{rate:,.0f} a minute")
            elif job.started_at is not None:
                words.append(f"{took((now - job.started_at).total_seconds())} so far")
        elif job.started_at is not None and job.completed_at is not None:
            words.append(f"took {took((job.completed_at - job.started_at).total_seconds())}")
            extra.append(when(job.completed_at, now))
        spent = max(detail.spent_usd, job.spent_usd)
        if spent or detail.budget_usd is not None:
            limit = f" of {dollars(detail.budget_usd)}" if detail.budget_usd is not None else ""
            words.append(dollars(spent) + limit)
        words += extra
        while len(words) > 1 and width_of(" · ".join(words)) > width:
            words.pop()
        return [[(shorten(" · ".join(words), width), self._ink("muted"))]] if words else []

    def _counts(self, job: Job, width: int) -> list[Line]:
        """The job's own counts; noughts are left out."""
        muted, failed = self._ink("muted"), self._ink("failed")
        words = [
            [
                (f"{shorten(safe_line(each.label), _NAME_MOST)} ", muted),
                (count(each.number), failed if each.bad else Style()),
            ]
            for each in job.progress_detail.counts
            if each.number
        ]
        return flow(words, width, muted)

    def _current(self, job: Job, width: int) -> list[Line]:
        """What the job is at this moment."""
        detail = job.progress_detail
        if job.status is not Status.RUNNING:
            return []
        where = " ".join(safe_line(each) for each in (detail.current_part, detail.current_item) if each)
        words = " · ".join(each for each in (safe_line(detail.phase), where) if each)
        return [[(shorten(words, width), self._ink("muted"))]] if words else []

    def _notes(self, job: Job, now: datetime, width: int) -> list[Line]:
        """The sentence that matters now: what is waited for, why it failed, what came out of it."""
        detail = job.progress_detail
        if job.status is Status.FAILED and job.error:
            return self._sentence("✗", job.error, "failed", width)
        if job.status is Status.RUNNING and job.cancel_requested_at is not None:
            return self._sentence("◌", "Stopping: what is under way is being put away.", "warning", width)
        if job.status is Status.RUNNING and detail.waiting:
            return self._sentence("!", _waiting(detail.waiting, now), "warning", width)
        if job.status is Status.PENDING:
            return self._sentence("○", _pending(job, now), "muted", width)
        if job.status is Status.CANCELLED:
            return self._sentence("■", job.error or "Cancelled; what was saved until then is kept.", "muted", width)
        if job.status is Status.COMPLETED:
            summary = _summary(job.result)
            return self._sentence("✓", summary, "done", width) if summary else []
        return []

    def _sentence(self, sign: str, text: str, tone: str, width: int) -> list[Line]:
        text, style = safe_line(text, limit=400), self._ink(tone)
        spans = wrap(text, width - 2)[:4]
        return [[((f"{sign} " if not i else "  ") + text[start:end], style)] for i, (start, end) in enumerate(spans)]


def _columns(job: Job, width: int) -> _Columns:
    """Widest figure first, then a name, and the rest for the bar."""
    detail = job.progress_detail
    figures = [_figure(detail.done, detail.total) if detail.total else "100 %"]
    figures += [_figure(each.done, each.total) for each in detail.parts]
    figure = max(width_of(each) for each in figures)
    longest = max([width_of(_WHOLE), *(width_of(safe_line(each.name)) for each in detail.parts)])
    name = min(longest, _NAME_MOST, max(width - figure - 4 - _BAR_LEAST, 8))
    return _Columns(name, min(max(width - name - figure - 4, 0), _BAR_MOST), figure)


def _figure(done: int, total: int | None) -> str:
    return f"{count(done)}/{count(total)}" if total is not None else "…"


def _waiting(waiting: Waiting, now: datetime) -> str:
    """The sentence with its countdown, where the end of the wait is known."""
    sentence = waiting.sentence.rstrip(". ")
    seconds = (waiting.until - now).total_seconds() if waiting.until else 0
    return f"{sentence}: going on in {countdown(seconds)}" if seconds > 0 else sentence


def _pending(job: Job, now: datetime) -> str:
    seconds = (job.run_at - now).total_seconds()
    again = f" Tries again in {countdown(seconds)}." if seconds > 0 and job.attempt else ""
    if job.error and again:
        return job.error.rstrip() + again
    if job.waiting_for:
        return job.waiting_for
    if seconds > 0:
        return f"Starts in {countdown(seconds)}."
    return "Waits for its turn."


def _summary(result: Mapping[str, Any] | None) -> str:
    """A handler that wants to be quoted puts a sentence under "message" (or "summary") into its result."""
    for key in ("message", "summary"):
        text = (result or {}).get(key)
        if isinstance(text, str) and text.strip():
            return text
    return ""


def _folded(lines: Sequence[tuple[bool, Line]], name: str, room: int, muted: Style) -> list[Line]:
    """The parts there is room for, in their order, those being worked on before the finished; the rest as a number."""
    if len(lines) <= room:
        return [line for _, line in lines]
    if room <= 0:
        return []
    if room == 1:
        done = sum(finished for finished, _ in lines)
        return [[(f"{len(lines)} {name}, {done} of them done", muted)]]
    by_need = sorted(range(len(lines)), key=lambda index: (lines[index][0], index))
    kept = sorted(by_need[: room - 1])
    hidden = [index for index in range(len(lines)) if index not in kept]
    done = sum(lines[index][0] for index in hidden)
    words = f"+{len(hidden)} more" + (
        f", {done} of them done" if done and done < len(hidden) else ", done" if done else ""
    )
    return [*(lines[index][1] for index in kept), [(words, muted)]]
