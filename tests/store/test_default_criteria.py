"""The rubric that ships with the package."""

from __future__ import annotations

from devtrail_tui.core.criteria_csv import dump, parse
from devtrail_tui.store.criteria_store import default_criteria


def test_the_default_rubric_is_whole() -> None:
    criteria = default_criteria()
    assert 25 <= len(criteria) <= 30
    assert len({each.area_of_concentration for each in criteria}) == 6
    assert len({each.subarea for each in criteria}) == len(criteria)
    assert len({each.description for each in criteria}) == len(criteria)
    assert {each.id for each in criteria if not each.pr_detectable} == {"planning", "incidents", "hiring", "discovery"}


def test_the_default_rubric_survives_export_and_import() -> None:
    assert parse(dump(default_criteria())) == default_criteria()
