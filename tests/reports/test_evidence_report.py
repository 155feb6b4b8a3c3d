"""What the report counts and in which order it stands."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.evidence import AnalysisState, Criterion, EvidenceEntry, EvidenceType
from devtrail_tui.reports.evidence_report import EvidenceReport, confident, only
from tests.reports.report_examples import make_entry, make_report, match


def test_sections_follow_the_rubric_and_put_the_strongest_first() -> None:
    weak = make_entry(1, matches=(match("12", 0.4), match("5", 0.5)))
    strong = make_entry(2, matches=(match("5", 0.9),))
    report = make_report(weak, strong)
    assert [section.criterion.id for section in report.sections] == ["5", "12"]
    assert [support.entry.id for support in report.sections[0].supports] == [2, 1]


def test_equal_confidence_puts_the_newest_first() -> None:
    report = make_report(make_entry(1, matches=(match(),)), make_entry(9, matches=(match(),)))
    assert [support.entry.id for support in report.sections[0].supports] == [9, 1]


def test_a_criterion_that_left_the_rubric_is_still_shown() -> None:
    report = make_report(make_entry(1, matches=(match("99"),)))
    assert [(section.criterion.id, section.criterion.area_of_concentration) for section in report.sections] == [
        ("99", "No longer in the rubric")
    ]


def test_entries_that_count_for_nothing_are_named() -> None:
    report = make_report(
        make_entry(1, matches=(match(),)),
        make_entry(2),
        make_entry(3, analysis_state=AnalysisState.NOT_ANALYSED),
        make_entry(4, analysis_state=AnalysisState.FAILED),
    )
    assert [entry.id for entry in report.unmatched] == [4, 3, 2]
    assert report.counts_words() == (
        "4 entries: 1 matched, 1 analysed without a match, 1 not analysed, 1 whose analysis failed."
    )


def test_period_and_models_are_those_of_the_entries_shown() -> None:
    report = make_report(make_entry(3), make_entry(8), models={3: "claude-a", 77: "claude-of-another-entry"})
    assert report.period == (datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC))
    assert report.model_names == ("claude-a",)


def test_an_empty_report_has_no_period() -> None:
    assert make_report().period is None
    assert make_report().counts.entries == 0


def test_only_keeps_the_matches_of_the_criteria_asked_for() -> None:
    entries = [make_entry(1, matches=(match("5"), match("Ab"))), make_entry(2, matches=(match("AB"),))]
    kept = only(entries, {"ab"})
    assert [(entry.id, [each.criterion_id for each in entry.matches]) for entry in kept] == [(1, ["Ab"]), (2, ["AB"])]
    assert only(entries, ()) == tuple(entries)


STATES = st.sampled_from(AnalysisState)
MATCHES = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0, 1)), max_size=3)


@given(st.lists(st.tuples(STATES, MATCHES), max_size=12))
def test_counts_add_up_and_every_match_is_in_exactly_one_section(
    drawn: list[tuple[AnalysisState, list[tuple[str, float]]]],
) -> None:
    entries = tuple(
        EvidenceEntry(
            id=number,
            type=EvidenceType.PULL_REQUEST,
            title="",
            description="",
            login="ada",
            pr_number=number,
            pr_url=None,
            repository="acme/shop",
            merged_at=None,
            figures={},
            components=(),
            roles=(),
            analysis_state=state,
            analysis_note="",
            matches=tuple(match(name, value) for name, value in matches) if state is AnalysisState.ANALYSED else (),
        )
        for number, (state, matches) in enumerate(drawn)
    )
    weak_removed, below = confident(entries, 50)
    less = EvidenceReport(datetime(2026, 1, 1, tzinfo=UTC), weak_removed, (), {}, min_confidence=50, below=below)
    assert less.counts.matched + less.counts.below + less.counts.without_match == sum(
        entry.analysis_state is AnalysisState.ANALYSED for entry in entries
    )
    assert sum(below.values()) == sum(len(entry.matches) for entry in entries) - sum(
        len(section.supports) for section in less.sections
    )
    report = EvidenceReport(datetime(2026, 1, 1, tzinfo=UTC), entries, (Criterion("b", "B", "", ""),), {})
    counts = report.counts
    assert counts.below == 0
    assert counts.matched + counts.without_match + counts.not_analysed + counts.failed == counts.entries == len(entries)
    assert sum(len(section.supports) for section in report.sections) == sum(len(entry.matches) for entry in entries)
    assert len(report.unmatched) + counts.matched == counts.entries
