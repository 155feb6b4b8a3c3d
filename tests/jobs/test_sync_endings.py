"""How a GITHUB_SYNC ends: retried, cancelled, stopped, refused."""

from __future__ import annotations

import pytest

from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.job import Status
from tests.doubles.faults import Fault
from tests.house.desk import Desk
from tests.jobs.conftest import expected

SHOP = "acme/shop"
"""27 pull requests of the user: enough for what a sync of part of them leaves for the next one."""


def test_a_network_that_is_down_is_tried_again_later(desk: Desk) -> None:
    for route in ("user", "graphql"):
        desk.server.faults.always(route, Fault.close())
    job = desk.sync(analyse=False)
    assert job.status is Status.PENDING
    assert job.attempt == 0, "an outage spends no try"
    assert job.run_at > desk.clock.now()
    assert "Retrying in" in desk.log(job)


def test_a_cancel_ends_it_at_once_and_keeps_what_was_found(desk: Desk) -> None:
    gate = desk.server.faults.hang("messages", times=50, after=4)
    job = desk.launch(SHOP)
    desk.start()
    gate.wait(20)
    desk.services.queue.cancel(job.id).result()
    desk.wait_until(lambda: desk.job(job).status is Status.CANCELLED)
    gate.release()
    desk.stop()
    kept = desk.evidence()
    assert kept
    assert desk.evidence() == kept
    assert "Cancelled" in desk.log(job)


def test_a_stopped_sync_goes_on_from_where_it_was(desk: Desk) -> None:
    gate = desk.server.faults.hang("messages", times=50, after=10)
    job = desk.launch(SHOP)
    desk.start()
    gate.wait(20)
    desk.stop()
    assert desk.job(job).status is Status.PENDING
    assert desk.job(job).attempt == 0
    gate.release()
    desk.server.faults.clear()
    answered = sum(each.entry.analysis_state is not AnalysisState.NOT_ANALYSED for each in desk.evidence().values())
    done = desk.work(job)
    assert done.status is Status.COMPLETED
    everything = expected(desk.server.world, SHOP)
    assert set(desk.evidence()) == set(everything)
    assert done.result is not None
    assert (done.result["new"], done.result["alreadyStored"]) == (len(everything), 0)
    assert answered > 0
    assert done.result["matched"] + done.result["withoutMatch"] + done.result["failed"] >= len(everything)


def test_a_job_keeps_to_the_login_it_began_with(desk: Desk) -> None:
    gate = desk.server.faults.hang("hydrate")
    job = desk.launch(analyse=False)
    desk.start()
    gate.wait(20)
    desk.stop()
    gate.release()
    desk.server.faults.always("user", Fault.status(200, {"login": "somebody-else", "id": 1}))
    done = desk.work(job)
    assert done.status is Status.FAILED
    assert "somebody-else" in (done.error or "")


@pytest.mark.parametrize(
    ("raw", "key", "part"),
    [
        ({"startDate": "2026-03-02", "endDate": "2026-03-01"}, "startDate", "after the last day"),
        ({"startDate": "2099-01-01"}, "startDate", "future"),
        ({"startDate": "soon"}, "startDate", "a day such as"),
        ({"budgetUsd": -1}, "budgetUsd", "at least 0"),
        ({"model": "claude-9-imaginary"}, "model", "price"),
        ({"repos": ["acme/shop"]}, "repos", "no such setting"),
    ],
)
def test_bad_input_is_refused_before_anything_is_stored(
    desk: Desk, raw: dict[str, object], key: str, part: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.launch("acme/shop", **raw)
    assert part in caught.value.problems[key]
    assert list(desk.services.views.job_ids()) == []


def test_a_resumed_sync_keeps_the_days_of_its_first_attempt(desk: Desk) -> None:
    gate = desk.server.faults.hang("hydrate")
    job = desk.launch(SHOP, analyse=False)
    desk.start()
    gate.wait(20)
    desk.stop()
    gate.release()
    searches = [each.body for each in desk.server.requests if "search" in each.routes]
    desk.server.recorder.clear()
    desk.clock.advance(40 * 86_400)
    assert desk.work(job).status is Status.COMPLETED
    assert [each.body for each in desk.server.requests if "search" in each.routes] == searches
