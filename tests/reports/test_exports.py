"""The three formats: right, complete, and safe against what foreign text tries."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.quotes import QuotePlace
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.reports.exports import CSV_COLUMNS, FORMATS, as_csv, as_json
from devtrail_tui.reports.markdown_report import markdown
from devtrail_tui.reports.markdown_text import inline, link, quoted, web_address
from tests.reports.report_examples import make_entry, make_report, match

HOSTILE = [
    "# Promoted",
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel)",
    "```\n# out of the fence\n```",
    "a | b | c",
    "1. first",
    "- item",
    "+ item",
    "=====",
    "---",
    "> quoted",
    "*bold* _it_ ~~no~~ `code`",
    "<https://evil.example>",
    "https://evil.example/a www.evil.example",
    "write to ada@evil.example, mailto:ada@evil.example or @ada/core",
    "evil.org, src/orders.py and http://ada@evil.example",
    "&lt;b&gt; &#35;",
    "\x1b[31mred\x1b[0m \u202eright to left",
    "\\",
]


TEXTS = ("text", "text_special", "code_inline", "softbreak", "hardbreak")


def tokens(text: str) -> list[Token]:
    """Every token of a Markdown document, inline ones included, with GitHub's tables, strikethrough and bare links."""
    parser = MarkdownIt("gfm-like")
    assert parser.linkify is not None
    parser.linkify.tlds(
        ["example", "org", "py"]
    )  # GitHub makes no link of `A.BA`, as this parser would for many endings
    flat: list[Token] = []
    for token in parser.parse(text):
        flat.append(token)
        flat.extend(token.children or ())
    return flat


def plain(text: str) -> str:
    """What a reader sees of Markdown."""
    return "".join(token.content for token in tokens(text) if token.type in ("text", "text_special", "code_inline"))


def test_an_empty_report_is_still_a_report() -> None:
    assert "Merged: no evidence" in markdown(make_report())
    assert json.loads(as_json(make_report()))["period"] is None
    assert next(csv.reader(io.StringIO(as_csv(make_report())))) == list(CSV_COLUMNS)


def test_demo_data_says_so() -> None:
    assert "made up" in markdown(make_report(demo=True))
    assert json.loads(as_json(make_report(demo=True)))["demo"] is True


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_forges_nothing_in_markdown(text: str) -> None:
    def shape(foreign: str) -> list[str]:
        entry = make_entry(
            1,
            title=foreign,
            repository=foreign,
            components=(foreign,),
            matches=(match("5", 0.5, foreign, explanation=foreign),),
        )
        lone = make_entry(2, title=foreign, analysis_state=AnalysisState.FAILED, analysis_note=foreign, login=foreign)
        found = tokens(markdown(make_report(entry, lone, chosen=foreign)))
        return [token.type for token in found if token.type not in TEXTS]

    assert shape(text) == shape("harmless words")


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_reads_as_written(text: str) -> None:
    assert plain(inline(text)) == safe_line(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_any_line_is_one_paragraph_that_reads_as_written(text: str) -> None:
    shown = "x " + inline(text)
    found = tokens(shown)
    assert {token.type for token in found} <= {
        "paragraph_open",
        "inline",
        "text",
        "text_special",
        "code_inline",
        "paragraph_close",
    }
    assert plain(shown).split() == ["x", *safe_line(text).split()]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=60))
def test_a_quote_keeps_its_lines_and_stays_a_quote(text: str) -> None:
    found = tokens(quoted("x " + text, "carol, review"))
    assert {token.type for token in found} <= {
        *(
            "blockquote_open",
            "paragraph_open",
            "inline",
            "text",
            "text_special",
            "code_inline",
            "hardbreak",
            "softbreak",
        ),
        *("paragraph_close", "blockquote_close"),
    }
    shown = "".join(
        "\n" if token.type in ("hardbreak", "softbreak", "paragraph_close") else token.content
        for token in found
        if token.type in ("text", "text_special", "code_inline", "hardbreak", "softbreak", "paragraph_close")
    )
    written = [safe_line(line) for line in safe("x " + text).split("\n")]
    assert [line.split() for line in shown.split("\n") if line.strip()] == [
        line.split() for line in [*written, "— carol, review"] if line.strip()
    ]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "ftp://host/x", "https://", "", None, "http://[::1", "//host/x"],
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert web_address(url) == ""
    assert link("words", url) == "words"


