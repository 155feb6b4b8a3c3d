"""An answer that comes after its job was cancelled is paid for: it is stored, and its price replaces the uncertain cost."""

from __future__ import annotations

import pytest

from devtrail_tui.clients.claude.child_process import ClaudeProcess
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.job import Status
from tests.house.desk import PATIENCE_S, Desk


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
