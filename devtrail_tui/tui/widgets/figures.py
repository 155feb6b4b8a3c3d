"""How the screen writes amounts."""

from __future__ import annotations


def dollars(amount: float) -> str:
    """Dollars to the cent: "$0.42", "$1,204.00"; what rounds to nothing but is something is "<$0.01"."""
    if 0 < amount < 0.005:
        return "<$0.01"
    return f"${amount:,.2f}"


def count(number: int) -> str:
    """A whole number with its thousands apart: "4,812"."""
    return f"{number:,}"
