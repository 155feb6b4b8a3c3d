"""Reads typed values from GitHub's JSON. Raises UnexpectedAnswer with the field's name for other shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from devtrail_tui.clients.github.failures import UnexpectedAnswer

Node = Mapping[str, Any]


def text(node: Node, name: str) -> str:
    """A string; still foreign: sanitise it with core.text."""
    field_value = node.get(name)
    if not isinstance(field_value, str):
        raise _unexpected(name)
    return field_value


def whole_number(node: Node, name: str) -> int:
    """An integer."""
    field_value = node.get(name)
    if not isinstance(field_value, int) or isinstance(field_value, bool):
        raise _unexpected(name)
    return field_value


def flag(node: Node, name: str) -> bool:
    """True or false."""
    field_value = node.get(name)
    if not isinstance(field_value, bool):
        raise _unexpected(name)
    return field_value


def moment(node: Node, name: str) -> datetime:
    """A time, as aware UTC."""
    field_value = optional_moment(node, name)
    if field_value is None:
        raise _unexpected(name)
    return field_value


def optional_moment(node: Node, name: str) -> datetime | None:
    """A time, or None if it is null."""
    field_value = node.get(name)
    if field_value is None:
        return None
    try:
        parsed = datetime.fromisoformat(field_value)
        return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unexpected(name) from error


def child(node: Node, name: str) -> Node:
    """An object."""
    field_value = node.get(name)
    if not isinstance(field_value, Mapping):
        raise _unexpected(name)
    return field_value


def children(node: Node, name: str = "nodes") -> Sequence[Node]:
    """The objects of a list; null entries (hidden from the token) are skipped."""
    return [item for item in list_of(node, name) if isinstance(item, Mapping)]


def list_of(node: Node, name: str = "nodes") -> Sequence[Any]:
    """A list with its null entries."""
    field_value = node.get(name)
    if not isinstance(field_value, list):
        raise _unexpected(name)
    return field_value


def next_cursor(connection: Node) -> str | None:
    """The cursor of the next page; None on the last page."""
    info = child(connection, "pageInfo")
    return text(info, "endCursor") if flag(info, "hasNextPage") else None


def _unexpected(name: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"GitHub's answer has no usable {name}.")
