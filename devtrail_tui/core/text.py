"""What makes foreign text harmless on a terminal and in a database.

Every title, body, branch name, model answer, exception text and config value passes here once, at the door. What a terminal
could obey or what a database refuses is taken out: escape sequences, C0 and C1 controls, bidirectional overrides, invisible tag
characters, lone surrogates, NUL. (Rules: ECMA-48 for the sequences; Unicode Standard Annex 9 for bidirectional controls.)
"""

from __future__ import annotations

import re

_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC with their text
    r"|\x1b[ -/]*[0-~]"  # two-character sequences
)
_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, overrides, isolates
    "\u2028\u2029\ufeff\u206a-\u206f\ufff9-\ufffb"  # line separators, byte order mark, deprecated and interlinear controls
    "\u200b\u2060-\u2064\u00ad\u180e"  # invisible without joining anything
    "\U000e0000-\U000e007f"  # tag characters: text nobody sees
    "]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_COMBINING_RUN = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def safe(text: str, *, limit: int | None = None) -> str:
    """Text of several lines without anything a terminal obeys or a database refuses.

    Newlines and tabs stay (`\\r\\n` and `\\r` become newlines); lone surrogates become U+FFFD; marks piled on one letter are cut
    to four. `limit` is in characters, the last one being an ellipsis where something was cut.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATES.sub("\ufffd", text)
    text = _ESCAPE_SEQUENCES.sub("", text)
    text = _UNSAFE.sub("", text)
    text = _COMBINING_RUN.sub(r"\1", text)
    return _cut(text, limit)


def safe_line(text: str, *, limit: int | None = None) -> str:
    """The same as one line: white space folded to single spaces."""
    return _cut(" ".join(safe(text).split()), limit)


def _cut(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)] + "…"
