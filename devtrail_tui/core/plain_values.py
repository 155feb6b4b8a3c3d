"""Validates the values that a handler passes to its context: a value that cannot be stored or shown fails the job at once."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, get_args, get_origin, get_type_hints

_LARGEST_INT = 2**63
_DEEPEST = 50


def plain(value: object, name: str = "", depth: int = 0) -> Any:
    """A copy of `value` in JSON types: dict with text keys, list, str, int, finite float, bool, None.

    Raises ValueError that names the invalid element; `name` is the path to `value`.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool) or _is_number(value):
        return value
    if depth == _DEEPEST:
        raise ValueError(f"{name} is nested too deeply")
    if isinstance(value, list | tuple):
        return [plain(item, f"{name}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"a key{f' of {name}' if name else ''} is {described(key)}")
        return {str.__str__(key): plain(item, f"{name}.{key}".strip("."), depth + 1) for key, item in value.items()}
    raise ValueError(f"{name} is {described(value)}")


def described(value: object) -> str:
    """The kind of a value in words that are safe to show: None, nan, a large int, a date."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    kind = type(value).__name__
    if isinstance(value, int) and not isinstance(value, bool) and not _is_number(value):
        return f"a large {kind}"
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def check_fields(value: Any, name: str) -> None:
    """Check a dataclass's fields against their declared types; numbers must be finite.

    Raises ValueError for the first mismatch; `name` is the dataclass's name in the message.
    """
    for field, hint in _type_hints(type(value)).items():  # type: ignore[arg-type]  # classes are hashable
        kinds = (hint,) if get_origin(hint) is tuple else get_args(hint) or (hint,)
        field_value = getattr(value, field)
        if not any(_fits(field_value, kind, f"{name}'s {field}") for kind in kinds):
            kind_words = " or ".join(_word(kind) for kind in kinds)
            raise ValueError(f"{name}'s {field} is {described(field_value)}, which is no {kind_words}.")


@functools.cache
def _type_hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, kind: Any, name: str) -> bool:
    if kind in (int, float):
        return _is_number(value) and (kind is float or isinstance(value, int))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_fits(item, get_args(kind)[0], name) for item in value)
    if dataclasses.is_dataclass(value) and isinstance(value, kind):
        check_fields(value, name)
    return isinstance(value, kind)


def _word(kind: Any) -> str:
    of = f" of {get_args(kind)[0].__name__}" if get_origin(kind) is tuple else ""
    return f"{kind.__name__}{of}".replace("NoneType", "None")


def _is_number(value: object) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and -_LARGEST_INT <= value < _LARGEST_INT
    return isinstance(value, float) and math.isfinite(value)
