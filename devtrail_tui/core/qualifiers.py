"""Parses filters: `name:value` qualifiers, `#12`, words, and "several words" in quotes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
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


def unknown_word(word: str, kind: str, known: Iterable[str], *, mark: str = "") -> str:
    """A sentence about a word that is none of the known ones of its kind ("a state"), with the nearest or all of them; each is
    shown with its `mark`."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {near[0]}{mark}?" if near else f"write one of {', '.join(f'{each}{mark}' for each in words)}."
    return f"“{safe_line(word, limit=40)}{mark}” is not {kind}; {hint}"


def qualified_hint(words: Collection[str], qualifier: str, known: Iterable[str]) -> str:
    """A sentence about words of a filter that are values of a qualifier; empty if there are none."""
    meant = [f"{qualifier}:{value}" for value in known if value in words]
    return f"To filter by {qualifier}: {' '.join(meant)}" if meant else ""


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
                problems.append(unknown_word(name, "a qualifier", known, mark=":"))
        elif name and token_match["quoted"] is None:
            tokens.extend(FilterToken(name, qualifier) for qualifier in token_value.split(",") if qualifier)
        elif not name and _NUMBER.fullmatch(token_value) and "id" in known:
            tokens.append(FilterToken("id", token_value))
        else:
            tokens.append(FilterToken(name, token_value))
    return FilterTokens(tuple(tokens), tuple(problems))
