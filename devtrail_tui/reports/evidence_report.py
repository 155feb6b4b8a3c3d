"""The evidence report: which evidence speaks for which criterion, and what is not known. Pure values, no format."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from devtrail_tui.core.evidence import OUTDATED, AnalysisState, Criterion, EvidenceEntry, Match

CONFIDENCE_NOTE = (
    "Each confidence is the model's own estimate, not a measurement. Quotes were checked to stand verbatim in the pull request; "
    "whether they prove the criterion is yours to judge."
)


@dataclass(frozen=True, slots=True)
class Support:
    """One entry that, in the model's view, speaks for a criterion."""

    entry: EvidenceEntry
    match: Match


@dataclass(frozen=True, slots=True)
class Section:
    """A criterion with what speaks for it, strongest first."""

    criterion: Criterion
    supports: tuple[Support, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entries stand where; they add up to `entries`. `outdated` of them were judged before their latest change."""

    entries: int
    matched: int
    without_match: int
    not_analysed: int
    failed: int
    outdated: int


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """Everything an export says. `models` names the model of each analysed entry by its id; `chosen` says in words which
    evidence was asked for, empty for all of it; `demo` marks made-up data."""

    generated_at: datetime
    entries: tuple[EvidenceEntry, ...]
    criteria: tuple[Criterion, ...]
    models: Mapping[int, str]
    chosen: str = ""
    demo: bool = False

    @property
    def logins(self) -> tuple[str, ...]:
        """Whose work this is."""
        return tuple(sorted({entry.login for entry in self.entries if entry.login}, key=str.lower))

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The first and the last merge among the entries."""
        merged = sorted(entry.merged_at for entry in self.entries if entry.merged_at is not None)
        return (merged[0], merged[-1]) if merged else None

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models whose views are in the report."""
        entry_ids = {entry.id for entry in self.entries}
        return tuple(sorted({name for key, name in self.models.items() if key in entry_ids and name}))

    @property
    def counts(self) -> Counts:
        """How many entries were matched, looked at in vain, not looked at, or failed."""
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
        """Every criterion that something speaks for, in the rubric's order; one that left the rubric comes last, by its id."""
        supports: dict[str, list[Support]] = defaultdict(list)
        for entry in self.entries:
            for match in entry.matches:
                supports[match.criterion_id].append(Support(entry, match))
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
        """Entries that count for no criterion, newest merge first: analysed in vain, not analysed, failed."""
        return tuple(sorted((entry for entry in self.entries if not entry.matches), key=_newest_first))


def state_words(entry: EvidenceEntry) -> str:
    """How an entry stands, in words."""
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


def _strongest_first(support: Support) -> tuple[float, float, int]:
    return (-support.match.confidence, *_newest_first(support.entry))


def _newest_first(entry: EvidenceEntry) -> tuple[float, int]:
    return (-entry.merged_at.timestamp() if entry.merged_at else 0.0, -entry.id)


def only(entries: Sequence[EvidenceEntry], criteria: Collection[str]) -> tuple[EvidenceEntry, ...]:
    """The entries with their matches for some criteria (case-folded ids) alone; without any named, as they are."""
    if not criteria:
        return tuple(entries)
    return tuple(
        replace(entry, matches=tuple(match for match in entry.matches if match.criterion_id.casefold() in criteria))
        for entry in entries
    )
