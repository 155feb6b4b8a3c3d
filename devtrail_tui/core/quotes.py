"""Whether a quote is a verbatim piece of a text: the rule by which a model's evidence is believed.

Both sides are made safe (core/text.py), brought to Unicode's composed form (NFC) and have every run of white space
folded to one space, because models re-wrap lines. Nothing else is forgiven: letter case, typographic quotation marks,
an ellipsis for words left out or a corrected spelling make it another text. A quote lies within one text; it never
spans two comments.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from devtrail_tui.core.text import safe

SHORTEST_QUOTE = 8
"""Characters of a folded quote. Shorter pieces stand in almost any text and prove nothing, except where they are a
whole text (a title "Fix CI", a review "LGTM")."""


def fold(text: str) -> str:
    """The form in which texts are compared: safe, NFC, runs of white space as single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", safe(text)).split())


class QuotableTexts:
    """The texts a quote may come from, folded once for many look-ups."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(dict.fromkeys(folded for folded in map(fold, texts) if folded))

    def find(self, quote: str) -> str | None:
        """The quote in folded form if it is a verbatim piece of one of the texts, else None.

        None also for what says nothing: an empty quote, one without a letter or digit, one shorter than
        SHORTEST_QUOTE that is not a whole text.
        """
        folded = fold(quote)
        if not any(character.isalnum() for character in folded):
            return None
        if len(folded) < SHORTEST_QUOTE:
            return folded if folded in self._texts else None
        return folded if any(folded in text for text in self._texts) else None
