"""Tokens to dollars, by the price list that the genai-prices package carries (offline; it is never updated over the
network).

The list is imported at the first question (about 0.2 s), never at start-up. A model it does not know has no price:
every function then says None, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices import Usage

_PROVIDER = "anthropic"

INPUT = "input_tokens"
OUTPUT = "output_tokens"
CACHE_READ = "cache_read_input_tokens"
CACHE_WRITE = "cache_creation_input_tokens"
CACHE_WRITE_1H = "cache_creation_1h_input_tokens"
"""Names of `usage` counts as Claude reports them; INPUT leaves cached tokens out, CACHE_WRITE counts both
lifetimes and CACHE_WRITE_1H (ours; it stands nested in the answer) the part kept for an hour."""


def price_known(model: str) -> bool:
    """Whether the price list knows what `model` costs."""
    return cost_usd(model, {INPUT: 1, OUTPUT: 1}) is not None


def cost_usd(model: str, usage: Mapping[str, int], *, at: datetime | None = None) -> float | None:
    """What a call with this usage costs in dollars at the standard rates of the day `at` (aware UTC; None: today)."""
    from genai_prices import calc_price

    try:
        price = calc_price(_as_priced(usage), model, provider_id=_PROVIDER, genai_request_timestamp=at)
    except LookupError:  # the list's word for a model it does not know
        return None
    return float(price.total_price)


def worst_case_usd(model: str, input_tokens: int, max_tokens: int, *, at: datetime | None = None) -> float | None:
    """An upper bound in dollars for a call of at most these tokens: every input token written to the cache (the
    dearest way to send it), every output token used."""
    plain = cost_usd(model, {INPUT: input_tokens, OUTPUT: max_tokens}, at=at)
    cached = cost_usd(model, {CACHE_WRITE: input_tokens, OUTPUT: max_tokens}, at=at)
    return None if plain is None or cached is None else max(plain, cached)


def _as_priced(usage: Mapping[str, int]) -> Usage:
    """The price list counts all input tokens together and the cached ones among them; Claude reports them apart."""
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
