"""When a quote is verbatim: white space and marks are forgiven, other words are not."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from devtrail_tui.core.quotes import SHORTEST_QUOTE, QuotableText, QuotableTexts, fold
from devtrail_tui.core.text import safe

WHITE_SPACE = st.text(alphabet=" \t\n\r\u00a0\u2003\u3000", min_size=1, max_size=4)
LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüß", min_size=1, max_size=12)


def found(texts: list[str], quote: str) -> str | None:
    """The span of the first text with this quote, which stands where it says."""
    sources = [QuotableText(text, "description", index) for index, text in enumerate(texts)]
    quotation = QuotableTexts(sources).find(quote)
    if quotation is None:
        return None
    place = quotation.place
    assert safe(texts[place.index])[place.start : place.end] == quotation.text
    return quotation.text


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
    assert found(["other", text], piece) == piece


@given(st.data(), text_and_piece())
def test_any_piece_with_other_white_space_is_found(data: st.DataObject, given_text: tuple[str, str]) -> None:
    text, piece = given_text
    words = piece.split(" ")
    respaced = data.draw(WHITE_SPACE) + words[0]
    for word in words[1:]:
        respaced += data.draw(WHITE_SPACE) + word
    assert found([text], respaced + "\n") == piece


@given(st.lists(LETTERS, min_size=2, max_size=12), st.data())
def test_a_changed_letter_is_not_found(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    assume(len(text) >= SHORTEST_QUOTE)
    place = data.draw(st.integers(0, len(text) - 1))
    assume(text[place] != " ")
    other = data.draw(st.characters(categories=["Lu", "Lo", "Nd"]))
    assume(unicodedata.normalize("NFC", other) not in text)
    changed = text[:place] + other + text[place + 1 :]
    assert found([text], changed) is None
    assert found([text], text) == text


@given(st.lists(LETTERS, min_size=3, max_size=12), st.data())
def test_a_changed_letter_case_is_not_found(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    assume(len(text) >= SHORTEST_QUOTE)
    place = data.draw(st.integers(0, len(text) - 1))
    assume(text[place].upper() != text[place])
    assert found([text], text[:place] + text[place].upper() + text[place + 1 :]) is None


@given(st.text(), st.text())
def test_what_is_found_stands_in_a_text(text: str, quote: str) -> None:
    span = found([text], quote)
    assert span is None or fold(span) in fold(text)


def test_the_differences_that_models_make_are_forgiven() -> None:
    case = json.loads((Path(__file__).parents[1] / "cases" / "quotes.json").read_text())
    sources = [case["title"], case["description"], case["file_as_shown"].split(" ")[0]]
    for quote in case["answers_whose_claim_is_thrown_away"]:
        span = found(sources, quote)
        assert span is not None, quote
        assert any(span in safe(source) for source in sources)


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
    assert found(["another text", source], quote) == span
    assert span in source


@pytest.mark.parametrize("quote", ["foobar is called", "Foo_bar is called", "foo_bar was called", "foo_bar … called"])
def test_other_words_are_not_forgiven(quote: str) -> None:
    assert found(["foo_bar is called"], quote) is None


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
    texts = ['The retries are "bounded" now.']
    assert found(texts, 'retries are "bounded" now') is not None
    assert found(texts, quote) is None


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert found(["Größe der Änderung"], unicodedata.normalize("NFD", "Größe der Änderung"))
    assert found([unicodedata.normalize("NFD", "Größe der Änderung")], "der Änderung")


@pytest.mark.parametrize("quote", ["", "   ", "\n", "…", "--------", "!!!!!!!!!!", "\u200b\u200b", "\x1b[2J"])
def test_what_says_nothing_is_never_found(quote: str) -> None:
    assert found(["", "   ", "…", "--------", "!!!!!!!!!!", "text"], quote) is None


def test_a_short_quote_must_be_a_whole_text() -> None:
    texts = ["LGTM", "Fix CI", "The retry is fixed"]
    assert found(texts, "LGTM") == "LGTM"
    assert found(texts, "Fix  CI") == "Fix CI"
    assert found(texts, "LGT") is None
    assert found(texts, "retry") is None
    assert found(texts, "he retry") == "he retry"


def test_a_quote_does_not_span_two_texts() -> None:
    assert found(["first comment", "second comment"], "first comment second") is None
