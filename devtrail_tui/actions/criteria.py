"""Criteria: list, import, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from devtrail_tui.actions import Outcome
from devtrail_tui.core.criteria_csv import dump, parse
from devtrail_tui.core.evidence_json import criterion_json

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.evidence import Criterion


@dataclass(frozen=True, slots=True)
class CriteriaList:
    """The active criteria."""

    criteria: Sequence[Criterion]

    def to_json(self) -> list[dict[str, Any]]:
        return [criterion_json(criterion) for criterion in self.criteria]

    def to_csv(self) -> str:
        """CSV that can be edited and imported again."""
        return dump(self.criteria)

    def sentence(self, path: str) -> str:
        return f"{len(self.criteria)} criteria written to {path}."


def list_criteria(services: Services) -> CriteriaList:
    """The active criteria. Raises StoreError."""
    return CriteriaList(services.criteria.list())


def import_criteria(services: Services, table: bytes) -> Outcome:
    """Replace the criteria with those of a CSV table; missing ones are retired, never deleted. Raises UsageError, StoreError."""
    criteria = parse(table)
    changes = services.criteria.import_(criteria).result()
    return Outcome(
        f"{len(criteria)} active criteria: {changes.added} added, {changes.changed} changed, {changes.unchanged} unchanged; "
        f"{changes.retired} retired.",
        {"imported": len(criteria), **asdict(changes)},
    )
