"""What a job left out of work that it otherwise completed: refused repositories, pull requests, fields, analyses.

A job's result lists them under `leftOut`. `success` is false there when a whole part of the request is missing; a command then
exits with 1, although the job is COMPLETED.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`what` was left out, `count` times, and the reason as a sentence; foreign text in them is sanitised already.

    `names` tell the items apart, such as #12. `whole`: a whole part of the request, such as a repository.
    """

    what: str
    reason: str
    count: int = 1
    names: tuple[str, ...] = ()
    whole: bool = False

    def to_json(self) -> dict[str, Any]:
        more = f" and {len(self.names) - MOST_NAMES:,} more" if len(self.names) > MOST_NAMES else ""
        names = ", ".join(self.names[:MOST_NAMES])
        return {"what": f"{self.what} {names}{more}".strip(), "reason": self.reason, "count": self.count}


class LeftOutList:
    """Everything that a job left out; the same things with the same reason are counted together."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], LeftOut] = {}

    def add(self, item: LeftOut) -> bool:
        """Add to the list; whether it is the first of its kind, which is when to log it."""
        place = item.what, item.reason
        earlier = self._items.get(place)
        if earlier is not None:
            item = replace(item, count=earlier.count + item.count, names=earlier.names + item.names)
        self._items[place] = item
        return earlier is None

    @property
    def whole(self) -> bool:
        """Whether a whole part of the request is missing."""
        return any(item.whole for item in self._items.values())

    def to_json(self) -> list[dict[str, Any]]:
        return [item.to_json() for item in self._items.values()]

    def sentence(self) -> str:
        """The sentence that names them; empty if nothing was left out."""
        shown = [f"{item['what']} ({item['reason'].rstrip('.')})" for item in self.to_json()]
        return f"Left out: {'; '.join(shown)}." if shown else ""
