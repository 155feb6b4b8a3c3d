"""Sanitises foreign text for terminals and the database.

Every title, body, branch name, model answer, exception text and config value passes through here once, where it enters the
program. Removed are escape sequences, C0 and C1 controls, bidirectional overrides, invisible characters, lone surrogates and NUL.
(Rules: ECMA-48 for the sequences; Unicode Standard Annex 9 for bidirectional controls; Unicode Technical Standard 51 for the
joiners and selectors of emoji, which stay.)
"""

from __future__ import annotations

import re

_CONTROL_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])"
"""The introducers of OSC, DCS, SOS, PM and APC strings, whose text the terminal interprets."""
_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI: colours, cursor, modes
    # A terminated control string is removed with its text; an unterminated one loses only its introducer. The text contains
    # no other introducer, which keeps the search linear.
    rf"|{_CONTROL_STRING}[^\x07\x1b\x90\x98\x9b-\x9f]*+(?:\x07|\x1b\\|\x9c)"
    rf"|{_CONTROL_STRING}"
    r"|\x1b[ -/]*+[0-~]"  # two-character sequences
)
_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, overrides, isolates
    "\u2028\u2029\ufeff\u206a-\u206f\ufff9-\ufffb"  # line separators, byte order mark, deprecated and interlinear controls
    "\u200b\u2060-\u2065\u00ad\u180e"  # invisible without joining anything
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers: invisible letters
    "\ufffe\uffff"  # noncharacters; XML rejects them
    "\U000e0000-\U000e0fff"  # tags and supplementary selectors: hidden text
    "]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_JOINERS = "\u200c\u200d\ufe00-\ufe0f"
_JOINER_RUN = re.compile(f"([{_JOINERS}]{{2}})[{_JOINERS}]+")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARK_RUN = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")


def safe(text: str, *, limit: int | None = None) -> str:
    """Multi-line text without control sequences and characters that a database rejects. Idempotent.

    Newlines and tabs stay (`\\r\\n` and `\\r` become newlines); lone surrogates become U+FFFD; combining marks on one letter are
    limited to four, joiners and variation selectors to two, enough for accents and emoji. `limit` is in characters; the last one
    is an ellipsis if the text was cut.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATES.sub("\ufffd", text)
    text = _ESCAPE_SEQUENCES.sub("", text)
    text = _UNSAFE.sub("", text)
    text = _JOINER_RUN.sub(r"\1", text)
    text = _MARK_RUN.sub(r"\1", text)
    return _cut(text, limit)


def safe_line(text: str, *, limit: int | None = None) -> str:
    """`safe` on one line: white space is folded to single spaces."""
    return _cut(" ".join(safe(text).split()), limit)


def _cut(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    return text[: limit - 1] + "…" if limit > 0 else ""
