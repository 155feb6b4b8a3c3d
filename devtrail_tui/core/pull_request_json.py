"""Lossless JSON form of a pull request, the content of `evidence_entries.content`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from devtrail_tui.core.evidence import PullRequest
from devtrail_tui.core.setting import camel


def pull_request_json(pull_request: PullRequest) -> dict[str, Any]:
    """Plain JSON values under camel-case keys; times are UTC in ISO 8601 to the microsecond. The inverse of
    `pull_request_from_json`."""
    document: dict[str, Any] = _written(pull_request)
    return document


def pull_request_from_json(document: Mapping[str, Any]) -> PullRequest:
    """Parse the output of `pull_request_json` of this or an earlier version: a field with a default may be missing.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    pull_request: PullRequest = _read(PullRequest, document)
    return pull_request


def _written(value: Any) -> Any:
    kind: Any = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {key: _written(getattr(value, name)) for name, key, _, _ in _shape(kind)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return [_written(item) for item in value] if isinstance(value, tuple) else value


def _read(kind: Any, value: Any) -> Any:
    if hasattr(kind, "__dataclass_fields__"):
        present = [field for field in _shape(kind) if field[1] in value or not field[3]]
        return kind(**{name: _read(part, value[key]) for name, key, part, _ in present})
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in value)
    if datetime in (kind, *get_args(kind)):
        return None if value is None and kind is not datetime else datetime.fromisoformat(value)
    return value


@cache
def _shape(kind: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """Name, JSON key and type of each field, and whether it has a default."""
    types = get_type_hints(kind)
    return tuple(
        (field.name, camel(field.name), types[field.name], field.default is not MISSING) for field in fields(kind)
    )
