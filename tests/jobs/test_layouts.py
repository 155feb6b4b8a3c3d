"""The layout of a repository: one request, kept with the cursor, and never a reason to stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtrail_tui.core.components import components
from devtrail_tui.core.evidence import ChangedFile
from devtrail_tui.core.job import Job, Status
from devtrail_tui.core.repository_layout import RepositoryLayout
from devtrail_tui.demo.world import World
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.recorder import Recorded
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk

SHOP = "acme/shop"


def is_tree(request: Recorded) -> bool:
    return request.path.endswith("/git/trees/HEAD")


def trees(desk: Desk) -> int:
    return sum(map(is_tree, desk.server.requests))


def components_of(desk: Desk) -> dict[tuple[str, int], tuple[str, ...]]:
    return {key: detail.entry.components for key, detail in desk.evidence().items()}


def test_it_is_asked_for_once_and_used_by_later_jobs(desk: Desk, world: World) -> None:
    desk.sync(SHOP, maxPullRequests=5)
    assert trees(desk) == 1
    desk.sync(SHOP)
    desk.sync(SHOP)
    assert trees(desk) == 1
    layout = RepositoryLayout.of(world.paths(SHOP))
    stored = desk.evidence()
    assert len(stored) > 20
    for detail in stored.values():
        files = [ChangedFile(each["path"], each["additions"], each["deletions"]) for each in detail.content["files"]]
        assert detail.entry.components == components(files, layout)


def test_a_change_gets_the_same_names_whatever_was_stored_before(desk: Desk) -> None:
    desk.sync(SHOP, maxPullRequests=3)
    few = components_of(desk)
    desk.sync(SHOP)
    assert few.items() <= components_of(desk).items()


def test_nothing_new_and_a_dry_run_ask_and_store_nothing_more(desk: Desk) -> None:
    desk.sync(SHOP, dryRun=True)
    assert trees(desk) == 1
    desk.sync(SHOP)
    assert trees(desk) == 2, "a dry run stores nothing"
    desk.sync(SHOP)
    assert trees(desk) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(409, {"message": "Git Repository is empty."}),
        Fault.status(404, {"message": "Not Found"}),
        GitHubFault.forbidden(),
        Fault.bad_gateway(502),
        Fault.status(200, {"tree": None}),
        Fault.status(200, []),
        Fault.html(200),
    ],
    ids=lambda fault: fault.name,
)
def test_without_it_names_are_simpler_and_that_is_said(fault: Fault, tmp_path: Path) -> None:
    with FaultyServer(small_world([Written("Retry with backoff")])) as server:
        server.faults.always(is_tree, fault)
        desk = Desk(server, tmp_path)
        job: Job = desk.sync(SHOP)
        assert job.status is Status.COMPLETED
        assert "list of files could not be read" in desk.log(job)
        assert list(components_of(desk).values()) == [("services/retry",)]
        desk.close()
