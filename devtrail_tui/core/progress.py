"""The progress of a running job as generic labels and numbers, so that store, screens and commands know no job type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the work with its own bar. `total` is None until counted; `note` is a remark such as "skipped"."""

    name: str
    done: int = 0
    total: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """A labelled number; `bad` marks one that needs attention."""

    label: str
    number: int
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reason a job waits, as a sentence, and the end of the wait if known."""

    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job; stored as JSON in `jobs.progress_detail`.

    `percent` is 0-100 (clamped), None if not known yet. `current_part` and `current_item` name the work in progress,
    `parts_name` is the plural noun for the parts. The context fills in `spent_usd` and `waiting`. Raises ValueError for a
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
                raise ValueError(f"A percentage must be a finite number or None, not {self.percent}.")
            object.__setattr__(self, "percent", min(max(self.percent, 0.0), 100.0))

    @property
    def total(self) -> int:
        """The sum of the known totals of the parts."""
        return sum(part_progress.total or 0 for part_progress in self.parts)

    @property
    def done(self) -> int:
        """The sum of the parts' `done`."""
        return sum(part_progress.done for part_progress in self.parts)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the inverse of `from_json`."""
        document = asdict(self)
        if self.waiting is not None and self.waiting.until is not None:
            document["waiting"]["until"] = self.waiting.until.astimezone(UTC).isoformat()
        return document

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Progress:
        """Parse the output of `to_json` of this or an earlier version; unknown keys are ignored."""
        document = _renewed(data) if data and "repositories" in data else dict(data or {})
        document["parts"] = tuple(Part(**part_json) for part_json in document.get("parts", ()))
        document["counts"] = tuple(Count(**count) for count in document.get("counts", ()))
        if waiting := document.get("waiting"):
            until = datetime.fromisoformat(waiting["until"]) if waiting["until"] else None
            document["waiting"] = Waiting(waiting["sentence"], until)
        return cls(**{name: field_value for name, field_value in document.items() if name in cls.__dataclass_fields__})


_OLD_COUNTS = ("new", "stored_before", "matched", "not_analysed", "failed")


def _renewed(old: Mapping[str, Any]) -> dict[str, Any]:
    """Progress in the current format, from an early format whose fields belonged to one job type."""
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
