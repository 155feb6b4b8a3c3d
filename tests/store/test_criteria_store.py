"""Criteria: replaced by an import, retired and never deleted, begun with the default rubric."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.store.criteria_store import CriteriaStore, ImportCounts, default_criteria
from devtrail_tui.store.sqlite.engine import SqliteDatabase

A = Criterion("A", "Craft", "Debugging", "Finds causes.")
B = Criterion("B", "Craft", "", "Writes tests.", pr_detectable=False)
C = Criterion("C", "People", "", "Helps.")


def test_a_new_database_begins_with_the_default_rubric(criteria: CriteriaStore, database: SqliteDatabase) -> None:
    assert list(criteria.list()) == default_criteria()
    version = database.version()
    assert len(criteria.list(include_retired=True)) == len(default_criteria())
    assert database.version() == version


def test_an_import_puts_its_own_in_force(criteria: CriteriaStore) -> None:
    assert criteria.import_([A, B]).result() == ImportCounts(added=2, changed=0, retired=0, unchanged=0)
    assert list(criteria.list()) == [A, B]
    changed = replace(A, description="Finds root causes.")
    assert criteria.import_([C, changed]).result() == ImportCounts(added=1, changed=1, retired=1, unchanged=0)
    assert list(criteria.list()) == [C, changed]
    assert list(criteria.list(include_retired=True)) == [C, changed, B]


def test_importing_the_same_again_changes_nothing(criteria: CriteriaStore, database: SqliteDatabase) -> None:
    criteria.import_([A, B]).result()
    version = database.version()
    assert criteria.import_([A, B]).result() == ImportCounts(added=0, changed=0, retired=0, unchanged=2)
    assert database.version() == version


def test_a_retired_criterion_comes_back(criteria: CriteriaStore) -> None:
    criteria.import_([A, B]).result()
    criteria.import_([A]).result()
    assert criteria.import_([A, B]).result() == ImportCounts(added=0, changed=1, retired=0, unchanged=1)
    assert list(criteria.list(include_retired=True)) == [A, B]


@pytest.mark.parametrize(
    ("given", "says"), [([], "The file has no criteria"), ([A, B, replace(A, subarea="x")], "A occurs twice")]
)
def test_an_import_that_is_refused_changes_nothing(criteria: CriteriaStore, given: list[Criterion], says: str) -> None:
    criteria.import_([A]).result()
    with pytest.raises(InvalidInput, match=says):
        criteria.import_(given).result()
    assert list(criteria.list()) == [A]
