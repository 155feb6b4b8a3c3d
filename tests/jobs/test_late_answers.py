"""An answer that comes after its job was cancelled is paid for: it is stored, and its price replaces the uncertain cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devtrail_tui.clients.claude.child_process import ClaudeProcess
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.job import Status
from devtrail_tui.demo.world import World
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.faults import Fault
from tests.doubles.gate import Gate
from tests.doubles.server import FaultyServer
from tests.house.desk import PATIENCE_S, Desk
from tests.jobs.test_budget import LengthyClaude


@pytest.mark.usefixtures("processes")
def test_an_answer_after_the_cancel_still_counts_at_its_price(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    process = ClaudeProcess(SystemClock())
    monkeypatch.setattr(desk.services.clients, "_claude", process)
    gate = desk.server.faults.hang("messages", times=100)
    job = desk.launch("acme/web")
    desk.start()
    gate.wait(2 * PATIENCE_S)
    under_way = desk.server.count("messages")
    desk.services.queue.cancel(job.id).result()
    desk.wait_until(lambda: desk.job(job).status.finished)
    cancelled = desk.job(job)
    assert cancelled.status is Status.CANCELLED
    assert cancelled.spent_usd > 0.1 * under_way

    gate.release()
    desk.wait_until(lambda: 0 < desk.job(job).spent_usd < 0.1)
    assert desk.job(job).status is Status.CANCELLED
    asked = desk.server.count("messages")
    desk.server.faults.clear()
    again = desk.launch("acme/web")
    desk.wait_until(lambda: desk.job(again).status is Status.COMPLETED)
    paid = [each.body for each in desk.server.requests if "messages" in each.routes]
    assert len(paid) == len(set(paid)), "what came late was asked again"
    assert len(paid) > asked


@pytest.mark.usefixtures("processes")
def test_a_stop_waits_for_answers_under_way(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was paid for: it is in the ledger, its price is known, and the next try does not ask again."""
    with LengthyClaude(world, 1) as server:
        desk = Desk(server, tmp_path)
        monkeypatch.setattr(desk.services.clients, "_claude", ClaudeProcess(SystemClock()))
        gate = server.faults.hang("messages", times=4, after=1)  # the first call is sent alone
        job = desk.launch("acme/shop")
        desk.start()
        desk.wait_until(lambda: server.count("messages") == 5)
        desk.stop()
        assert desk.job(job).status is Status.PENDING
        gate.release()
        desk.close()
        desk = Desk(server, tmp_path)
        try:
            done = desk.work(job)
            assert done.result is not None
            assert done.result["uncertainUsd"] == 0
            assert done.spent_usd == pytest.approx(server.billed_usd)
            assert all(len(bills) == 1 for bills in server.bills.values())
        finally:
            desk.close()


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("refusal", [ClaudeFault.limit(), ClaudeFault.overloaded(), ClaudeFault.error()])
def test_a_refusal_after_the_stop_costs_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Fault
) -> None:
    with LengthyClaude(world, 1) as server:
        desk = Desk(server, tmp_path)
        monkeypatch.setattr(desk.services.clients, "_claude", ClaudeProcess(SystemClock()))
        gate = Gate()
        server.faults.next("messages", replace(refusal, gate=gate), times=4, after=1)
        job = desk.launch("acme/shop")
        desk.start()
        desk.wait_until(lambda: server.count("messages") == 5)
        desk.stop()
        assert desk.services.analyses.uncertain_usd(job.id) > 0
        gate.release()
        desk.wait_until(lambda: desk.services.analyses.uncertain_usd(job.id) == 0)
        desk.close()


def test_a_stop_in_a_pause_leaves_nothing_uncertain(server: FaultyServer, tmp_path: Path) -> None:
    desk = Desk(server, tmp_path, clock=SystemClock())
    gate = Gate()
    server.faults.next("messages", replace(ClaudeFault.limit(retry_after=250), gate=gate), times=100, after=1)
    job = desk.launch("acme/shop")
    desk.start()
    desk.wait_until(lambda: server.count("messages") == 5)
    gate.release()
    desk.wait_until(lambda: desk.log(desk.job(job)).count("Retrying in") == 4)  # every call under way
    desk.stop()
    assert desk.job(job).status is Status.PENDING
    assert desk.services.analyses.uncertain_usd(job.id) == 0
    desk.close()
