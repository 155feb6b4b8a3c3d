"""The evidence report as pure values: criteria with their matching evidence, and what is unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from devtrail_tui.core.evidence import OUTDATED, AnalysisState, Criterion, EvidenceEntry, Match

CONFIDENCE_NOTE = (
    "Each confidence is the model's own estimate, not a measurement. Quotes were verified to be verbatim in the pull request; "
    "whether they prove the criterion is yours to judge."
)


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
    """Numbers of entries by state; they add up to `entries`. `outdated` of them were judged before their latest change."""

    entries: int
    matched: int
    without_match: int
    not_analysed: int
    failed: int
    outdated: int


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """The content of an export. `models` is the model of each analysed entry by entry id; `chosen` describes the filter, empty
    for all evidence; `demo` marks made-up data."""

    generated_at: datetime
    entries: tuple[EvidenceEntry, ...]
    criteria: tuple[Criterion, ...]
    models: Mapping[int, str]
    chosen: str = ""
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
        matched = sum(1 for entry in self.entries if entry.analysis_state is AnalysisState.ANALYSED and entry.matches)
        return Counts(
            entries=len(self.entries),
            matched=matched,
            without_match=states[AnalysisState.ANALYSED] - matched,
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
    def unmatched(self) -> tuple[EvidenceEntry, ...]:
        """Entries without a match, newest merge first: analysed without match, not analysed, failed."""
        return tuple(sorted((entry for entry in self.entries if not entry.matches), key=_newest_first))


def state_words(entry: EvidenceEntry) -> str:
    """The state of an entry in words."""
    if entry.analysis_state is AnalysisState.NOT_ANALYSED:
        return "not analysed"
    if entry.analysis_state is AnalysisState.FAILED:
        return "analysis failed"
    state_text = "matched" if entry.matches else "analysed, no match"
    return f"{state_text}, {OUTDATED}" if entry.outdated else state_text


def counts_words(counts: Counts) -> str:
    """The counts as a sentence."""
    noun = "entry" if counts.entries == 1 else "entries"
    return (
        f"{counts.entries:,} {noun}: {counts.matched:,} matched, {counts.without_match:,} analysed without a match, "
        f"{counts.not_analysed:,} not analysed, {counts.failed:,} whose analysis failed."
    ) + (f" {counts.outdated:,} {OUTDATED}." if counts.outdated else "")


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
