"""GraphQL connections as GitHub pages them: opaque cursors, 1 to 100 a page, and its own errors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

LARGEST_PAGE = 100


def typed_error(kind: str, message: str) -> GraphQLError:
    """An error whose `type` GitHub writes beside the message, not under `extensions`."""
    return GraphQLError(message, extensions={"type": kind})


def cursor(index: int) -> str:
    """The cursor of the item at `index` (from 0)."""
    return base64.b64encode(f"cursor:{index + 1}".encode()).decode()


def position(value: str) -> int:
    """The index just behind the item a cursor names."""
    try:
        label, _, number = base64.b64decode(value, validate=True).decode().partition(":")
        place = int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        label, place = "", 0
    if label != "cursor" or place < 1:
        raise typed_error("INVALID_CURSOR_ARGUMENTS", f"`{value}` does not appear to be a valid cursor.")
    return place


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a connection. `total` counts everything, `reachable` what paging can get to."""

    items: Sequence[Any]
    start: int
    total: int
    reachable: int

    @property
    def has_next(self) -> bool:
        return self.start + len(self.items) < self.reachable

    @property
    def end_cursor(self) -> str | None:
        return cursor(self.start + len(self.items) - 1) if self.items else None

    @property
    def start_cursor(self) -> str | None:
        return cursor(self.start) if self.items else None


def page(name: str, items: Sequence[Any], *, total: int | None = None, **asked: Any) -> Page:
    """Cut the page a query asked for with `first`/`after` or `last`/`before` out of `items`.

    `name` is the connection's, for the error texts.
    """
    first: int | None = asked.get("first")
    last: int | None = asked.get("last")
    _check_bounds(name, first, last)
    start = position(asked["after"]) if asked.get("after") else 0
    stop = position(asked["before"]) - 1 if asked.get("before") else len(items)
    start, stop = min(start, len(items)), min(stop, len(items))
    if first is not None:
        stop = min(stop, start + first)
    elif last is not None:
        start = max(start, stop - last)
    chosen = items[start:stop] if start < stop else ()
    return Page(chosen, start, len(items) if total is None else total, len(items))


def _check_bounds(name: str, first: int | None, last: int | None) -> None:
    if first is None and last is None:
        raise typed_error(
            "MISSING_PAGINATION_BOUNDARIES",
            f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.",
        )
    if first is not None and last is not None:
        raise typed_error(
            "INVALID_PAGINATION_BOUNDARIES",
            f"Passing both `first` and `last` to paginate the `{name}` connection is not supported.",
        )
    word, size = ("first", first) if first is not None else ("last", last)
    if size is not None and size < 1:
        raise typed_error("INVALID_PAGINATION", f"`{word}` on the `{name}` connection cannot be less than one.")
    if size is not None and size > LARGEST_PAGE:
        raise typed_error(
            "EXCESSIVE_PAGINATION",
            f"Requesting {size} records on the `{name}` connection exceeds the `{word}` limit of {LARGEST_PAGE} records.",
        )
