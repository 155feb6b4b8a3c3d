"""Dollars: Claude's counts turned into the price list's, and no guess for what it does not know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from devtrail_tui.clients.claude import prices

MILLION = 1_000_000


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5"])
def test_todays_models_have_a_price(model: str) -> None:
    assert prices.price_known(model)


@pytest.mark.parametrize("model", ["", "claude-of-tomorrow", "gpt-5", "claude sonnet"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert not prices.price_known(model)
    assert prices.cost_usd(model, {prices.INPUT: 1, prices.OUTPUT: 1}) is None
    assert prices.worst_case_usd(model, 1, 1) is None


def per_million(name: str) -> float:
    cost = prices.cost_usd("claude-sonnet-5-5", {name: MILLION})
    assert cost is not None
    return cost


def test_each_kind_of_token_has_its_own_price() -> None:
    plain = per_million(prices.INPUT)
    assert per_million(prices.CACHE_WRITE) == pytest.approx(1.25 * plain)
    assert per_million(prices.CACHE_READ) < 0.2 * plain
    assert per_million(prices.OUTPUT) > plain


def test_kinds_add_up() -> None:
    usage = {prices.INPUT: 100, prices.CACHE_READ: 1_000, prices.CACHE_WRITE: 500, prices.OUTPUT: 10}
    expected = sum(count * per_million(name) for name, count in usage.items()) / MILLION
    assert prices.cost_usd("claude-sonnet-5-5", usage) == pytest.approx(expected)


def test_the_cache_for_an_hour_costs_more() -> None:
    five_minutes = {prices.CACHE_WRITE: 1_000}
    an_hour = {prices.CACHE_WRITE: 1_000, prices.CACHE_WRITE_1H: 1_000}
    assert prices.cost_usd("claude-sonnet-5-5", an_hour) == pytest.approx(
        1.6 * (prices.cost_usd("claude-sonnet-5-5", five_minutes) or 0)
    )


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-haiku-5-5"])
@pytest.mark.parametrize("tokens", [1, 99_000, 150_000])
def test_the_worst_case_bounds_every_split(model: str, tokens: int) -> None:
    worst = prices.worst_case_usd(model, tokens, 1_000)
    assert worst is not None
    for written in (0, tokens // 3, tokens):
        for read in (0, (tokens - written) // 2, tokens - written):
            usage = {
                prices.INPUT: tokens - written - read,
                prices.CACHE_WRITE: written,
                prices.CACHE_READ: read,
                prices.OUTPUT: 1_000,
            }
            cost = prices.cost_usd(model, usage, at=datetime.now(UTC))
            assert cost is not None
            assert cost <= worst * (1 + 1e-12)
