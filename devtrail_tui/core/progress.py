"""What a running job shows of itself: labels and numbers of its own, so that store, screens and commands know no job type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the work with a bar of its own. `total` is None until it is counted; `note` says what is special (skipped)."""

    name: str
    done: int = 0
    total: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """A number under a label; `bad` marks one that a person should look into."""

    label: str
    number: int
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a job waits for, as a sentence, and when that ends where it is known."""

    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is; stored as JSON in `jobs.progress_detail`.

    `percent` is 0-100 (what lies outside is cut), None where it cannot be known yet. `current_part` and `current_item` name what
    is worked on now, `parts_name` what the parts are. The context fills in `spent_usd` and `waiting`. Raises ValueError for a
    percentage that is not finite.
    """

    percent: float | None = None
    phase: str = ""
    current_part: str = ""
    current_item: str = ""
    parts: tuple[Part, ...] = ()
    parts_name: str = "parts"
    counts: tuple[Count, ...] = ()
    spent_usd: float = 0.0
    budget_usd: float | None = None
    waiting: Waiting | None = None

    def __post_init__(self) -> None:
        if self.percent is not None:
            if not math.isfinite(self.percent):
                raise ValueError(f"A percentage is a finite number or None, not {self.percent}.")
            object.__setattr__(self, "percent", min(max(self.percent, 0.0), 100.0))

    @property
    def total(self) -> int:
        """The parts' totals added up, as far as they are counted."""
        return sum(part_progress.total or 0 for part_progress in self.parts)

    @property
    def done(self) -> int:
        """How much of `total` is done."""
        return sum(part_progress.done for part_progress in self.parts)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the inverse of `from_json`."""
        document = asdict(self)
        if self.waiting is not None and self.waiting.until is not None:
            document["waiting"]["until"] = self.waiting.until.astimezone(UTC).isoformat()
        return document

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Progress:
        """Read what `to_json` wrote, in this version or an earlier one; keys that are not known are passed over."""
        document = _renewed(data) if data and "repositories" in data else dict(data or {})
        document["parts"] = tuple(Part(**part_json) for part_json in document.get("parts", ()))
        document["counts"] = tuple(Count(**count) for count in document.get("counts", ()))
        if waiting := document.get("waiting"):
            until = datetime.fromisoformat(waiting["until"]) if waiting["until"] else None
            document["waiting"] = Waiting(waiting["sentence"], until)
        return cls(**{name: field_value for name, field_value in document.items() if name in cls.__dataclass_fields__})


_OLD_COUNTS = ("new", "stored_before", "matched", "not_analysed", "failed")


def _renewed(old: Mapping[str, Any]) -> dict[str, Any]:
    """Progress as it was stored while its fields were one job type's own."""
    summary_parts = [{"name": "all", "done": old["processed"], "total": old["total"]}] if old["total"] else []
    counts = [{"label": name.replace("_", " "), "number": old[name], "bad": name == "failed"} for name in _OLD_COUNTS]
    return {
        **old,
        "current_part": old["current_repo"],
        "current_item": old["current_pr"],
        "parts": old["repositories"] or summary_parts,
        "parts_name": "repositories",
        "counts": counts,
        "waiting": {"sentence": old["waiting"], "until": old["waiting_until"]} if old["waiting"] else None,
    }
