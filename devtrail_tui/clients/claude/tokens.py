"""Estimates tokens from text without a call: the expected number, and a practical upper bound."""

from __future__ import annotations

import math

_EXPECTED_BYTES_A_TOKEN = 3.2
"""English prose has 3 to 4.5 bytes per token, code and paths 2 to 3.5; the newest tokenizer gives 30 % more tokens."""
_FEWEST_BYTES_A_TOKEN = 1.0
"""A token has at least a byte."""


def expected_tokens(text: str) -> int:
    """The expected number of tokens of a text."""
    return math.ceil(len(text.encode()) / _EXPECTED_BYTES_A_TOKEN)


def most_tokens(text: str) -> int:
    """An upper bound for any kind of text; for reserving money, not for display."""
    return math.ceil(len(text.encode()) / _FEWEST_BYTES_A_TOKEN)
