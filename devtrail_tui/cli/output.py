"""What the command line prints: data on stdout, narration on stderr, and nothing that a terminal could obey."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from devtrail_tui.core.redaction import Redactor
from devtrail_tui.core.secret_patterns import SECRET_VARIABLES
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe, safe_line

F = TypeVar("F", bound=Callable[..., Any])

STATUS_LOOK: dict[Status, tuple[str, str, str]] = {
    Status.PENDING: ("○", "waiting", "cyan"),
    Status.RUNNING: ("●", "running", "blue"),
    Status.COMPLETED: ("✓", "done", "green"),
    Status.FAILED: ("✗", "failed", "red"),
    Status.CANCELLED: ("⊘", "cancelled", "yellow"),
}
"""A status as sign, word and colour; the word alone is enough to tell."""

_JUST_NOW_S = 60


def json_option(command: F) -> F:
    """The option every command has: data as JSON on stdout."""
    import click

    return click.option("--json", "as_json", is_flag=True, help="Print data as JSON on stdout.")(command)


class _Door:
    """What every line passes on its way out. Until services are made it knows the shapes of secrets and what the environment
    holds, then all values in use, also for the sentence that a command ends with once its services are closed."""

    redact = Redactor()


def redact_with(redact: Redactor | None = None) -> None:
    """From now on print nothing that this redactor knows; without one, what looks like a secret or is in the environment."""
    _Door.redact = redact or Redactor(os.environ.get(name, "") for name in SECRET_VARIABLES)


def redacted(text: str) -> str:
    """A text as it may be printed."""
    return _Door.redact(text)


def print_json(data: Any, *, indent: int | None = 2) -> None:
    """One JSON document on stdout. Pure ASCII, so that no terminal and no locale can misread it."""
    _echo(json.dumps(_Door.redact.json(data), indent=indent))


def _echo(text: str, *, err: bool = False) -> None:
    import click  # the app starts without it

    click.echo(text, err=err)


def say(text: str = "") -> None:
    """A line of data on stdout."""
    _echo(safe(redacted(text)))


def narrate(text: str) -> None:
    """A line for the person on stderr."""
    _echo(safe(redacted(text)), err=True)


def status_words(status: Status) -> str:
    """Sign and word of a status, such as `✓ done`."""
    sign, word, _colour = STATUS_LOOK[status]
    return f"{sign} {word}"


def coloured(status: Status, text: str) -> str:
    """Text in the colour of a status; the colour is dropped where stdout is no terminal or NO_COLOR is set."""
    import click

    return click.style(text, fg=STATUS_LOOK[status][2])


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as aligned lines under their headings; columns in `right` stand at their right edge. Widths are terminal cells."""
    cells = [list(headings), *[[safe_line(cell) for cell in row] for row in rows]]
    widths = [max(width(row[index]) for row in cells) for index in range(len(headings))]
    return [
        "  ".join(_padded(cell, widths[index], right=index in right) for index, cell in enumerate(row)).rstrip()
        for row in cells
    ]


def _padded(cell: str, cells: int, *, right: bool) -> str:
    space = " " * (cells - width(cell))
    return space + cell if right else cell + space


def width(text: str) -> int:
    """How many terminal cells a line takes: wide East Asian characters two, combining marks none (UAX 11)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def shortened(text: str, cells: int) -> str:
    """A line cut to a width, its last cell an ellipsis where something was cut."""
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for character in text:
        used += width(character)
        if used > cells - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago something was, roughly: `now`, `5 min ago`, `3 h ago`, `2 d ago`."""
    if moment is None:
        return ""
    seconds = (now - moment).total_seconds()
    if seconds < _JUST_NOW_S:
        return "now"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "now"


def duration(seconds: float) -> str:
    """A length of time as `0:48` or `1:02:03`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local_time(moment: datetime | None) -> str:
    """A moment in the person's own time zone, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def utc_day(moment: datetime | None) -> str:
    """The day of a merge, as GitHub's searches count it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d") if moment else ""
