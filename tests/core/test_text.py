"""What foreign text becomes at the door."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.text import safe, safe_line

HOSTILE = [
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x9b31mred", "red"),
    ("\x1b]0;title\x07after", "after"),
    ("\x1b]0;title\x1b\\after", "after"),
    ("\x1b]52;c;aGVsbG8=\x07clip", "clip"),
    ("\x9d52;c;aGVsbG8=\x9cclip", "clip"),
    ("\x1bP+q544e\x1b\\dcs", "dcs"),
    ("\x1b_Gf=100;AAAA\x1b\\kitty", "kitty"),
    ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("open \x1b]0;the rest stays\nnext line", "open 0;the rest stays\nnext line"),
    ("open \x9dthe rest stays", "open the rest stays"),
    ("open \x1b]0;a \x1b[31mred", "open 0;a red"),
    ("cut \x1b[", "cut "),
    ("cut \x1b", "cut "),
    ("\x1b[6n\x1bcreset", "reset"),
    ("\x1b[\x1b[31m31mnested", "31mnested"),
    ("a\x00b\x08c\x7fd\x85e", "abcde"),
    ("invoice\u202egnp.exe", "invoicegnp.exe"),
    ("a\u2066b\u2069c\u200fd", "abcd"),
    ("hidden\U000e0068\U000e0069", "hidden"),
    ("bytes" + "\ufe01" * 9, "bytes\ufe01\ufe01"),
    ("bytes\U000e0100\U000e0101", "bytes"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("soft\u00adhyphen", "softhyphen"),
    ("blank\u3164", "blank"),
    ("z" + "\u0301" * 40, "z" + "\u0301" * 4),
    ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ("no character \ufffe\uffff", "no character "),
    ("a\r\nb\rc", "a\nb\nc"),
]
KEPT = [
    "plain\n\ttext",
    "café crème brûlée",
    "cafe\u0301",
    "👨\u200d👩\u200d👧 family",
    "❤️\u200d🔥 fire",
    "🏳️\u200d🌈",
    "1\ufe0f\u20e3",
    "日本語 العربية हिन्दी ไทย",
    "می\u200cخواهم",
    "[red]markup is left to those who draw[/red]",
]


@pytest.mark.parametrize(("text", "expected"), HOSTILE)
def test_hostile_text_is_made_harmless(text: str, expected: str) -> None:
    assert safe(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


ANY_TEXT = st.text(st.characters(exclude_categories=()))
NASTY = st.text(st.sampled_from("\x1b\x9b\x9d\x90\x07\x9c\\[]PX^_;?0m a\n\r\t\u0301\u200d\ufe0f\u202e\ud800\U000e0041"))


@given(ANY_TEXT | NASTY, st.none() | st.integers(0, 40))
def test_twice_changes_nothing_more(text: str, limit: int | None) -> None:
    once = safe(text, limit=limit)
    assert safe(once, limit=limit) == once
    line = safe_line(text, limit=limit)
    assert safe_line(line, limit=limit) == line


@given(ANY_TEXT | NASTY)
def test_no_control_comes_out_and_utf8_takes_it(text: str) -> None:
    out = safe(text)
    out.encode("utf-8")
    assert not [character for character in out if unicodedata.category(character) == "Cc" and character not in "\n\t"]
    assert not [
        character for character in out if unicodedata.bidirectional(character) in {"RLO", "LRO", "RLE", "LRE", "RLI"}
    ]


@given(ANY_TEXT | NASTY)
def test_a_line_has_no_line_break(text: str) -> None:
    line = safe_line(text)
    assert line.splitlines() in ([], [line])
    assert line == line.strip()


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="\u115f\u1160\u3164\uffa0")))
def test_letters_are_never_lost(text: str) -> None:
    assert safe(text) == text


@given(ANY_TEXT, st.integers(0, 30))
def test_a_limit_is_kept_and_shown(text: str, limit: int) -> None:
    whole, cut = safe(text), safe(text, limit=limit)
    assert len(cut) <= limit
    assert cut == whole if len(whole) <= limit else cut == "" or cut.endswith("…")


@pytest.mark.parametrize("piece", ["\x1b]", "\x9d", "\x1b[0", "\x9b;", "\x1bP0", "\u0301", "\u200d"])
def test_a_long_row_of_openings_is_read_in_one_go(piece: str) -> None:
    """Quadratic reading of 400,000 openings would take minutes; the suite would not end."""
    assert "\x1b" not in safe(piece * 400_000)
