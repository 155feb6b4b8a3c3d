"""Checks that a quote of the model is a verbatim part of a source text.

Both sides are made safe (core/text.py), normalised to NFC, and runs of white space are folded to one space, because models
re-wrap lines. Any other difference makes it a different text: letter case, typographic quotation marks, an ellipsis, a corrected
spelling. A quote lies within one text; it never spans two comments.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from devtrail_tui.core.text import safe

SHORTEST_QUOTE = 8
"""Characters of a folded quote. Shorter ones occur in almost any text and prove nothing, unless they are a whole text (a
title "Fix CI", a review "LGTM")."""


def fold(text: str) -> str:
    """The form in which texts are compared: safe, NFC, white space folded and stripped."""
    return " ".join(unicodedata.normalize("NFC", safe(text)).split())


class QuotableTexts:
    """The texts a quote may come from, folded once for many lookups."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(dict.fromkeys(folded for folded in map(fold, texts) if folded))

    def find(self, quote: str) -> str | None:
        """The folded quote if it is a verbatim part of one of the texts, else None.

        None also for a quote without a letter or digit, and for one shorter than SHORTEST_QUOTE that is not a whole text.
        """
        folded = fold(quote)
        if not any(character.isalnum() for character in folded):
            return None
        if len(folded) < SHORTEST_QUOTE:
            return folded if folded in self._texts else None
        return folded if any(folded in text for text in self._texts) else None
