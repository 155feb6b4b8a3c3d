"""A tiny app around one widget, and believable values to put into it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from devtrail_tui.core.job import Job, Level, LogLine, Progress, Status
from devtrail_tui.core.job_row import JobRow
from devtrail_tui.tui.themes import THEMES
from devtrail_tui.tui.widgets.job_table import JobTableData

NOW = datetime(2026, 11, 23, 14, 31, tzinfo=UTC)
START = NOW - timedelta(seconds=48)
HOSTILE = (
    "\x1b]52;c;aGk=\x07 [/red] [@click=app.quit]x[/] [link=https://x]y\x9b2J \x00\u202egnp.exe \ud800 \U000e0041 e"
    + "\u0301" * 50
)
"""Clipboard write, broken and clickable markup, clear screen, NUL, bidi override, surrogate, tag character, piled marks."""


class Host(App[None]):
    """Shows one widget and keeps the messages it sends."""

    def __init__(self, widget: Widget, *, theme: str = "devtrail-dark") -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self.widget = widget
        self.messages: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    async def on_event(self, event: Any) -> None:
        await super().on_event(event)

    async def _on_message(self, message: Message) -> None:
        if type(message).__qualname__.split(".")[0] in {each.__name__ for each in type(self.widget).__mro__}:
            self.messages.append(message)
        await super()._on_message(message)

    def sent(self, kind: type[Message]) -> list[Any]:
        """Messages of one kind, in order."""
        return [message for message in self.messages if isinstance(message, kind)]


def seen(widget: Widget) -> list[str]:
    """What a widget draws, line by line, without its border."""
    return [widget.render_line(y).text for y in range(widget.scrollable_content_region.height)]


def row(number: int, status: Status = Status.COMPLETED, **changes: Any) -> JobRow:
    """A job as the table shows it."""
    started = None if status is Status.PENDING else START
    values: dict[str, Any] = {
        "id": number,
        "type": "GITHUB_SYNC",
        "title": f"acme/service-{number}",
        "status": status,
        "progress": 100.0 if status is Status.COMPLETED else 61.0 if status is Status.RUNNING else 0.0,
        "created_at": START,
        "run_at": START,
        "started_at": started,
        "completed_at": NOW - timedelta(seconds=8) if status.finished else None,
        "cancel_requested": False,
        "left_out": False,
        "waiting_for": None,
        "error": None,
        "attempt": 1,
        "spent_usd": 0.0,
    }
    return JobRow(**values | changes)


def table_data(newest: int, oldest: int = 1, rows: Mapping[int, JobRow] | None = None, **changes: Any) -> JobTableData:
    """Jobs `newest` down to `oldest`, all loaded unless `rows` says which are."""
    ids = array("q", range(newest, oldest - 1, -1))
    loaded = {number: row(number) for number in ids} if rows is None else rows
    return JobTableData(ids, loaded, **{"total": len(ids)} | changes)


def line(seq: int, message: str | None = None, level: Level = Level.INFO) -> LogLine:
    """A log line; each comes a second after the one before."""
    text = f"line {seq} of the log" if message is None else message
    return LogLine(14, seq, 1, START + timedelta(seconds=seq), level, text)


def job(status: Status = Status.RUNNING, detail: Progress | None = None, **changes: Any) -> Job:
    """A job as the progress panel shows it."""
    values: dict[str, Any] = {
        "id": 14,
        "type": "GITHUB_SYNC",
        "title": "acme/shop +2 · Q3 2026",
        "status": status,
        "priority": 0,
        "progress": 61.0,
        "progress_detail": detail or Progress(),
        "last_progress_at": None,
        "config": {},
        "result": None,
        "error": None,
        "attempt": 1,
        "max_attempts": 5,
        "claim_no": 1,
        "crashes": 0,
        "run_at": START,
        "waiting_for": None,
        "timeout_s": None,
        "unique_key": None,
        "needs_worker": None,
        "worker_id": "w",
        "lease_expires_at": None,
        "cancel_requested_at": None,
        "retry_of": None,
        "spent_usd": 0.0,
        "created_at": START,
        "updated_at": NOW,
        "started_at": START,
        "completed_at": None,
    }
    return Job(**values | changes)


def harmless(text: str) -> bool:
    """Whether nothing in it would be obeyed by a terminal."""
    return all(each.isprintable() or each == " " for each in text) and "\u202e" not in text
