"""The evidence report as pure values: criteria with their matching evidence, and what is unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from devtrail_tui.core.evidence import OUTDATED, AnalysisState, Criterion, EvidenceEntry, Match

CONFIDENCE_NOTE = (
    "Each confidence is the model's own estimate, not a measurement. Quotes were verified to be verbatim in the pull request; "
    "whether they prove the criterion is yours to judge."
)
STRONGEST = 10
"""How many entries the summary names."""


@dataclass(frozen=True, slots=True)
class MatchedEntry:
    """One entry that matches a criterion according to the model."""

    entry: EvidenceEntry
    match: Match


@dataclass(frozen=True, slots=True)
class Section:
    """A criterion with its matching entries, strongest first."""

    criterion: Criterion
    supports: tuple[MatchedEntry, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of entries by state; they add up to `entries`. `below`: all their matches are below the report's minimum.
    `outdated` entries were judged before their latest change; they are also counted by state."""

    entries: int
    matched: int
    below: int
    without_match: int
    not_analysed: int
    failed: int
    outdated: int


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """The content of an export.

    `criteria` are those of the rubric, then retired ones; `current` the ids of the rubric's. `models` is the model of each
    analysed entry by entry id. `chosen` describes the filter, empty for all evidence; `days` are the first and last merge day
    that were asked for. Matches below `min_confidence` (percent) are removed already; `below` is their number by entry id.
    `demo` marks made-up data.
    """

    generated_at: datetime
    entries: tuple[EvidenceEntry, ...]
    criteria: tuple[Criterion, ...]
    models: Mapping[int, str]
    current: Collection[str] = ()
    chosen: str = ""
    days: tuple[date | None, date | None] = (None, None)
    min_confidence: int = 0
    below: Mapping[int, int] = field(default_factory=dict)
    demo: bool = False

    @property
    def logins(self) -> tuple[str, ...]:
        """The logins of the entries."""
        return tuple(sorted({entry.login for entry in self.entries if entry.login}, key=str.lower))

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The first and last merge of the entries."""
        merged = sorted(entry.merged_at for entry in self.entries if entry.merged_at is not None)
        return (merged[0], merged[-1]) if merged else None

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models of the entries' matches."""
        entry_ids = {entry.id for entry in self.entries}
        return tuple(sorted({name for key, name in self.models.items() if key in entry_ids and name}))

    @property
    def counts(self) -> Counts:
        """The numbers of entries by state."""
        states = Counter(entry.analysis_state for entry in self.entries)
        analysed = [entry for entry in self.entries if entry.analysis_state is AnalysisState.ANALYSED]
        matched = sum(1 for entry in analysed if entry.matches)
        below = sum(1 for entry in analysed if not entry.matches and self.below.get(entry.id))
        return Counts(
            entries=len(self.entries),
            matched=matched,
            below=below,
            without_match=len(analysed) - matched - below,
            not_analysed=states[AnalysisState.NOT_ANALYSED],
            failed=states[AnalysisState.FAILED],
            outdated=sum(1 for entry in self.entries if entry.outdated),
        )

    @property
    def sections(self) -> tuple[Section, ...]:
        """All criteria with matches, in the rubric's order; criteria no longer in the rubric come last, by id."""
        supports: dict[str, list[MatchedEntry]] = defaultdict(list)
        for entry in self.entries:
            for match in entry.matches:
                supports[match.criterion_id].append(MatchedEntry(entry, match))
        criteria_by_id = {criterion.id: criterion for criterion in self.criteria}
        gone = [
            Criterion(key, "No longer in the rubric", "", "") for key in sorted(supports) if key not in criteria_by_id
        ]
        return tuple(
            Section(each, tuple(sorted(supports[each.id], key=_strongest_first)))
            for each in (*self.criteria, *gone)
            if each.id in supports
        )

    @property
    def without_evidence(self) -> tuple[Criterion, ...]:
        """The rubric's criteria that no entry matches."""
        matched = {match.criterion_id for entry in self.entries for match in entry.matches}
        return tuple(each for each in self.criteria if each.id in self.current and each.id not in matched)

    @property
    def strongest(self) -> tuple[EvidenceEntry, ...]:
        """The first entries by best confidence, then by number of matched criteria, newest first."""
        matched = [entry for entry in self.entries if entry.matches]
        return tuple(sorted(matched, key=lambda each: (-best(each), -len(each.matches), *_newest_first(each))))[
            :STRONGEST
        ]

    @property
    def unmatched(self) -> tuple[EvidenceEntry, ...]:
        """Entries without a match, newest merge first: analysed without match, not analysed, failed."""
        return tuple(sorted((entry for entry in self.entries if not entry.matches), key=_newest_first))

    def state_words(self, entry: EvidenceEntry) -> str:
        """The state of an entry in words."""
        if entry.analysis_state is AnalysisState.NOT_ANALYSED:
            return "not analysed"
        if entry.analysis_state is AnalysisState.FAILED:
            return "analysis failed"
        unmatched = f"matched below {self.min_confidence} %" if self.below.get(entry.id) else "analysed, no match"
        state_text = "matched" if entry.matches else unmatched
        return f"{state_text}, {OUTDATED}" if entry.outdated else state_text

    def counts_words(self) -> str:
        """The counts as sentences."""
        counts = self.counts
        noun = "entry" if counts.entries == 1 else "entries"
        below = f"{counts.below:,} matched below {self.min_confidence} %, " if counts.below else ""
        return (
            f"{counts.entries:,} {noun}: {counts.matched:,} matched, {below}{counts.without_match:,} analysed without a match, "
            f"{counts.not_analysed:,} not analysed, {counts.failed:,} whose analysis failed."
        ) + (f" {counts.outdated:,} {OUTDATED}." if counts.outdated else "")


def best(entry: EvidenceEntry) -> float:
    """The highest confidence of an entry's matches, 0.0-1.0."""
    return max(match.confidence for match in entry.matches)


def percent(confidence: float) -> int:
    """A stored confidence (0.0-1.0) as a whole percentage."""
    return round(confidence * 100)


def _strongest_first(support: MatchedEntry) -> tuple[float, float, int]:
    return (-support.match.confidence, *_newest_first(support.entry))


def _newest_first(entry: EvidenceEntry) -> tuple[float, int]:
    return (-entry.merged_at.timestamp() if entry.merged_at else 0.0, -entry.id)


def only(entries: Sequence[EvidenceEntry], criteria: Collection[str]) -> tuple[EvidenceEntry, ...]:
    """The entries, reduced to matches of these criteria (case-folded ids); unchanged if there are none."""
    if not criteria:
        return tuple(entries)
    return tuple(
        replace(entry, matches=tuple(match for match in entry.matches if match.criterion_id.casefold() in criteria))
        for entry in entries
    )


def confident(entries: Sequence[EvidenceEntry], minimum: int) -> tuple[tuple[EvidenceEntry, ...], dict[int, int]]:
    """The entries without matches below `minimum` percent, and the number of removed matches by entry id."""
    reduced = tuple(
        replace(entry, matches=tuple(match for match in entry.matches if percent(match.confidence) >= minimum))
        for entry in entries
    )
    removed = {
        entry.id: gone
        for entry, less in zip(entries, reduced, strict=True)
        if (gone := len(entry.matches) - len(less.matches))
    }
    return reduced, removed
