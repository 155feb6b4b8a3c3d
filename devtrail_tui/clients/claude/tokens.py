"""Tokens estimated from text, without a call: what is to be expected, and what it cannot exceed in practice."""

from __future__ import annotations

import math

_EXPECTED_BYTES_A_TOKEN = 3.6
"""English prose runs at 4 to 4.5 bytes a token, code, paths and JSON at 2.5 to 3.5."""
_FEWEST_BYTES_A_TOKEN = 1.5
"""Dense text (hashes, base64, minified code) comes down to about 2; the rest is margin for what a request adds
around its texts."""


def expected_tokens(text: str) -> int:
    """The likely number of tokens of a text."""
    return math.ceil(len(text.encode()) / _EXPECTED_BYTES_A_TOKEN)


def most_tokens(text: str) -> int:
    """A number of tokens that a text of any kind stays under; for reserving money, not for display."""
    return math.ceil(len(text.encode()) / _FEWEST_BYTES_A_TOKEN)
