"""The awkward pull requests as they end up in the database, against values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtrail_tui.core.evidence import AnalysisState, EvidenceDetail
from devtrail_tui.demo.world import World
from tests.demo.awkward import AWKWARD, Expected
from tests.doubles.server import FaultyServer
from tests.house.desk import Desk

pytestmark = pytest.mark.xdist_group("awkward pull requests")  # the sync is run once
STORED = [each for each in AWKWARD if each.roles]
NOT_INVOLVED = [each for each in AWKWARD if not each.roles]


@pytest.fixture(scope="module")
def evidence(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvidenceDetail]:
    """One sync of all the data there is, entries by title."""
    folder: Path = tmp_path_factory.mktemp("awkward")
    with FaultyServer(world) as server:
        desk = Desk(server, folder)
        desk.sync(startDate="2020-01-01")
        stored = {detail.entry.title: detail for detail in desk.evidence().values()}
        desk.close()
    return stored


@pytest.mark.parametrize("expected", STORED, ids=lambda expected: expected.title[:40])
def test_it_is_stored_with_the_right_figures(expected: Expected, evidence: dict[str, EvidenceDetail]) -> None:
    detail = evidence[expected.title]
    entry, figures, content = detail.entry, detail.entry.figures, detail.content
    assert entry.repository == expected.repository
    assert (content["author"], content["authorKind"]) == (expected.author, expected.author_kind)
    assert sorted(map(str, entry.roles)) == sorted(expected.roles)
    assert (figures["changed_files"], figures["additions"], figures["deletions"]) == (
        expected.changed_files,
        expected.additions,
        expected.deletions,
    )
    assert figures["review_rounds"] == expected.review_rounds
    assert len(content["comments"]) == expected.comments
    assert len(content["reviewComments"]) == expected.review_comments
    assert set(expected.components) <= set(entry.components)
    assert (entry.analysis_state is AnalysisState.FAILED) == expected.analysis_fails


@pytest.mark.parametrize("expected", NOT_INVOLVED, ids=lambda expected: expected.title[:40])
def test_somebody_elses_work_is_not_stored(expected: Expected, evidence: dict[str, EvidenceDetail]) -> None:
    assert expected.title not in evidence
