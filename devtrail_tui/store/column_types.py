"""Column types that validate and convert: sanitised text, valid JSON, aware UTC times.

Foreign text is sanitised here instead of in each caller, so no statement can omit it.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

from devtrail_tui.core.text import safe, safe_line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_PLAIN = re.compile(r"[ -~]*")
"""Printable ASCII, which `safe` would not change. This check makes the common case several times faster."""
_PLAIN_LINE = re.compile(r"(?:[!-~]++(?: (?=[!-~]))?)*+")
"""Printable ASCII that `safe_line` would not change: no space at the ends, no double spaces."""


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC. Raises ValueError for a naive time, which is ambiguous."""
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be stored.")
    return (moment - EPOCH) // MICROSECOND


def moment_of(count: int) -> datetime:
    """The inverse of `microseconds`; the epoch for what is no number, or too large, in an odd row."""
    try:
        return EPOCH + count * MICROSECOND
    except (TypeError, OverflowError):
        return EPOCH


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time: integer microseconds in SQLite (exact, sortable, half the size of ISO text), timestamptz elsewhere."""

    impl = BigInteger
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return microseconds(value)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else moment_of(value)


class SafeLine(TypeDecorator[str]):
    """One line of foreign text, sanitised and cut to `limit` characters."""

    impl = Text
    cache_ok = True

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (len(value) <= self.limit and _PLAIN_LINE.fullmatch(value)):
            return value
        return safe_line(value, limit=self.limit)


class SafeText(TypeDecorator[str]):
    """Foreign text of several lines, sanitised."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean_json(value)


class Unreadable(dict[str, Any]):
    """What is read for JSON that is none: empty. One odd row must not end a command; `db check` counts such rows."""


class Json(TypeDecorator[Any]):
    """A JSON value as text, with all strings and keys sanitised. Raises TypeError or ValueError if it is not JSON."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return json.dumps(clean_json(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        try:
            return None if value is None else json.loads(value)
        except (ValueError, TypeError, RecursionError):
            return Unreadable()


def clean_json(value: Any) -> Any:
    """A JSON value with all strings and keys passed through `core.text.safe`."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else safe(value)
    if isinstance(value, dict):
        return {clean_json(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    return value


ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite assigns row ids only to a column declared INTEGER."""
