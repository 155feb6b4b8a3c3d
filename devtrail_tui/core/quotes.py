"""Finds the verbatim part of a source text that a quote of the model means, and its place.

Both sides are made safe (core/text.py), normalised to NFC, and runs of white space are folded to one space, because models
re-wrap lines. Besides, models drop markdown marks, straighten quotation marks and dashes, double backslashes, and put punctuation
of their own at the ends: these differences are forgiven, and the result is the source's own text. Any other difference makes it
another text: letter case, an ellipsis inside, a corrected spelling. A quote lies within one text; it never spans two comments.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from devtrail_tui.core.text import safe

SHORTEST_QUOTE = 8
"""Characters of a folded quote. Shorter ones occur in almost any text and prove nothing, unless they are a whole text (a
title "Fix CI", a review "LGTM")."""
LONGEST_QUOTE = 600
"""Characters of a stored quote; a part of a verbatim quote is verbatim, so a longer one is cut without an ellipsis."""
_DROPPED = re.compile(r"[*`~\\]|(?<![^\W_])_|_(?![^\W_])")
"""Markdown marks and backslashes; an underscore inside a word belongs to the word."""
_ALIKE = str.maketrans("“”„«»‘’‚‐‑‒–—−", '"""""\'\'\'------')
_ENDS = " .,;:!?…\"'"
"""Characters that a quote may have at its ends although the text has not."""
_CHANGED_LINES = re.compile(r" \+\d+ [-−]\d+$")
"""What follows a path in the request: the added and removed lines."""
_BLANK = "\ue000"
"""Stands for a character that cannot be quoted; a quote that contains it matches nothing."""
_RUN = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class QuotableText:
    """A text of a pull request. `kind` and `index` name it (`comment`, 2: the third comment), `by` its author's login, `url` its
    web address; `program_spans` are the parts that no person wrote, which cannot be quoted."""

    text: str
    kind: str
    index: int = 0
    by: str = ""
    url: str = ""
    program_spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class QuotePlace:
    """Where a quote stands: `start` and `end` are offsets in characters into the stored text; the rest as in QuotableText."""

    kind: str
    index: int
    by: str
    start: int
    end: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Quotation:
    """The source's own text at a place."""

    text: str
    place: QuotePlace


def fold(text: str) -> str:
    """The form in which texts are compared first: safe, NFC, white space folded and stripped."""
    return " ".join(unicodedata.normalize("NFC", safe(text)).split())


class QuotableTexts:
    """The texts a quote may come from, folded once for many lookups; the earlier text wins."""

    def __init__(self, texts: Iterable[QuotableText]) -> None:
        sources = [(safe(each.text), each) for each in texts]
        self._texts = [(folded, text, each) for text, each in sources if (folded := fold(_blanked(text, each)))]
        self._plain: list[tuple[str, list[int]]] = []

    def find(self, quote: str) -> Quotation | None:
        """The part of a text that the quote means, else None.

        None also for a quote without a letter or digit, and for one shorter than SHORTEST_QUOTE that is not a whole text.
        """
        folded = fold(quote)
        if _BLANK in folded or not any(character.isalnum() for character in folded):
            return None
        for whole, text, source in self._texts:
            start = whole.find(folded)
            if start >= 0 and (len(folded) >= SHORTEST_QUOTE or folded == whole):
                return _quotation(text, source, start, start + len(folded) - 1)
        return self._find_plain(folded) if len(folded) >= SHORTEST_QUOTE else None

    def _find_plain(self, folded: str) -> Quotation | None:
        if not self._plain:
            self._plain = [_plain(whole) for whole, _, _ in self._texts]
        plain_quote = _plain(_CHANGED_LINES.sub("", folded))[0].strip(_ENDS)
        if len(plain_quote) < SHORTEST_QUOTE or not any(character.isalnum() for character in plain_quote):
            return None
        for (_, text, source), (plain, places) in zip(self._texts, self._plain, strict=True):
            start = plain.find(plain_quote)
            if start >= 0:
                return _quotation(text, source, places[start], places[start + len(plain_quote) - 1])
        return None


def _blanked(text: str, source: QuotableText) -> str:
    for start, end in source.program_spans:
        text = text[:start] + _BLANK * (end - start) + text[end:]
    return text


def _quotation(text: str, source: QuotableText, first: int, last: int) -> Quotation:
    """The quotation between two characters of the folded text."""
    starts, ends = _places(_blanked(text, source))
    start, end = starts[first], ends[last]
    verbatim = text[start:end][:LONGEST_QUOTE].rstrip()
    return Quotation(
        verbatim, QuotePlace(source.kind, source.index, source.by, start, start + len(verbatim), source.url)
    )


def _places(text: str) -> tuple[list[int], list[int]]:
    """Start and end of each character of the folded text. A word that NFC changes is one piece."""
    starts: list[int] = []
    ends: list[int] = []
    for run in _RUN.finditer(text):
        word = unicodedata.normalize("NFC", run[0])
        if run[0].isspace():
            if starts:
                starts.append(run.start())
                ends.append(run.end())
        elif word == run[0]:
            starts += range(run.start(), run.end())
            ends += range(run.start() + 1, run.end() + 1)
        else:
            starts += [run.start()] * len(word)
            ends += [run.end()] * len(word)
    return starts, ends


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
