"""A house of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.app_host import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Services in a temporary folder, not opened yet."""
    return House(tmp_path)
