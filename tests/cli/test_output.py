"""Tables, lengths of time and cut lines, as a terminal sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.cli.output import ago, duration, shortened, table, width

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = st.text(alphabet="ab 日本e\u0301\x1b\n", max_size=12)


def test_a_table_is_aligned_by_cells() -> None:
    assert table(("#", "What"), [("7", "日本"), ("12", "web")], right=frozenset({0})) == [
        " #  What",
        " 7  日本",
        "12  web",
    ]


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6))
def test_every_column_of_a_table_begins_in_the_same_cell(rows: list[tuple[str, str, str]]) -> None:
    lines = table(("one", "two", "three"), [(*row[:2], f"|{row[2]}") for row in rows])
    assert len(lines) == len(rows) + 1
    begins = {width(line[: line.index("|")]) for line in lines[1:]}
    assert len(begins) <= 1
    assert not any(character in line for line in lines for character in "\x1b\n")


@given(WORDS, st.integers(1, 20))
def test_a_shortened_line_fits_and_begins_as_it_did(text: str, cells: int) -> None:
    cut = shortened(text, cells)
    assert width(cut) <= cells or cut == text
    assert text.startswith(cut.removesuffix("…"))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (48.4, "0:48"), (61, "1:01"), (3723, "1:02:03"), (-5, "0:00")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("past", "words"),
    [(timedelta(seconds=59), "now"), (timedelta(minutes=5), "5 min ago"), (timedelta(hours=25), "1 d ago")],
)
def test_ago(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW) == words


def test_ago_of_nothing_is_nothing() -> None:
    assert ago(None, NOW) == ""
