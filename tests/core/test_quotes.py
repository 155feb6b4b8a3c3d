"""When a quote is verbatim: white space and marks are forgiven, other words are not."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from devtrail_tui.core.quotes import SHORTEST_QUOTE, QuotableTexts, fold

WHITE_SPACE = st.text(alphabet=" \t\n\r\u00a0\u2003\u3000", min_size=1, max_size=4)
LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüß", min_size=1, max_size=12)


@st.composite
def text_and_piece(draw: st.DrawFn) -> tuple[str, str]:
    """A folded text and a piece of it that is long enough and says something."""
    text = fold(draw(st.text(min_size=SHORTEST_QUOTE, max_size=80)))
    assume(len(text) >= SHORTEST_QUOTE)
    start = draw(st.integers(0, len(text) - SHORTEST_QUOTE))
    piece = text[start : draw(st.integers(start + SHORTEST_QUOTE, len(text)))].strip()
    assume(len(piece) >= SHORTEST_QUOTE)
    assume(any(character.isalnum() for character in piece))
    return text, piece


@given(text_and_piece())
def test_any_piece_is_found(given_text: tuple[str, str]) -> None:
    text, piece = given_text
    assert QuotableTexts(["other", text]).find(piece) == piece


@given(st.data(), text_and_piece())
def test_any_piece_with_other_white_space_is_found(data: st.DataObject, given_text: tuple[str, str]) -> None:
    text, piece = given_text
    words = piece.split(" ")
    respaced = data.draw(WHITE_SPACE) + words[0]
    for word in words[1:]:
        respaced += data.draw(WHITE_SPACE) + word
    assert QuotableTexts([text]).find(respaced + "\n") == piece


@given(st.lists(LETTERS, min_size=2, max_size=12), st.data())
def test_a_changed_letter_is_not_found(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    assume(len(text) >= SHORTEST_QUOTE)
    place = data.draw(st.integers(0, len(text) - 1))
    assume(text[place] != " ")
    other = data.draw(st.characters(categories=["Lu", "Lo", "Nd"]))
    assume(unicodedata.normalize("NFC", other) not in text)
    changed = text[:place] + other + text[place + 1 :]
    assert QuotableTexts([text]).find(changed) is None
    assert QuotableTexts([text]).find(text) == text


@given(st.lists(LETTERS, min_size=3, max_size=12), st.data())
def test_a_changed_letter_case_is_not_found(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    assume(len(text) >= SHORTEST_QUOTE)
    place = data.draw(st.integers(0, len(text) - 1))
    assume(text[place].upper() != text[place])
    assert QuotableTexts([text]).find(text[:place] + text[place].upper() + text[place + 1 :]) is None


@given(st.text(), st.text())
def test_what_is_found_stands_in_a_text(text: str, quote: str) -> None:
    found = QuotableTexts([text]).find(quote)
    assert found is None or found in fold(text)


def test_the_differences_that_models_make_are_forgiven() -> None:
    case = json.loads((Path(__file__).parents[1] / "cases" / "quotes.json").read_text())
    sources = [case["title"], case["description"], case["file_as_shown"].split(" ")[0]]
    texts = QuotableTexts(sources)
    for quote in case["answers_whose_claim_is_thrown_away"]:
        found = texts.find(quote)
        assert found is not None, quote
        assert any(found in fold(source) for source in sources)


@pytest.mark.parametrize(
    ("source", "quote", "span"),
    [
        ("**Retries** are _bounded_ now", "Retries are bounded now", "Retries** are _bounded_ now"),
        ("call `retry_once(x)` twice, please", "call retry_once(x) twice,", "call `retry_once(x)` twice"),
        ("It’s “done” — finally fixed", 'It\'s "done" - finally fixed!', "It’s “done” — finally fixed"),
        ("- [x] a queue with leases\n- more", "“a queue with leases.”", "a queue with leases"),
        ("path C:\\temp\\new is read", "path C:\\\\temp\\\\new is", "path C:\\temp\\new is"),
        ("src/a_b/retry.py", "src/a_b/retry.py +3 -12", "src/a_b/retry.py"),
        ("~~old~~ new behaviour here", "“old new behaviour here”", "old~~ new behaviour here"),
    ],
)
def test_the_source_is_returned_verbatim(source: str, quote: str, span: str) -> None:
    assert QuotableTexts(["another text", source]).find(quote) == span
    assert span in fold(source)


@pytest.mark.parametrize("quote", ["foobar is called", "Foo_bar is called", "foo_bar was called", "foo_bar … called"])
def test_other_words_are_not_forgiven(quote: str) -> None:
    assert QuotableTexts(["foo_bar is called"]).find(quote) is None


@pytest.mark.parametrize(
    "quote",
    [
        "retries are 'bounded' now",
        'retries are "bounded"... now',
        'retries are "bounded" … now',
        'retries are"bounded" now',
    ],
)
def test_what_is_not_forgiven(quote: str) -> None:
    texts = QuotableTexts(['The retries are "bounded" now.'])
    assert texts.find('retries are "bounded" now') is not None
    assert texts.find(quote) is None


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert QuotableTexts(["Größe der Änderung"]).find(unicodedata.normalize("NFD", "Größe der Änderung"))
    assert QuotableTexts([unicodedata.normalize("NFD", "Größe der Änderung")]).find("der Änderung")


@pytest.mark.parametrize("quote", ["", "   ", "\n", "…", "--------", "!!!!!!!!!!", "\u200b\u200b", "\x1b[2J"])
def test_what_says_nothing_is_never_found(quote: str) -> None:
    assert QuotableTexts(["", "   ", "…", "--------", "!!!!!!!!!!", "text"]).find(quote) is None


def test_a_short_quote_must_be_a_whole_text() -> None:
    texts = QuotableTexts(["LGTM", "Fix CI", "The retry is fixed"])
    assert texts.find("LGTM") == "LGTM"
    assert texts.find("Fix  CI") == "Fix CI"
    assert texts.find("LGT") is None
    assert texts.find("retry") is None
    assert texts.find("he retry") == "he retry"


def test_a_quote_does_not_span_two_texts() -> None:
    assert QuotableTexts(["first comment", "second comment"]).find("first comment second") is None
