"""GraphQL connections with GitHub's paging: opaque cursors, 1 to 100 items per page, GitHub's errors."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

LARGEST_PAGE = 100


def typed_error(kind: str, message: str) -> GraphQLError:
    """An error with `type` beside the message instead of under `extensions`, as in GitHub."""
    return GraphQLError(message, extensions={"type": kind})


def cursor(index: int) -> str:
    """The cursor of the item at `index` (from 0)."""
    return base64.b64encode(f"cursor:{index + 1}".encode()).decode()


def position(value: str) -> int:
    """The index after the item of a cursor."""
    try:
        label, _, number = base64.b64decode(value, validate=True).decode().partition(":")
        index = int(number)
    except ValueError:
        label, index = "", 0
    if label != "cursor" or index < 1:
        raise typed_error("INVALID_CURSOR_ARGUMENTS", f"`{value}` does not appear to be a valid cursor.")
    return index


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a connection. `issue_count` counts all items, `reachable` those that paging can reach."""

    nodes: Sequence[Any]
    start: int
    issue_count: int
    reachable: int

    @property
    def page_info(self) -> Page:
        return self

    @property
    def has_next_page(self) -> bool:
        return self.start + len(self.nodes) < self.reachable

    @property
    def end_cursor(self) -> str | None:
        return cursor(self.start + len(self.nodes) - 1) if self.nodes else None


def page(
    name: str, items: Sequence[Any], *, total: int | None = None, first: int | None = None, after: str | None = None
) -> Page:
    """The page of `items` for `first` and `after`. `name` is the connection's name in errors."""
    if first is None:
        raise typed_error(
            "MISSING_PAGINATION_BOUNDARIES",
            f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.",
        )
    if first < 1:
        raise typed_error("INVALID_PAGINATION", f"`first` on the `{name}` connection cannot be less than one.")
    if first > LARGEST_PAGE:
        raise typed_error(
            "EXCESSIVE_PAGINATION",
            f"Requesting {first} records on the `{name}` connection exceeds the `first` limit of {LARGEST_PAGE} records.",
        )
    start = min(position(after) if after else 0, len(items))
    return Page(items[start : start + first], start, len(items) if total is None else total, len(items))
