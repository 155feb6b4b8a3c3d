"""Criteria as CSV: what is written can be read again, and what is wrong is named by its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.criteria_csv import COLUMNS, LONGEST_ID, MOST_CRITERIA, dump, parse
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.core.text import safe, safe_line

HEADER = ",".join(COLUMNS)


def problems(source: str | bytes) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        parse(source)
    return dict(caught.value.problems)


IDS = st.from_regex(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_ID - 1}}}", fullmatch=True)
STARTS = st.sampled_from(["", "=", "'=", "+1 ", "-", "@", "''@", "'", "＝"])
NAMES = st.builds("{}{}".format, STARTS, st.text(max_size=40)).map(safe_line)
DESCRIPTIONS = st.builds("{}{}".format, STARTS, st.text(min_size=1)).map(lambda text: safe(text).strip())
CRITERIA = st.lists(
    st.builds(Criterion, IDS, NAMES.filter(bool), NAMES, DESCRIPTIONS.filter(bool), st.booleans()),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each.id.lower(),
)


@given(CRITERIA)
def test_what_is_written_is_read_again(criteria: list[Criterion]) -> None:
    text = dump(criteria)
    assert parse(text) == criteria
    assert parse(text.encode()) == criteria
    assert parse(b"\xef\xbb\xbf" + text.replace("\r", "\n").encode()) == criteria


@given(CRITERIA)
def test_no_cell_is_a_formula(criteria: list[Criterion]) -> None:
    for row in csv.reader(io.StringIO(dump(criteria), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@given(st.text() | st.binary())
def test_anything_else_is_refused_with_a_sentence(source: str | bytes) -> None:
    assert all(sentence.endswith((".", "…")) for sentence in problems(source).values())


@given(st.lists(st.lists(st.text(max_size=12), max_size=7), max_size=5))
def test_any_rows_are_read_or_refused(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([list(COLUMNS), *rows])
    try:
        found = parse(out.getvalue())
    except InvalidInput:
        return
    assert parse(dump(found)) == found


def test_columns_in_any_order_blank_lines_and_cells_of_several_lines() -> None:
    source = (
        "pr_detectable, description ,criterion_id,subarea,area_of_concentration\r\n"
        "\r\n"
        'YES,"Two\r\nlines",a1,,Craft\r\n'
        ",,,,\r\n"
        "0,Other,b2,Sub,Craft\r\n"
    )
    assert parse(source) == [
        Criterion("a1", "Craft", "", "Two\nlines", pr_detectable=True),
        Criterion("b2", "Craft", "Sub", "Other", pr_detectable=False),
    ]


def test_a_missing_column() -> None:
    found = problems("criterion_id,subarea,description\n1,s,d\n")
    assert found["line 1"].startswith("The columns are missing: area_of_concentration, pr_detectable.")
    one = problems(HEADER.replace(",subarea", "") + "\n")
    assert one["line 1"].startswith("The column is missing: subarea.")


def test_a_column_too_many() -> None:
    assert problems(f"{HEADER},weight\n")["line 1"].startswith("There is no column “weight”; remove it.")
    assert problems(f"{HEADER},subarea\n")["line 1"] == "The column subarea occurs twice; keep one."


def test_another_separator() -> None:
    assert "not separated by commas" in problems(HEADER.replace(",", ";") + "\n")["line 1"]


@pytest.mark.parametrize("second", ["a1", "A1"])
def test_a_doubled_id(second: str) -> None:
    found = problems(f'{HEADER}\na1,Craft,,"One\nline",true\n{second},Craft,,Two,true\n')
    assert found == {"line 4": f"The criterion_id {second} is already on line 2; use each once."}


def test_wrong_encodings() -> None:
    latin = f"{HEADER}\na1,Craft,,Größe,true\n".encode("latin-1")
    assert problems(latin) == {
        "line 2": "The byte 0xF6 is not UTF-8; save the file as “CSV UTF-8” and import it again."
    }
    assert problems(HEADER.encode("utf-16"))[""].startswith("The file is UTF-16;")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (",Craft,,Text,true", "The criterion_id is empty."),
        ("a 1,Craft,,Text,true", "The criterion_id “a 1” is not usable"),
        ("../x,Craft,,Text,true", "The criterion_id “../x” is not usable"),
        ("é,Craft,,Text,true", "The criterion_id “é” is not usable"),
        ("x" * (LONGEST_ID + 1) + ",Craft,,Text,true", "is not usable"),
        ("a1,,,Text,true", "The area_of_concentration is empty."),
        ("a1,Craft,, ,true", "The description is empty."),
        ("a1,Craft,,\x1b[2J,true", "The description is empty."),
        ("a1,Craft,,Text,maybe", "pr_detectable must be true or false, not “maybe”."),
        ("a1,Craft,,Text,", "pr_detectable must be true or false, not “”."),
        ("a1,Craft,,Text", "This line has 4 cells; there are 5 columns."),
        ("a1,Craft,,Text,true,more", "This line has 6 cells; there are 5 columns."),
        (f"a1,{'x' * 121},,Text,true", "The area_of_concentration has 121 characters; the maximum is 120."),
        (f"a1,Craft,,{'x' * 2001},true", "The description has 2,001 characters; the maximum is 2,000."),
        ('a1,Craft,,"Text,true', "This is not well-formed CSV"),
    ],
)
def test_a_bad_line_is_named(row: str, sentence: str) -> None:
    found = problems(f"{HEADER}\nok,Craft,,Fine,true\n{row}")
    assert list(found) == ["line 3"]
    assert sentence in found["line 3"]


def test_every_bad_line_is_named_up_to_twenty() -> None:
    found = problems(f"{HEADER}\n" + "a b,Craft,,Text,true\n" * 30)
    assert [key for key in found if key] == [f"line {number}" for number in range(2, 22)]
    assert found[""] == "The lines after that were not checked."


@pytest.mark.parametrize("source", ["", "\n\n", b"", b"\xef\xbb\xbf"])
def test_an_empty_file(source: str | bytes) -> None:
    assert problems(source)[""].startswith("The file is empty;")


def test_a_header_alone() -> None:
    assert problems(HEADER + "\n")[""].startswith("The file has no criteria")


def test_too_many_criteria() -> None:
    rows = "".join(f"c{number},Craft,,Text,true\n" for number in range(MOST_CRITERIA + 1))
    assert problems(f"{HEADER}\n{rows}")[""].startswith(f"There are more than {MOST_CRITERIA} criteria")
    assert len(parse(f"{HEADER}\n{rows}"[: -len(f"c{MOST_CRITERIA},Craft,,Text,true\n")])) == MOST_CRITERIA


def test_a_file_too_large_to_be_a_rubric() -> None:
    assert "a rubric has at most" in problems("x" * 2_000_001)[""]


def test_texts_are_made_safe() -> None:
    (found,) = parse(f"{HEADER}\na1,Cr\u202eaft,S\tub,\x1b]0;title\x07Text\x00,true\n")
    assert found == Criterion("a1", "Craft", "S ub", "Text")
