"""The number of a stored row as an argument."""

from __future__ import annotations

import click

ROW_ID = click.IntRange(1, 2**63 - 1)
"""Larger numbers than the database can hold are refused."""
