"""The options --since and --until of commands that are no jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.periods import with_periods
from devtrail_tui.core.text import safe_line

F = TypeVar("F", bound=Callable[..., Any])


def day_options(command: F) -> F:
    """Add --since and --until, which take days and names of periods."""
    until = click.option("--until", metavar="DAY", help="Last day. Default: today.")
    since = click.option("--since", metavar="DAY", help="First day, or a period such as last-quarter.")
    return since(until(command))


def typed_days(since: str | None, until: str | None) -> tuple[date | None, date | None]:
    """The first and last day. Raises UsageError for what is no day."""
    first, last = (_day(text) for text in with_periods(since, until, datetime.now(UTC).astimezone().date()))
    return first, last


def _day(text: str | date | None) -> date | None:
    if not isinstance(text, str):
        return text
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(
            f"“{safe_line(text, limit=30)}” is not a day such as 2026-03-31, nor a period such as last-quarter."
        ) from None
