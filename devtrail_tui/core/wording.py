"""Wording of statuses, amounts, durations and times for both front ends. The current time is always a parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from typing_extensions import override

from devtrail_tui.core.status import Status

MINUTE, HOUR, DAY = 60, 3600, 86400
TOOK_WIDTH = 7
"""Maximum cells of `took` (below ten thousand days)."""
WHEN_WIDTH = 10
"""Maximum cells of `when`."""
AGE_WIDTH = 8
"""Maximum cells of `age`."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class StatusLook:
    """A sign, a word, and their colour tone (`running`, `done`, `warning`, `failed`, `quiet`); the word alone is sufficient."""

    sign: str
    word: str
    tone: str

    @override
    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


_LOOKS = {
    Status.PENDING: StatusLook("○", "waiting", "quiet"),
    Status.RUNNING: StatusLook("●", "running", "running"),
    Status.COMPLETED: StatusLook("✓", "done", "done"),
    Status.FAILED: StatusLook("✗", "failed", "failed"),
    Status.CANCELLED: StatusLook("■", "cancelled", "quiet"),
}
_STOPPING = StatusLook("◌", "stopping", "running")
_PARTLY = StatusLook("◐", "partly", "warning")
STATUS_WIDTH = max(len(str(look)) for look in (*_LOOKS.values(), _STOPPING, _PARTLY))
"""Cells of the longest sign and word."""


class StatusFacts(Protocol):
    """What the look of a job's status depends on."""

    @property
    def status(self) -> Status: ...

    @property
    def cancel_requested(self) -> bool: ...

    @property
    def left_out(self) -> bool: ...


def status_look(job: StatusFacts) -> StatusLook:
    """The look of a job's status. A running job that was asked to cancel is "stopping", a completed one that left something out
    is "partly" done."""
    if job.status is Status.RUNNING and job.cancel_requested:
        return _STOPPING
    return _PARTLY if job.status is Status.COMPLETED and job.left_out else _LOOKS[job.status]


def dollars(amount: float) -> str:
    """Dollars to the cent: "$0.42", "$1,204.00"; positive amounts below half a cent are "<$0.01"."""
    return "<$0.01" if 0 < amount < 0.005 else f"${amount:,.2f}"


def count(number: int) -> str:
    """A whole number with thousands separators: "4,812"."""
    return f"{number:,}"


def count_of(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 job", "4,812 jobs"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def file_size(size: int) -> str:
    """Bytes as megabytes or gigabytes: "1.2 MB", "3.4 GB"."""
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def days_of(days: float) -> str:
    """A duration in a suitable unit: "12 min", "4.5 h", "2.8 days"."""
    if days < 1 / 24:
        return f"{days * 1440:.0f} min"
    return f"{days * 24:.1f} h" if days < 1 else f"{days:.1f} days"


def span(seconds: float) -> str:
    """A chosen length of time in a suitable unit: "90 s", "30 min", "12 h", "2 d"."""
    for unit, unit_s, least_s in (("d", DAY, 2 * DAY), ("h", HOUR, HOUR), ("min", MINUTE, 2 * MINUTE)):
        if seconds >= least_s:
            return f"{seconds / unit_s:.3g} {unit}"
    return f"{seconds:.3g} s"


def took(seconds: float) -> str:
    """A duration: "0:48", "12:05", "1:02:03", "10 h 02", "4.2 d". Negative durations count as 0."""
    whole_seconds = max(0, math.floor(seconds))
    if whole_seconds < 10 * HOUR:
        return _clock(whole_seconds)
    if whole_seconds < 100 * HOUR:
        return f"{whole_seconds // HOUR} h {whole_seconds % HOUR // MINUTE:02}"
    return f"{math.floor(whole_seconds / DAY * 10) / 10} d"


def countdown(seconds: float) -> str:
    """The time until an event, rounded up so that it reaches "0:00" at the event: "0:12"."""
    return took(math.ceil(max(0.0, seconds)))


def left(seconds: float) -> str:
    """An estimate of the remaining time, with suitable precision: "0:57 left", "12 min left", "1 h 20 left"."""
    if seconds < 10 * MINUTE:
        return f"{countdown(seconds)} left"
    minutes = math.ceil(seconds / MINUTE)
    if minutes < 60:
        return f"{minutes} min left"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} left"
    return f"{math.ceil(minutes / (24 * 60))} d left"


def when(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """A time relative to `now`: "just now", "2 min ago", "in 5 min", "yesterday", "6 d ago", "12 Mar", "Mar 2025".

    Both are aware; days are those of `zone` (None: this machine's).
    """
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return _future(-seconds)
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    local_moment, today = moment.astimezone(zone), now.astimezone(zone)
    days = (today.date() - local_moment.date()).days
    if days <= 0 or seconds < 12 * HOUR:
        return f"{int(seconds // HOUR)} h ago"
    if days == 1:
        return "yesterday"
    if days < 7:
        return f"{days} d ago"
    if local_moment.year == today.year:
        return f"{local_moment.day} {_MONTHS[local_moment.month - 1]}"
    return f"{_MONTHS[local_moment.month - 1]} {local_moment.year}"


def age(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`when` in fewer cells: "now", "2 min", "1 d", "in 5 min"."""
    short_words = {"just now": "now", "yesterday": "1 d"}
    text = when(moment, now, zone).removesuffix(" ago")
    return short_words.get(text, text)


def local_time(moment: datetime | None) -> str:
    """A time in this machine's zone, to the minute: "2026-03-12 10:30"; empty for None."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def utc_day(moment: datetime | None) -> str:
    """The UTC day of a merge, as GitHub's search counts it: "2026-03-12"; empty for None."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d") if moment else ""


def clock_time(moment: datetime, zone: tzinfo | None = None) -> str:
    """The time of day in `zone` (None: this machine's): "10:30:05"."""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def since_start(moment: datetime, start: datetime) -> str:
    """The time since `start` in eight cells: "   +0:48"; an earlier time gives "-0:02"."""
    seconds = (moment - start).total_seconds()
    sign = "-" if seconds <= -1 else "+"
    return f"{sign}{took(abs(seconds))}".rjust(8)


def _clock(whole: int) -> str:
    hours, seconds_of_hour = divmod(whole, HOUR)
    minutes, seconds = divmod(seconds_of_hour, MINUTE)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _future(seconds: float) -> str:
    if seconds < MINUTE:
        return f"in {math.ceil(seconds)} s"
    if seconds < HOUR:
        return f"in {math.ceil(seconds / MINUTE)} min"
    if seconds < DAY:
        return f"in {round(seconds / HOUR)} h"
    return f"in {round(seconds / DAY)} d"