@pytest.mark.parametrize("url", ["https://github.com/a/b/pull/1>) [x](", "https://github.com/a\nb", 'https://h/"x"'])
def test_an_address_cannot_end_its_link(url: str) -> None:
    opened = [token for token in tokens(link("words", url)) if token.type == "link_open"]
    assert len(opened) == 1
    assert plain(link("words", url)) == "words"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_per_match_and_one_for_each_entry_without() -> None:
    report = make_report(
        make_entry(1, matches=(match("12", 0.4), match("5", 0.505, "one", "two"))),
        make_entry(2, analysis_state=AnalysisState.NOT_ANALYSED, analysis_note="no key", merged_at=None),
    )
    found = rows(as_csv(report))
    assert [(row["criterion_id"], row["evidence_id"], row["analysis"]) for row in found] == [
        ("5", "1", "matched"),
        ("12", "1", "matched"),
        ("", "2", "not analysed"),
    ]
    assert found[0]["quotes"] == "one\ntwo"
    assert found[0]["model_confidence_percent"] == "50"
    assert found[2]["merged_at"] == ""
    assert found[2]["model"] == ""


def test_each_quote_carries_its_author() -> None:
    places = (QuotePlace("review", 0, "carol", 0, 9), QuotePlace("title", 0, "mona", 0, 3))
    quoted = replace(match("5", 0.9, "over two\nlines", "one"), quote_places=places)
    report = make_report(make_entry(1, matches=(quoted,)))
    (row,) = rows(as_csv(report))
    assert (row["quotes"], row["quote_sources"]) == ("over two lines\none", "carol, review\nmona, title")
    assert "— carol, review" in markdown(report)
    (evidence,) = json.loads(as_json(report))["criteria"][0]["evidence"]
    assert evidence["quotes"][0] == "over two\nlines"
    assert evidence["quotePlaces"][0]["by"] == "carol"


@pytest.mark.parametrize("formula", ["a;=1+1", "a; @SUM(A1)", "a|+1"])
def test_a_formula_behind_another_separator_is_escaped(formula: str) -> None:
    """Where the comma is the decimal sign, a spreadsheet splits at semicolons."""
    text = as_csv(make_report(make_entry(1, title=formula)))
    assert formula not in text
    assert re.search(r"[;\t|]\s*'[=@+-]", text)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "＝1", "'=1", "\x00=1"])
def test_no_csv_cell_runs_as_a_formula(formula: str) -> None:
    entry = make_entry(
        1,
        title=formula,
        repository=formula,
        login=formula,
        pr_url=formula,
        components=(formula,),
        analysis_note=formula,
        matches=(match(formula, 0.5, formula, explanation=formula),),
    )
    for row in rows(as_csv(make_report(entry, models={1: formula}))):
        assert all(not cell.strip().startswith(("=", "+", "-", "@", "＝")) for cell in row.values())
        assert row["additions"] == "30"


def test_json_holds_everything_once() -> None:
    document: dict[str, Any] = json.loads(
        as_json(make_report(make_entry(1, matches=(match("5", 0.88, "q"), match("12", 0.2))), make_entry(2)))
    )
    assert [entry["id"] for entry in document["entries"]] == [1, 2]
    assert document["criteria"][0]["criterion_id"] == "5"
    assert document["criteria"][0]["evidence"] == [
        {"id": 1, "confidence": 0.88, "explanation": "Found the cause.", "quotes": ["q"], "quotePlaces": []}
    ]
    assert document["counts"] == {
        "entries": 2,
        "matched": 1,
        "below": 0,
        "withoutMatch": 1,
        "notAnalysed": 0,
        "failed": 0,
        "outdated": 0,
    }
    assert document["entries"][0]["model"] == "claude-sonnet-5-5"
    assert document["entries"][0]["mergedAt"] == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("text", HOSTILE)
def test_no_format_carries_what_a_terminal_obeys(form: str, text: str) -> None:
    out = FORMATS[form](make_report(make_entry(1, title=text, matches=(match("5", 0.5, text, explanation=text),))))
    assert safe(out) == out.replace("\r\n", "\n")


def test_times_are_utc() -> None:
    report = make_report(make_entry(1), generated_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    assert json.loads(as_json(report))["generatedAt"] == "2026-11-20T09:30:00.000Z"
