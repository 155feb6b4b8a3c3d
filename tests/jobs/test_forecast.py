"""What a job will cost: the range said beforehand holds, and what is learnt from its own answers holds better."""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from devtrail_tui.clients.claude.request import expected_price
from devtrail_tui.core.price_range import PriceRange
from devtrail_tui.demo.world import World
from devtrail_tui.jobs.matching.forecast import ENOUGH_ANSWERS, Forecast
from tests.house.desk import Desk
from tests.jobs.test_budget import LengthyClaude

SHOP = "acme/shop"
CACHED, FRESH = 3_000, 2_500
INPUT_USD, OUTPUT_USD = 2e-6, 10e-6
Lengths = Callable[[random.Random], float]
LENGTHS: dict[str, Lengths] = {
    "even": lambda rng: rng.uniform(200, 9_000),
    "mostly short": lambda rng: min(max(rng.lognormvariate(7.2, 0.8), 200), 9_000),
    "short": lambda rng: rng.uniform(500, 1_100),
    "long": lambda rng: rng.uniform(4_000, 8_000),
    "two kinds": lambda rng: rng.choice((400, 400, 400, 6_000)),
}


def bills(lengths: Lengths, rng: random.Random, number: int) -> list[float]:
    return [
        CACHED * INPUT_USD / 10 + FRESH * rng.uniform(0.5, 1.5) * INPUT_USD + lengths(rng) * OUTPUT_USD
        for _ in range(number)
    ]


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("number", [25, 120, 600])
def test_the_range_said_beforehand_holds_the_bill(lengths: Lengths, number: int) -> None:
    price = expected_price("claude-sonnet-5-5", CACHED, FRESH)
    assert price is not None
    forecast, rng = Forecast(), random.Random(number)
    forecast.pending = number
    forecast.request(price)
    said = forecast.whole(0)
    assert said is not None
    assert said.high_usd <= 8 * said.low_usd * 1.000001
    holds = [said.low_usd <= sum(bills(lengths, rng, number)) <= said.high_usd for _ in range(50)]
    assert all(holds)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("number", [25, 60, 250, 1_000])
def test_after_twenty_answers_the_range_holds_nine_of_ten_bills(lengths: Lengths, number: int) -> None:
    rng, held, errors = random.Random(number), [], []
    for _ in range(200):
        prices = bills(lengths, rng, number)
        forecast = Forecast()
        forecast.pending = number
        for usd in prices[:ENOUGH_ANSWERS]:
            assert not forecast.is_worth_logging()
            forecast.answer(usd)
            forecast.pending -= 1
        assert forecast.is_worth_logging()
        said = forecast.whole(sum(prices[:ENOUGH_ANSWERS]))
        assert said is not None
        assert said.high_usd <= 4 * said.low_usd * 1.000001
        held.append(said.low_usd <= sum(prices) <= said.high_usd)
        errors.append(abs(said.expected_usd / sum(prices) - 1))
    assert statistics.fmean(held) >= 0.9
    assert statistics.median(errors) <= 0.3


def test_a_range_without_an_end_is_narrowed() -> None:
    narrow = PriceRange(1, 2, 100).narrowed()
    assert narrow.high_usd == pytest.approx(8 * narrow.low_usd)
    assert narrow.low_usd <= narrow.expected_usd <= narrow.high_usd
    assert PriceRange(0, 0, 0).narrowed() == PriceRange(0, 0, 0)


def amounts(line: str) -> tuple[float, float, float]:
    found = re.search(r"about \$([\d.]+) \(\$([\d.]+) to \$([\d.]+)\)", line)
    assert found is not None, line
    expected, low, high = map(float, found.groups())
    return low, expected, high


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sync_says_what_it_will_cost_before_the_first_answer_and_after_twenty(
    seed: int, tmp_path: Path, world: World
) -> None:
    with LengthyClaude(world, seed) as server:
        desk = Desk(server, tmp_path)
        planned = desk.sync(SHOP, dryRun=True, budgetUsd=0.5).result or {}
        job = desk.sync(SHOP, budgetUsd=1_000)
        lines = desk.log(job).splitlines()
        desk.close()
    assert planned["lowUsd"] <= server.billed_usd <= planned["highUsd"] <= 8 * planned["lowUsd"]
    assert "the budget of $0.50" in planned["message"]
    first = next(line for line in lines if "to analyse: about" in line)
    low, _, high = amounts(first)
    assert low <= server.billed_usd <= high
    learnt = next(line for line in lines if "each; the whole job will cost" in line)
    low, expected, high = amounts(learnt)  # how often it holds the bill is measured above, over many runs
    assert low <= expected <= high <= 4 * low + 0.02
    assert 0.5 < expected / server.billed_usd < 2
