"""Text fits its cells whatever its letters are."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from devtrail_tui.tui.widgets.cells import characters_before, fit, shorten, styled, wrap

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Mn", "Me")), max_size=60)


@given(text=TEXT, width=st.integers(0, 40), right=st.booleans())
def test_fit_is_exact(text: str, width: int, *, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width
    assert cell_len(shorten(text, width)) <= width


def test_what_is_cut_says_so() -> None:
    assert fit("acme/shop", 6) == "acme/…"
    assert fit("日本語", 4) == "日… "
    assert fit("12", 4, right=True) == "  12"
    assert shorten("acme/shop", 9) == "acme/shop"


@given(st.text(alphabet="ab 日é\n", max_size=80), st.integers(2, 20))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    spans = wrap(text, width)
    assert spans
    assert "".join(text[start:end] for start, end in spans) == text.replace("\n", "")
    assert all(cell_len(text[start:end].rstrip(" ")) <= width for start, end in spans)


def test_wrapping_breaks_behind_words() -> None:
    text = "one two three https://example.org/a/long/address"
    assert [text[start:end] for start, end in wrap(text, 14)] == [
        "one two three ",
        "https://exampl",
        "e.org/a/long/a",
        "ddress",
    ]
    assert wrap("", 10) == [(0, 0)]


def test_characters_of_wide_text() -> None:
    assert characters_before("abcdef", 3) == 3
    assert characters_before("日本語", 4) == 2
    assert characters_before("日本語", 0) == 0


@given(st.text(alphabet="abc", max_size=20), st.lists(st.tuples(st.integers(-3, 25), st.integers(-3, 25)), max_size=4))
def test_styled_keeps_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    parts = styled(text, Style(), [(first, last, Style(bold=True)) for first, last in spans])
    assert "".join(piece for piece, _ in parts) == text


def test_later_spans_lie_over_earlier_ones() -> None:
    parts = styled("abcd", Style(), [(0, 3, Style(bold=True)), (2, 4, Style(italic=True))])
    assert [(text, style.bold, style.italic) for text, style in parts] == [
        ("ab", True, None),
        ("c", True, True),
        ("d", None, True),
    ]
