"""Exact counts of pull requests over all attempts of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from devtrail_tui.core.evidence import AnalysisState, KnownPullRequest
from devtrail_tui.jobs.matching.matcher import Judgement


@dataclass(slots=True)
class Tally:
    """Counts over the whole job, earlier attempts included. `outdated`: judged only before the latest change."""

    new: int = 0
    updated: int = 0
    matched: int = 0
    without_match: int = 0
    not_analysed: int = 0
    outdated: int = 0
    failed: int = 0

    def plus(self, other: Tally) -> Tally:
        """The sum of both counts."""
        return Tally(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Tally)})

    def carried(self) -> dict[str, int]:
        """The counts to store for later attempts."""
        return {"new": self.new, "updated": self.updated, "matched": self.matched, "withoutMatch": self.without_match}

    @classmethod
    def resumed(cls, saved: Mapping[str, Any]) -> Tally:
        """The inverse of `carried`."""
        return cls(
            new=saved.get("new", 0),
            updated=saved.get("updated", 0),
            matched=saved.get("matched", 0),
            without_match=saved.get("withoutMatch", 0),
        )


def left_as_it_is(known: KnownPullRequest) -> Tally:
    """The count of a pull request that is not judged now."""
    if not known.judged:
        return Tally(not_analysed=1)
    return Tally() if known.current else Tally(outdated=1)


def counted(judgement: Judgement, known: KnownPullRequest) -> Tally:
    """The count of a judged pull request; `known` is its state before."""
    match judgement.state:
        case AnalysisState.ANALYSED:
            return Tally(matched=1) if judgement.matches else Tally(without_match=1)
        case AnalysisState.NOT_ANALYSED:
            return left_as_it_is(known)
        case AnalysisState.FAILED:
            return Tally(failed=1)
