"""Reads what people type into a filter: `name:value` qualifiers, `#12`, words, and "several words" in quotes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from devtrail_tui.core.text import safe_line

_PIECE = re.compile(r'(?P<open>[A-Za-z_]+):(?=\s|$)|(?:(?P<name>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))')
_NUMBER = re.compile(r"#\d+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a filter; `name` is the qualifier in lower case, or empty for a word. `value` is case-folded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """A filter taken apart, with a sentence for each qualifier that does not exist."""

    pieces: tuple[Piece, ...]
    problems: tuple[str, ...] = ()


def take_apart(text: str, known: Collection[str]) -> Pieces:
    """Split a filter. A qualifier without a value yet (somebody is still typing) is passed over; an address such as
    https://... is a word; commas give several values to one qualifier."""
    pieces: list[Piece] = []
    problems: list[str] = []
    for found in _PIECE.finditer(safe_line(text)):
        if found["open"]:
            if found["open"].lower() not in known:
                pieces.append(Piece("", found[0].casefold()))
            continue
        name = (found["name"] or "").lower()
        value = (found["quoted"] if found["quoted"] is not None else found["plain"] or "").casefold()
        if not value:
            continue
        if name and name not in known:
            if value.startswith("//"):
                pieces.append(Piece("", f"{name}:{value}"))
            else:
                names = ", ".join(f"{each}:" for each in known)
                problems.append(f"There is no qualifier “{name}:”; there are {names}.")
        elif name and found["quoted"] is None:
            pieces.extend(Piece(name, each) for each in value.split(",") if each)
        elif not name and _NUMBER.fullmatch(value) and "id" in known:
            pieces.append(Piece("id", value))
        else:
            pieces.append(Piece(name, value))
    return Pieces(tuple(pieces), tuple(problems))
