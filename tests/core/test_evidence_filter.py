"""What people type into the evidence list's filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.evidence import AnalysisState, Role
from devtrail_tui.core.evidence_filter import EvidenceFilter, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EvidenceFilter()),
        ("Retry storm", EvidenceFilter(words=frozenset({"retry", "storm"}))),
        ("#7", EvidenceFilter(words=frozenset({"#7"}))),
        ("repo:Shop,api", EvidenceFilter(repositories=frozenset({"shop", "api"}))),
        ("criterion:DEBUG-1", EvidenceFilter(criteria=frozenset({"debug-1"}))),
        ("role:auth role:reviewer", EvidenceFilter(roles=frozenset({Role.AUTHOR, Role.REVIEWER}))),
        ("state:analysed", EvidenceFilter(states=frozenset({AnalysisState.ANALYSED}))),
        ("state:not_analysed", EvidenceFilter(states=frozenset({AnalysisState.NOT_ANALYSED}))),
    ],
)
def test_parse(text: str, expected: EvidenceFilter) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("role:boss", "“boss” is not a role; write one of author, commenter, reviewer."),
        ("state:odd", "“odd” is not a state; write one of not_analysed, analysed, failed."),
        ("by:ada", "“by:” is not a qualifier; write one of repo:, criterion:, role:, state:."),
    ],
)
def test_what_is_not_understood_is_said_and_the_rest_holds(text: str, says: str) -> None:
    assert parse(f"{text} shop") == EvidenceFilter(words=frozenset({"shop"}), problems=(says,))


@given(st.text())
def test_anything_can_be_typed(text: str) -> None:
    found = parse(text)
    assert all(word == word.casefold() for word in found.words)
