"""Reads Claude's description of a model (`GET /v1/models/ID`); a gateway's may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def has_effort(model: Mapping[str, Any], effort: str) -> bool:
    """Whether a model can be asked for this effort, by its description; True if that says nothing about it."""
    capabilities = model.get("capabilities")
    choice = capabilities.get("effort") if isinstance(capabilities, dict) else None
    if not isinstance(choice, dict):
        return True
    level = choice.get(effort)
    return choice.get("supported") is not False and not (isinstance(level, dict) and level.get("supported") is False)


def retirement(model: Mapping[str, Any]) -> str:
    """` on 2026-12-01`, if the model has a retirement date."""
    try:
        return f" on {datetime.fromisoformat(model.get('retires_at') or ''):%Y-%m-%d}"
    except (TypeError, ValueError):
        return ""
