"""The use cases of DevTrail: one typed function each.

The front ends (`tui`, `cli`) call these and nothing below. Each function takes the open `Services`, may block, and returns a
frozen value with a JSON shape and, if it has one, a closing sentence; an `Outcome` if there is nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devtrail_tui.services import Services

__all__ = ["Outcome", "Services"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an action: a sentence, data for programs, notices, and the exit code of a command."""

    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        return dict(self.details)
