"""Converts tokens to dollars with the price list of the genai-prices package (offline; never updated over the network).

The list is imported on first use (about 0.2 s), never at start-up. A model that is not in the list has no price: all functions
then return None, without a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from devtrail_tui.core.model_price import ModelPrice

if TYPE_CHECKING:
    from genai_prices import Usage

_PROVIDER = "anthropic"
OwnPrices = Mapping[str, ModelPrice]
"""The person's own prices by model."""
NO_PRICES: OwnPrices = {}

INPUT = "input_tokens"
OUTPUT = "output_tokens"
CACHE_READ = "cache_read_input_tokens"
CACHE_WRITE = "cache_creation_input_tokens"
CACHE_WRITE_1H = "cache_creation_1h_input_tokens"
"""Names of Claude's `usage` counts; INPUT excludes cached tokens, CACHE_WRITE includes both lifetimes, and CACHE_WRITE_1H (our
name for a nested count) is the part cached for an hour."""


def price_known(model: str, own: OwnPrices = NO_PRICES) -> bool:
    """Whether the price list or the person's own prices contain `model`."""
    return cost_usd(model, {INPUT: 1, OUTPUT: 1}, own=own) is not None


def cost_usd(
    model: str, usage: Mapping[str, int], *, at: datetime | None = None, own: OwnPrices = NO_PRICES
) -> float | None:
    """The cost in dollars of a call with this usage, by the person's own price or at the standard rates of `at` (aware UTC;
    None: today)."""
    if model in own:
        return own[model].cost_usd(
            input=usage.get(INPUT, 0),
            output=usage.get(OUTPUT, 0),
            cache_read=usage.get(CACHE_READ, 0),
            cache_write=usage.get(CACHE_WRITE, 0),
        )
    from genai_prices import calc_price

    try:
        price = calc_price(_as_priced(usage), model, provider_id=_PROVIDER, genai_request_timestamp=at)
    except LookupError:  # an unknown model
        return None
    return float(price.total_price)


def worst_case_usd(model: str, input_tokens: int, max_tokens: int, own: OwnPrices = NO_PRICES) -> float | None:
    """An upper bound in dollars for a call with at most these tokens: every input token written to the cache (the most
    expensive case), every output token used."""
    plain = cost_usd(model, {INPUT: input_tokens, OUTPUT: max_tokens}, own=own)
    cached = cost_usd(model, {CACHE_WRITE: input_tokens, OUTPUT: max_tokens}, own=own)
    return None if plain is None or cached is None else max(plain, cached)


def _as_priced(usage: Mapping[str, int]) -> Usage:
    """The usage in the price list's terms: its input tokens include cached ones, Claude reports them separately."""
    from genai_prices import Usage

    read, written, hour = usage.get(CACHE_READ, 0), usage.get(CACHE_WRITE, 0), usage.get(CACHE_WRITE_1H, 0)
    counts = {
        "input_tokens": usage.get(INPUT, 0) + read + written,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": usage.get(OUTPUT, 0),
    }
    if hour:
        counts["cache_write_1h_tokens"] = hour
    return Usage(**counts)
