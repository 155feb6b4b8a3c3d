"""Lists of values in parts that fit into one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_MOST_AT_ONCE = 500
"""Values in one IN list; older SQLite builds allow 999 parameters."""


def in_chunks(values: Sequence[T]) -> Iterator[list[T]]:
    """The values in lists short enough for one statement."""
    for start in range(0, len(values), _MOST_AT_ONCE):
        yield list(values[start : start + _MOST_AT_ONCE])
