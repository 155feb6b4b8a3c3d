"""What became of each pull request of a job over all its attempts, so that the counts are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devtrail_tui.core.evidence import AnalysisState, KnownPullRequest
from devtrail_tui.jobs.matching.matcher import Judgement

_KEY = "#"
"""Precedes a node id in the name of its cursor; no repository name has it."""


class Stored(StrEnum):
    """How a job stored a pull request, or why it did not."""

    NEW = "new"
    UPDATED = "updated"
    NOT_FETCHED = "not fetched"
    NOT_YOURS = "not yours"


class Judged(StrEnum):
    """How a job left the judgement of a pull request. OUTDATED: judged only before the latest change."""

    MATCHED = "matched"
    WITHOUT_MATCH = "without match"
    NOT_ANALYSED = "not analysed"
    OUTDATED = "outdated"
    FAILED = "failed"


_CARRIED = (Stored.NEW, Stored.UPDATED, Judged.MATCHED, Judged.WITHOUT_MATCH)
"""What later attempts need to know; they find out the rest themselves."""


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one pull request."""

    stored: Stored | None = None
    judged: Judged | None = None

    def then(self, later: Record) -> Record:
        """This record after a later one: the first storing and the last judgement count."""
        stored = self.stored if self.stored in _CARRIED else later.stored or self.stored
        return Record(stored, later.judged or self.judged)


class Tally:
    """The records of a job's pull requests by node id."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._counts: Counter[StrEnum | None] = Counter()

    def count(self, *kinds: StrEnum) -> int:
        """The number of pull requests of these kinds."""
        return sum(self._counts[kind] for kind in kinds)

    def stores(self, node_id: str) -> bool:
        """Whether this job stored the pull request."""
        return self._records.get(node_id, Record()).stored in _CARRIED

    def add(self, node_id: str, record: Record) -> None:
        """Record what became of a pull request."""
        before = self._records.get(node_id, Record())
        self._records[node_id] = after = before.then(record)
        self._counts.subtract((before.stored, before.judged))
        self._counts.update((after.stored, after.judged))

    def cursor(self, node_id: str, record: Record) -> dict[str, Any]:
        """The cursor that carries a pull request's record, with `record` added, to later attempts."""
        after = self._records.get(node_id, Record()).then(record)
        carried = [kind if kind in _CARRIED else None for kind in (after.stored, after.judged)]
        return {_KEY + node_id: carried} if any(carried) else {}

    def resume(self, cursor: Mapping[str, Any], node_ids: Collection[str]) -> None:
        """Take over the records of earlier attempts, of pull requests that are still among `node_ids`."""
        for node_id in node_ids:
            stored, judged = cursor.get(_KEY + node_id, (None, None))
            if stored or judged:
                self.add(node_id, Record(Stored(stored) if stored else None, Judged(judged) if judged else None))


def left_as_it_is(known: KnownPullRequest) -> Record:
    """The record of a pull request that is not judged now."""
    if not known.judged:
        return Record(judged=Judged.NOT_ANALYSED)
    return Record() if known.current else Record(judged=Judged.OUTDATED)


def counted(judgement: Judgement, known: KnownPullRequest) -> Record:
    """The record of a judged pull request; `known` is its state before."""
    match judgement.state:
        case AnalysisState.ANALYSED:
            return Record(judged=Judged.MATCHED if judgement.matches else Judged.WITHOUT_MATCH)
        case AnalysisState.NOT_ANALYSED:
            return left_as_it_is(known)
        case AnalysisState.FAILED:
            return Record(judged=Judged.FAILED)
