"""Tables and cut lines, as a terminal sees them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from devtrail_tui.cli.output import shortened, table

WORDS = st.text(alphabet="ab 日本e\u0301\x1b\n", max_size=12)


def test_a_table_is_aligned_by_cells() -> None:
    assert table(("#", "What"), [("7", "日本"), ("12", "web")], right={0}) == [
        " #  What",
        " 7  日本",
        "12  web",
    ]


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6))
def test_every_column_of_a_table_begins_in_the_same_cell(rows: list[tuple[str, str, str]]) -> None:
    lines = table(("one", "two", "three"), [(*row[:2], f"|{row[2]}") for row in rows])
    assert len(lines) == len(rows) + 1
    begins = {cell_len(line[: line.index("|")]) for line in lines[1:]}
    assert len(begins) <= 1
    assert not any(character in line for line in lines for character in "\x1b\n")


@given(WORDS, st.integers(1, 20))
def test_a_shortened_line_fits_and_begins_as_it_did(text: str, cells: int) -> None:
    cut = shortened(text, cells)
    assert cell_len(cut) <= cells or cut == text
    assert text.startswith(cut.removesuffix("…"))


def test_a_table_measures_an_emoji_as_a_terminal_does() -> None:
    assert table(("one", "two"), [("👍🏽", "|"), ("ab", "|")])[1:] == ["👍🏽   |", "ab   |"]
