"""Finds the parts of a description or comment that no person wrote: they are no evidence of anybody's work.

These are HTML comments (GitHub does not show them), items of check lists (a template's, ticked or not), summaries that a review
bot wrote into a description, and footers of code generators. The forms of the summaries are those of CodeRabbit, Copilot, Cursor,
Ellipsis, Greptile, PR-Agent and Sourcery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CHECK_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])[ \t]+\[[ xX]\].*$", re.MULTILINE)
_FOOTER = re.compile(
    r"^[ \t>*_-]*(?:🤖.{0,20})?"
    r"(?:(?:auto(?:matically)?[- ])?generated (?:with|by)\b.*|co-authored-by:.*(?:bot|claude|copilot|cursor|codex).*)$",
    re.MULTILINE | re.IGNORECASE,
)
_BOT_MARK = re.compile(
    r"auto-generated comment|coderabbit|copilot:|cursor_summary|ellipsis_hidden|greptile|pr[_-]agent|sourcery",
    re.IGNORECASE,
)
"""HTML comments with which a bot opens or closes its part."""
_HEADING = re.compile(r"^[ \t>]*(?P<marks>#{1,6})[ \t]+(?P<name>.*)$", re.MULTILINE)
_BOTS = r"(?:coderabbit|sourcery|copilot|cursor|greptile|qodo|codium\w*|ellipsis|gemini|claude|chatgpt|gpt|ai|\w*bot)\b"
_BOT_HEADING = re.compile(
    rf"\b(?:summary|overview|walkthrough|guide|generated)\W+(?:by|with|from)\W+{_BOTS}"
    rf"|\b{_BOTS}\W+(?:summary|overview|walkthrough)|🤖\W*generated|^\W*(?:pr type|walkthrough)\W*$",
    re.IGNORECASE,
)

_PARAGRAPH_END = re.compile(r"(?<=\S)[ \t]*\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class ProgramSpan:
    """Characters from `start` to `end`; `shown`: people see it on GitHub."""

    start: int
    end: int
    shown: bool


def program_spans(text: str) -> tuple[ProgramSpan, ...]:
    """The spans in order, not overlapping. Pure."""
    spans = sorted(_spans(text), key=lambda span: (span.start, -span.end))
    separate: list[ProgramSpan] = []
    for span in spans:
        start = max(span.start, separate[-1].end) if separate else span.start
        if start < span.end:
            separate.append(ProgramSpan(start, span.end, span.shown))
    return tuple(separate)


def _spans(text: str) -> Iterator[ProgramSpan]:
    hidden = list(_COMMENT.finditer(text))
    yield from (ProgramSpan(*comment.span(), shown=False) for comment in hidden)
    for pattern in (_CHECK_ITEM, _FOOTER):
        yield from (ProgramSpan(*line.span(), shown=True) for line in pattern.finditer(text))
    marks = [comment for comment in hidden if _BOT_MARK.search(comment[0])]
    for opening, closing in zip(marks[::2], [*marks[1::2], None], strict=False):
        end = closing.start() if closing else _section_end(text, opening.end(), level=0)
        yield ProgramSpan(opening.end(), end, shown=True)
    for heading in _HEADING.finditer(text):
        if _BOT_HEADING.search(heading["name"]):
            yield ProgramSpan(heading.start(), _section_end(text, heading.end(), len(heading["marks"])), shown=True)


def _section_end(text: str, start: int, level: int) -> int:
    """Where the section ends: at the next heading of its level or above, or with the text. Level 0: the first heading that
    follows is the section's own; without any, its paragraph is the section."""
    headings = list(_HEADING.finditer(text, start))
    if level == 0 and not headings:
        paragraph = _PARAGRAPH_END.search(text, start)
        return paragraph.start() if paragraph else len(text)
    if level == 0:
        level, headings = len(headings[0]["marks"]), headings[1:]
    return next((each.start() for each in headings if len(each["marks"]) <= level), len(text))
