"""One job in full: progress, settings, times, result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from devtrail_tui.core.job import Attempt, Job
from devtrail_tui.core.setting import Kind
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.live_screen import LiveScreen
from devtrail_tui.tui.screens.jobs_reading import JobsData
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.key_bar import KeyBar
from devtrail_tui.tui.widgets.progress_panel import ProgressPanel
from devtrail_tui.tui.widgets.scrolling import TextScroll

_SECRET = "secret:"  # noqa: S105 - a prefix, no secret


class JobScreen(LiveScreen[JobsData]):
    """The job selected on the dashboard, updated live."""

    DATA = JobsData
    AUTO_FOCUS = "#facts-scroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "open_log", "cancel_job", "retry_job")]
    CSS = """
    JobScreen {
        ProgressPanel { height: 12; }
        &.-low ProgressPanel { height: 9; }
        #facts-scroll {
            height: 1fr;
            border: round $border-blurred;
            padding: 0 1;
            scrollbar-size-vertical: 1;
            &:focus { border: round $border; }
        }
        #facts { height: auto; }
    }
    """

    _drawn: tuple[Job, Sequence[Attempt]] | None = None

    @override
    def compose(self) -> ComposeResult:
        """Progress above facts."""
        yield HeaderBar(demo=self.services.demo)
        yield ProgressPanel({name: job_type.title for name, job_type in self.services.catalogue.items()}, id="progress")
        with TextScroll(id="facts-scroll"):
            yield Static(id="facts")
        yield KeyBar()

    @override
    def show(self, data: JobsData) -> None:
        """Redraw progress and facts."""
        job = data.job
        if job is None or self.is_outdated(data):
            return
        self.query_one(ProgressPanel).update(job, self.services.clock.now())
        if (job, data.attempts) != self._drawn:
            self._drawn = (job, data.attempts)
            self.query_one("#facts", Static).update(self._facts(job, data.attempts))

    @override
    def tick(self, now: datetime) -> None:
        """Countdowns."""
        if self._drawn is not None:
            self.query_one(ProgressPanel).update(self._drawn[0], now)

    def _facts(self, job: Job, attempts: Sequence[Attempt]) -> Content:
        segments: list[Content | tuple[str, str] | str] = []
        for heading, rows in (
            ("Error", [("", safe(job.error))] if job.error else []),
            ("When", list(_times(job))),
            ("Attempts", [_attempt(attempt) for attempt in attempts] if len(attempts) > 1 else []),
            ("Settings", list(self._asked(job))),
            ("Result", list(_flat(job.result or {}))),
        ):
            if rows:
                segments += ["\n" if segments else "", (heading, "bold $primary"), "\n"]
                segments += [segment for name, text in rows for segment in _row(name, text)]
        return Content.assemble(*segments)

    def _asked(self, job: Job) -> Iterator[tuple[str, str]]:
        job_type = self.services.catalogue.get(job.type)
        if job_type is None:
            yield from _flat(job.config)
            return
        for setting in job_type.settings:
            config_value = job.config.get(setting.key)
            if config_value in (None, "", [], ()):
                continue
            yield setting.label, _secret(str(config_value)) if setting.kind is Kind.SECRET else _words(config_value)

    async def action_open_log(self) -> None:
        """Open the job's log screen."""
        from devtrail_tui.tui.screens.log import LogScreen

        await self.app.push_screen(LogScreen())

    async def action_cancel_job(self) -> None:
        await self.devtrail.dashboard.action_cancel_job()

    def action_retry_job(self) -> None:
        self.devtrail.dashboard.action_retry_job()

    def action_back(self) -> None:
        self.dismiss(None)


def _times(job: Job) -> Iterator[tuple[str, str]]:
    for name, moment in (("created", job.created_at), ("started", job.started_at), ("ended", job.completed_at)):
        if moment is not None:
            yield name, f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
    yield "tries", f"{job.attempt} of {job.max_attempts}"


def _attempt(each: Attempt) -> tuple[str, str]:
    ended = f" to {each.ended_at.astimezone():%H:%M:%S}" if each.ended_at else ""
    return str(each.number), " · ".join(
        phrase
        for phrase in (f"{each.started_at.astimezone():%Y-%m-%d %H:%M:%S}{ended}", each.outcome, safe(each.error or ""))
        if phrase
    )


def _secret(reference: str) -> str:
    """The source of a secret. A stored config has no secret values; an unexpected value is not shown."""
    if not reference.startswith(_SECRET):
        return "(hidden)"
    kind, _, source = reference.removeprefix(_SECRET).partition(":")
    return {"memory": "typed in"}.get(kind, f"{kind} {source}".strip())


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, item in data.items():
        name = f"{prefix}{safe_line(str(key), limit=40)}"
        if isinstance(item, Mapping):
            yield from _flat(item, f"{name}.")
        else:
            yield name, _words(item)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in _flat(value))
    return safe(str(value))


def _row(name: str, value: str) -> list[Content | tuple[str, str] | str]:
    label = [(f"  {name:<18} ", "$foreground-muted")] if name else ["  "]
    indent = "\n" + " " * (21 if name else 2)
    return [*label, Content(value.replace("\n", indent)), "\n"]
