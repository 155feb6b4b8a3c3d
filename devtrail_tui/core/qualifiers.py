"""Parses filters: `name:value` qualifiers, `#12`, words, and "several words" in quotes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from devtrail_tui.core.text import safe_line

_PIECE = re.compile(r'(?P<open>[A-Za-z_]+):(?=\s|$)|(?:(?P<name>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))')
_NUMBER = re.compile(r"#\d+")


@dataclass(frozen=True, slots=True)
class FilterToken:
    """One token of a filter; `name` is the lower-case qualifier, empty for a word. `value` is case-folded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FilterTokens:
    """The tokens of a filter, and a sentence for each unknown qualifier."""

    pieces: tuple[FilterToken, ...]
    problems: tuple[str, ...] = ()


def split_qualifiers(text: str, known: Collection[str]) -> FilterTokens:
    """Split a filter. A qualifier without a value (still being typed) is ignored; an address such as https://... is a word;
    commas separate several values of one qualifier."""
    tokens: list[FilterToken] = []
    problems: list[str] = []
    for token_match in _PIECE.finditer(safe_line(text)):
        if token_match["open"]:
            if token_match["open"].lower() not in known:
                tokens.append(FilterToken("", token_match[0].casefold()))
            continue
        name = (token_match["name"] or "").lower()
        token_value = (
            token_match["quoted"] if token_match["quoted"] is not None else token_match["plain"] or ""
        ).casefold()
        if not token_value:
            continue
        if name and name not in known:
            if token_value.startswith("//"):
                tokens.append(FilterToken("", f"{name}:{token_value}"))
            else:
                names = ", ".join(f"{qualifier}:" for qualifier in known)
                problems.append(f"There is no qualifier “{name}:”; the qualifiers are {names}.")
        elif name and token_match["quoted"] is None:
            tokens.extend(FilterToken(name, qualifier) for qualifier in token_value.split(",") if qualifier)
        elif not name and _NUMBER.fullmatch(token_value) and "id" in known:
            tokens.append(FilterToken("id", token_value))
        else:
            tokens.append(FilterToken(name, token_value))
    return FilterTokens(tuple(tokens), tuple(problems))
