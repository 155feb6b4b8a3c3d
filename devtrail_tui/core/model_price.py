"""A person's own price of a model: for a gateway's alias, which no price list knows, or a price of their contract."""

from __future__ import annotations

import math
from dataclasses import dataclass

PRICE_EXAMPLE = "my-model = {input = 2.0, output = 10.0}"


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """US dollars per million tokens. Without prices of their own, cached tokens cost what Claude takes: a tenth of the input
    price to read, a quarter more to write. Raises ValueError for an amount that is no price."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None

    def __post_init__(self) -> None:
        amounts: list[object] = [self.input, self.output, self.cache_read, self.cache_write]
        for amount in amounts:
            number = float(amount) if isinstance(amount, int | float) and not isinstance(amount, bool) else -1.0
            if amount is not None and not 0 <= number < math.inf:
                raise ValueError("an amount is not a number of at least 0")

    def cost_usd(self, *, input: int, output: int, cache_read: int, cache_write: int) -> float:  # noqa: A002 - as in the fields
        """The dollars of so many tokens; `input` excludes the cached ones."""
        read = self.input / 10 if self.cache_read is None else self.cache_read
        write = self.input * 1.25 if self.cache_write is None else self.cache_write
        return (input * self.input + output * self.output + cache_read * read + cache_write * write) / 1_000_000
