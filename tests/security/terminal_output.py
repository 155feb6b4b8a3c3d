"""What a program wrote to a terminal: its control sequences, and the characters between them. Written from the standards and not
with the product's own cleaning, which it judges. (ECMA-48 for the sequences; Unicode's categories for the characters.)"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from tests.security.hostile_strings import MARK

_SEQUENCE = re.compile(
    r"\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])"
    r"|\x1b(?P<string>[\]PX^_])(?P<text>[^\x07\x1b]*)(?:\x07|\x1b\\)?"
    r"|\x1b(?P<two>[ -/]*[0-~])?"
)
_ALLOWED_CONTROLS = frozenset("\n\t")
_EMOJI_JOINERS = frozenset("\u200c\u200d")
_HIDDEN_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u180e")
_NO_CHARACTERS = frozenset("\ufffe\uffff")
MOST_MARKS = 8
"""Combining marks on one letter; no script in use needs more than a few."""


def harmful_characters(text: str) -> set[str]:
    """Names of the characters that no text on a terminal may hold, sequences included."""
    if text.isascii() and text.isprintable():
        return set()
    found = {f"U+{ord(each):04X}" for each in set(text) if _harmful(each)}
    run = 0
    for each in text:
        run = run + 1 if unicodedata.category(each) in ("Mn", "Me") and not "\ufe00" <= each <= "\ufe0f" else 0
        if run > MOST_MARKS:
            return found | {"a pile of marks"}
    return found


def _harmful(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cc":
        return character not in _ALLOWED_CONTROLS
    if category == "Cf":
        return character not in _EMOJI_JOINERS
    return category in ("Cs", "Zl", "Zp") or character in _HIDDEN_LETTERS | _NO_CHARACTERS


def sequences(written: bytes) -> Counter[str]:
    """The kinds of control sequences, such as `CSI m`, `CSI ?h 1049`, `OSC 52`; control strings with what they are about."""
    return Counter(_kind(found) for found in _SEQUENCE.finditer(written.decode("utf-8", "surrogateescape")))


def _kind(found: re.Match[str]) -> str:
    if found["csi"] is not None:
        parameters, final = found["csi"][:-1], found["csi"][-1]
        if parameters[:1] in ("?", ">", "<", "="):
            return f"CSI {parameters[0]}{final} {parameters[1:]}"
        return f"CSI {final}"
    if found["string"] is not None:
        name = {"]": "OSC", "P": "DCS", "X": "SOS", "^": "PM", "_": "APC"}[found["string"]]
        return f"{name} {found['text'].partition(';')[0][:20]}"
    return f"ESC {found['two']}"


def inside_sequences(written: bytes) -> list[str]:
    """Control sequences that carry a payload of ours."""
    whole = written.decode("utf-8", "surrogateescape")
    return [found.group() for found in _SEQUENCE.finditer(whole) if MARK in found.group()]


def between_sequences(written: bytes) -> str:
    """What is left without the sequences and the carriage returns that a terminal line ends with."""
    return _SEQUENCE.sub("", written.decode("utf-8", "surrogateescape")).replace("\r", "")


def assert_harmless(text: str) -> None:
    harmful = harmful_characters(text.replace("\r\n", "\n"))  # CSV ends its lines so (RFC 4180)
    assert not harmful, f"{sorted(harmful)} in {text[:2000]!r}"
