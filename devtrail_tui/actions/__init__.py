"""What a person or a program asks of DevTrail: one typed function per use case.

The front ends (`tui`, `cli`) call these and nothing below. Each function takes the open `Services`, may block, and returns a
frozen value with its JSON shape and its closing sentence where it has one: an `Outcome`, where these are all there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devtrail_tui.services import Services

__all__ = ["Outcome", "Services"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an action: a sentence for a person, data for a program, notices besides, and the exit code of a command."""

    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        return dict(self.details)
