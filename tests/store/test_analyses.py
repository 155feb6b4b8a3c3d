"""The ledger: an answer is paid for once, and every dollar is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Claim
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.views import Views
from tests.doubles.clock import START

PAID = Analysis("k", "claude-sonnet-5-5", '{"matches": []}', "end_turn", {"output_tokens": 5}, 0.25, "req_1", START)


def test_an_answer_is_found_by_its_key(analyses: Analyses) -> None:
    assert analyses.find("k") is None
    analyses.keep(PAID).result()
    assert analyses.find("k") == replace(PAID, id=1)


def test_its_price_is_the_jobs(analyses: Analyses, running: Claim, views: Views) -> None:
    analyses.keep(replace(PAID, job_id=running.job_id)).result()
    analyses.keep(replace(PAID, key="k2", cost_usd=None, job_id=running.job_id)).result()
    analyses.keep(replace(PAID, key="k3", cost_usd=0.5, job_id=running.job_id)).result()
    assert views.job(running.job_id).spent_usd == pytest.approx(0.75)


def test_money_is_recorded_when_the_claim_is_lost(
    analyses: Analyses, running: Claim, views: Views, queue: JobQueue
) -> None:
    queue.release(running).result()
    analyses.keep(replace(PAID, job_id=running.job_id)).result()
    assert views.job(running.job_id).spent_usd == pytest.approx(0.25)


def test_the_same_answer_paid_twice_keeps_the_first_and_adds_the_money(
    analyses: Analyses, running: Claim, views: Views
) -> None:
    analyses.keep(replace(PAID, job_id=running.job_id)).result()
    analyses.keep(replace(PAID, answer="other", job_id=running.job_id)).result()
    found = analyses.find("k")
    assert found is not None
    assert (found.answer, found.cost_usd) == (PAID.answer, 0.5)
    assert views.job(running.job_id).spent_usd == pytest.approx(0.5)
