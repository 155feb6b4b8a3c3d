"""Finds the verbatim part of a source text that a quote of the model means.

Both sides are made safe (core/text.py), normalised to NFC, and runs of white space are folded to one space, because models
re-wrap lines. Besides, models drop markdown marks, straighten quotation marks and dashes, double backslashes, and put punctuation
of their own at the ends: these differences are forgiven, and the result is the source's own text. Any other difference makes it
another text: letter case, an ellipsis inside, a corrected spelling. A quote lies within one text; it never spans two comments.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from devtrail_tui.core.text import safe

SHORTEST_QUOTE = 8
"""Characters of a folded quote. Shorter ones occur in almost any text and prove nothing, unless they are a whole text (a
title "Fix CI", a review "LGTM")."""
_DROPPED = re.compile(r"[*`~\\]|(?<![^\W_])_|_(?![^\W_])")
"""Markdown marks and backslashes; an underscore inside a word belongs to the word."""
_ALIKE = str.maketrans("“”„«»‘’‚‐‑‒–—−", '"""""\'\'\'------')
_ENDS = " .,;:!?…\"'"
"""Characters that a quote may have at its ends although the text has not."""
_CHANGED_LINES = re.compile(r" \+\d+ [-−]\d+$")
"""What follows a path in the request: the added and removed lines."""


def fold(text: str) -> str:
    """The form in which texts are compared first: safe, NFC, white space folded and stripped."""
    return " ".join(unicodedata.normalize("NFC", safe(text)).split())


class QuotableTexts:
    """The texts a quote may come from, folded once for many lookups."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(dict.fromkeys(folded for folded in map(fold, texts) if folded))
        self._plain: list[tuple[str, str, list[int]]] = []

    def find(self, quote: str) -> str | None:
        """The part of a folded text that the quote means, else None.

        None also for a quote without a letter or digit, and for one shorter than SHORTEST_QUOTE that is not a whole text.
        """
        folded = fold(quote)
        if not any(character.isalnum() for character in folded):
            return None
        if len(folded) < SHORTEST_QUOTE:
            return folded if folded in self._texts else None
        return folded if any(folded in text for text in self._texts) else self._find_plain(folded)

    def _find_plain(self, folded: str) -> str | None:
        if not self._plain:
            self._plain = [(text, *_plain(text)) for text in self._texts]
        plain_quote = _plain(_CHANGED_LINES.sub("", folded))[0].strip(_ENDS)
        if len(plain_quote) < SHORTEST_QUOTE or not any(character.isalnum() for character in plain_quote):
            return None
        for text, plain, places in self._plain:
            start = plain.find(plain_quote)
            if start >= 0:
                return text[places[start] : places[start + len(plain_quote) - 1] + 1]
        return None


def _plain(text: str) -> tuple[str, list[int]]:
    """The text without marks, and the place of each of its characters in `text`."""
    dropped = {mark.start() for mark in _DROPPED.finditer(text)}
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text.translate(_ALIKE)):
        if place not in dropped and not (character == " " and (not characters or characters[-1] == " ")):
            characters.append(character)
            places.append(place)
    return "".join(characters), places
