"""Progress of the selected job: bars, rate, counts, and a sentence on what it waits for, its error or its result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from devtrail_tui.core.status import Status
from devtrail_tui.core.wording import status_look
from devtrail_tui.tui.widgets.cells import entitle, foreground_style, strip_of
from devtrail_tui.tui.widgets.job_table import type_title
from devtrail_tui.tui.widgets.progress_rate import ProgressRate
from devtrail_tui.tui.widgets.progress_text import Line, ProgressText

if TYPE_CHECKING:
    from devtrail_tui.core.job import Job


class ProgressPanel(Widget):
    """Draws a ProgressText, only its changed lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"progress-panel--{name}"
        for name in ("muted", "running", "done", "failed", "warning", "track", "thin-track", "ended")
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

    def __init__(self, type_titles: Mapping[str, str] | None = None, **options: Any) -> None:
        """`type_titles`: job type titles by name."""
        super().__init__(**options)
        self._titles = dict(type_titles or {})
        self._job: Job | None = None
        self._now: datetime | None = None
        self._rate = ProgressRate()
        self._lines: list[Line] = []
        self._drawn_for: tuple[int, int] | None = None
        self._entitle()

    def set_type_titles(self, titles: Mapping[str, str]) -> None:
        """Set the job type titles by name, once the catalogue is loaded."""
        self._titles = dict(titles)
        self._entitle()

    def update(self, job: Job | None, now: datetime) -> None:
        """Show the job as of `now`; call it at least every second while the job runs, for countdowns."""
        previous = self._job
        if job is None or previous is None or (job.id, job.claim_no) != (previous.id, previous.claim_no):
            self._rate = ProgressRate()
        self._job, self._now = job, now
        if job is not None:
            self._measure_rate(job, now)
        self._entitle()
        self._draw_changes()

    def _draw_changes(self) -> None:
        """Redraw the lines that differ from the screen, or all if unknown."""
        width, height = self.size
        if self._drawn_for != (width, height):
            self.refresh()
            return
        previous, self._lines = self._lines, self._text(width - 2, height)
        for y in range(height):
            if previous[y : y + 1] != self._lines[y : y + 1]:
                self.refresh(Region(0, y, width, 1))

    def _measure_rate(self, job: Job, now: datetime) -> None:
        detail = job.progress_detail
        if job.status is not Status.RUNNING or detail.waiting:
            self._rate.reset()
        elif detail.total:
            self._rate.add(now, detail.done)

    def _entitle(self) -> None:
        job = self._job
        if job is None:
            entitle(self, "Progress")
            return
        look = status_look(job)
        tries = f" · try {job.attempt} of {job.max_attempts}" if job.attempt > 1 else ""
        entitle(self, f"{job.id} · {type_title(job.type, self._titles)}", f"{look}{tries}")

    @override
    def render_line(self, y: int) -> Strip:
        """One line; all lines are recomposed when job, time or size change."""
        width, height = self.size.width, self.size.height
        if self._drawn_for != (width, height):
            self._drawn_for = (width, height)
            self._lines = self._text(width - 2, height)
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        segments = [(text, self._style(tone)) for text, tone in self._lines[y]]
        return strip_of([(" ", Style()), *segments], width, self.rich_style)

    def _text(self, width: int, height: int) -> list[Line]:
        if self._job is None or self._now is None:
            return [[("No job is selected.", "muted")]]
        seconds = self._rate.seconds_left(self._job.progress_detail.total)
        return ProgressText(self._job, self._now, width, self._rate.per_minute(), seconds).lines(height)

    def _style(self, tone: str) -> Style:
        if tone in ("", "title"):
            return Style(bold=tone == "title" or None)
        if tone == "running-bar":
            track = self.get_component_rich_style("progress-panel--track", partial=True)
            return foreground_style(self, "progress-panel--running") + track
        return foreground_style(self, f"progress-panel--{tone}")
