"""The budget of a GITHUB_SYNC is hard, and usable: against a Claude whose answers have realistic lengths."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from devtrail_tui.clients.claude.prices import cost_usd
from devtrail_tui.clients.claude.request import request_key
from devtrail_tui.core.job import Job, Status
from devtrail_tui.demo.answers import HttpResponse, json_answer
from devtrail_tui.demo.http1 import Request
from devtrail_tui.demo.world import World
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.house.desk import Desk

SHOP = "acme/shop"
STOPS = ("none", "one stop", "three stops", "lost connection", "stop and lost connection")


class LengthyClaude(FaultyServer):
    """Bills 200 to 9,000 output tokens for an answer, the same for the same request; cut where the request allows less.

    `bills` are the dollars of each answer, by key; `costs` what each request would cost with enough room, in order of arrival.
    """

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world)
        self.seed = seed
        self.bills: dict[str, list[float]] = {}
        self.costs: dict[str, float] = {}

    def answer(self, request: Request) -> HttpResponse:
        response = super().answer(request)
        if request.path != "/v1/messages" or response.status != 200:
            return response
        data, key = json.loads(response.body), request_key(request.json)
        tokens = random.Random(f"{self.seed} {key}").randint(200, 9_000)
        room = request.json["max_tokens"]
        if tokens > room:
            data |= {
                "stop_reason": "max_tokens",
                "content": [{"type": "text", "text": '{"matches": [', "citations": None}],
            }
        usage = data["usage"]
        self.costs.setdefault(key, priced(request.json["model"], {**usage, "output_tokens": tokens}))
        usage["output_tokens"] = min(tokens, room)
        self.bills.setdefault(key, []).append(priced(request.json["model"], usage))
        return replace(response, body=json_answer(200, data).body)

    @property
    def billed_usd(self) -> float:
        return sum(sum(bills) for bills in self.bills.values())


def priced(model: str, usage: dict[str, int]) -> float:
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    usd = cost_usd(model, {name: usage[name] for name in names})
    assert usd is not None
    return usd


@pytest.fixture
def lengthy(world: World, request: pytest.FixtureRequest) -> Iterator[LengthyClaude]:
    with LengthyClaude(world, getattr(request, "param", 1)) as server:
        yield server


def orders_of(lengthy: LengthyClaude, folder: Path) -> list[float]:
    """What each call costs without a budget, in the order of the sync (newest merge first)."""
    desk = Desk(lengthy, folder)
    try:
        assert desk.sync(SHOP, budgetUsd=1000).status is Status.COMPLETED
    finally:
        desk.close()
    costs = list(lengthy.costs.values())
    lengthy.bills.clear()
    lengthy.costs.clear()
    lengthy.recorder.clear()
    return costs


def run(desk: Desk, lengthy: LengthyClaude, budget: float, stops: str, rng: random.Random) -> Job:
    """A sync with this budget, interrupted as `stops` says, to its end."""
    job = desk.launch(SHOP, budgetUsd=budget)
    if "lost" in stops:
        lengthy.faults.next("messages", Fault.cut(), times=1, after=rng.randrange(6))
    for _ in range({"one stop": 1, "three stops": 3, "stop and lost connection": 1}.get(stops, 0)):
        before = lengthy.count("messages")
        desk.start()
        desk.wait_until(
            lambda: lengthy.count("messages") >= before + 2 or desk.job(job).status.finished  # noqa: B023 - called at once
        )
        desk.stop()
        if desk.job(job).status.finished:
            break
    return desk.work(job)


def assert_hard_and_usable(job: Job, lengthy: LengthyClaude, costs: list[float], budget: float) -> None:
    assert job.status is Status.COMPLETED, job.error
    assert job.result is not None
    uncertain = job.result["uncertainUsd"]
    assert job.spent_usd <= budget + 1e-9
    assert lengthy.billed_usd <= job.spent_usd + 1e-6, "what is billed is counted, or its worst case is"
    fitting, left = 0, budget - uncertain
    for cost in costs:
        left -= cost
        fitting += left >= 0
    useful = sum(bool(bills) for bills in lengthy.bills.values())
    longest_usd = max((bill for bills in lengthy.bills.values() for bill in bills), default=0.0)
    # What is left for shorter answers later is not spent: nobody can know that they will be short.
    unusable = budget - job.spent_usd < longest_usd
    assert unusable or fitting - useful <= max(2, 0.1 * fitting), f"{useful} of {fitting} affordable calls"


@pytest.mark.parametrize("stops", ["none", "stop and lost connection"])
def test_a_budget_is_never_passed_and_used_to_the_last_affordable_call(
    lengthy: LengthyClaude, tmp_path: Path, stops: str
) -> None:
    costs = orders_of(lengthy, tmp_path / "unlimited")
    desk = Desk(lengthy, tmp_path / "limited")
    try:
        budget = sum(costs) * 0.6
        job = run(desk, lengthy, budget, stops, random.Random(3))
        assert_hard_and_usable(job, lengthy, costs, budget)
        assert job.result is not None
        assert job.result["budgetReached"]
        assert any(item["what"].startswith("analyses") for item in job.result["leftOut"])
    finally:
        desk.close()


@pytest.mark.full
@pytest.mark.parametrize("stops", STOPS)
@pytest.mark.parametrize("lengthy", range(30), indirect=True)
def test_thirty_budgets_and_five_stop_patterns(lengthy: LengthyClaude, tmp_path: Path, stops: str) -> None:
    costs = orders_of(lengthy, tmp_path / "unlimited")
    rng = random.Random(f"{lengthy.seed} {stops}")
    budget = round(rng.uniform(0.05, 1.1) * sum(costs), 4)
    desk = Desk(lengthy, tmp_path / "limited")
    try:
        assert_hard_and_usable(run(desk, lengthy, budget, stops, rng), lengthy, costs, budget)
    finally:
        desk.close()


def test_a_small_budget_for_small_answers_is_used(desk: Desk) -> None:
    whole = desk.sync(SHOP, budgetUsd=5)
    assert whole.result is not None
    count = whole.result["matched"] + whole.result["withoutMatch"] + whole.result["failed"]
    again = Desk(desk.server, Path(desk.environ["DEVTRAIL_HOME"]) / "again")
    try:
        job = again.sync(SHOP, budgetUsd=round(whole.spent_usd * 1.08, 4))
        assert job.result is not None
        assert job.result["matched"] + job.result["withoutMatch"] + job.result["failed"] >= count - 2
    finally:
        again.close()


def test_calls_under_way_are_part_of_what_is_spent(world: World, tmp_path: Path) -> None:
    """Their worst cases are reserved: together with what was paid they never exceed the budget, however many may run at once."""
    with LengthyClaude(world, 3) as server:
        desk = Desk(server, tmp_path)
        gate = server.faults.hang("messages", times=100, after=1)
        job = desk.launch(SHOP, budgetUsd=0.6)
        desk.start()
        gate.wait(20)
        desk.wait_until(lambda: desk.job(job).progress_detail.total == len(desk.evidence()) > 0)
        with desk.services.database.read() as connection:
            under_way = text("SELECT sum(call_usd), count(*) FROM analyses WHERE call_usd > 0")
            under_way_usd, calls = connection.execute(under_way).one()
        assert calls > 0
        assert desk.job(job).spent_usd + under_way_usd <= 0.6
        gate.release()
        desk.close()
