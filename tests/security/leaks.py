"""Looks for secrets where none may be: raw, and in every encoding a library may have put them through."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from devtrail_tui.demo.answers import HttpResponse, json_answer


def encodings(value: str) -> Iterator[bytes]:
    """A value as it is, for a URL, in JSON, as hexadecimal digits, and as the middle of any base64."""
    data = value.encode()
    yield from (data, quote(value, safe="").encode(), json.dumps(value)[1:-1].encode(), data.hex().encode())
    for before in (b"", b"x", b"xx"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(before + data + b"xxx")[4:-8]


def hits(data: bytes, values: Iterable[str]) -> list[str]:
    """Which of the values stand in some bytes."""
    return [value for value in values if any(form in data for form in encodings(value))]


def leaks_under(folder: Path, values: Iterable[str]) -> dict[str, list[str]]:
    """Files that hold one of the values, in their content or their name."""
    known = tuple(values)
    found = {}
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if here := hits(bytes(path.relative_to(folder)) + b"\n" + data, known):
            found[str(path)] = here
    return found


def with_bodies(answer: HttpResponse, text: str) -> HttpResponse:
    """GitHub's answer with a text at the beginning of every title, description, comment and review in it."""
    return json_answer(answer.status, _with_bodies(json.loads(answer.body), text), answer.headers)


def _with_bodies(value: object, text: str) -> object:
    if isinstance(value, dict):
        return {
            key: f"{text} {each}" if key in ("body", "title") and isinstance(each, str) else _with_bodies(each, text)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_with_bodies(each, text) for each in value]
    return value
