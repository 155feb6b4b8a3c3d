"""Reads typed values out of GitHub's JSON. What is not of the documented shape raises UnexpectedAnswer, naming the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from devtrail_tui.clients.github.failures import UnexpectedAnswer

Node = Mapping[str, Any]


def text(node: Node, name: str) -> str:
    """A string; still foreign: pass it through core.text before it goes anywhere."""
    value = node.get(name)
    if not isinstance(value, str):
        raise _unexpected(name)
    return value


def whole_number(node: Node, name: str) -> int:
    """An integer."""
    value = node.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unexpected(name)
    return value


def flag(node: Node, name: str) -> bool:
    """True or false."""
    value = node.get(name)
    if not isinstance(value, bool):
        raise _unexpected(name)
    return value


def moment(node: Node, name: str) -> datetime:
    """A time, as aware UTC."""
    value = optional_moment(node, name)
    if value is None:
        raise _unexpected(name)
    return value


def optional_moment(node: Node, name: str) -> datetime | None:
    """A time, or None where GitHub has none."""
    value = node.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unexpected(name) from error


def child(node: Node, name: str) -> Node:
    """An object."""
    value = node.get(name)
    if not isinstance(value, Mapping):
        raise _unexpected(name)
    return value


def children(node: Node, name: str = "nodes") -> Sequence[Node]:
    """The objects of a list; GitHub puts null for what the token may not see, and those are left out."""
    value = node.get(name)
    if not isinstance(value, list):
        raise _unexpected(name)
    return [each for each in value if isinstance(each, Mapping)]


def next_cursor(connection: Node) -> str | None:
    """Where the next page begins; None on the last page."""
    info = child(connection, "pageInfo")
    return text(info, "endCursor") if flag(info, "hasNextPage") else None


def _unexpected(name: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"GitHub's answer has no usable {name}.")
