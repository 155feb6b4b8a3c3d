"""Evidence: list, show, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devtrail_tui.actions import Outcome
from devtrail_tui.core.errors import NotFound, StoreError, UsageError
from devtrail_tui.core.evidence_filter import parse
from devtrail_tui.core.evidence_json import entry_json
from devtrail_tui.core.repository_names import repository_name
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count_of

if TYPE_CHECKING:
    from datetime import date

    from devtrail_tui.actions import Services
    from devtrail_tui.core.evidence import EvidenceDetail, EvidenceEntry

DOCUMENT_FORMATS = ("md", "json", "csv")
MIN_CONFIDENCE = 60
"""Percent; weaker matches are not exported unless they are asked for."""


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """A page of entries, newest merge first, and whether there may be more."""

    entries: Sequence[EvidenceEntry]
    more: bool

    def to_json(self) -> list[dict[str, Any]]:
        return [entry_json(entry) for entry in self.entries]


@dataclass(frozen=True, slots=True)
class EvidenceExport:
    """A document, its number of entries, and the number of matches below the minimum that it leaves out."""

    text: str
    entries: int
    below: int

    def sentence(self, path: str) -> str:
        return f"{count_of(self.entries, 'entry', 'entries')} written to {path}."

    def notice(self, min_confidence: int) -> str:
        """What was left out; empty if nothing was."""
        left_out = count_of(self.below, "match", "matches")
        return f"{left_out} below {min_confidence} % not in the document." if self.below else ""


def list_evidence(services: Services, query: str, *, limit: int) -> EvidencePage:
    """The entries that match a filter (core.evidence_filter). Raises UsageError for an invalid filter."""
    entries = services.evidence.entries(text=_checked(query), limit=limit)
    return EvidencePage(entries, more=len(entries) == limit)


def get_entry(services: Services, evidence_id: int) -> EvidenceDetail:
    """One entry with matches and figures. Raises NotFound."""
    return services.evidence.detail(evidence_id)


def export_evidence(
    services: Services,
    document_format: str,
    query: str = "",
    *,
    min_confidence: int = MIN_CONFIDENCE,
    days: tuple[date | None, date | None] = (None, None),
) -> EvidenceExport:
    """A document of the entries that match a filter and were merged from the first to the last day; `document_format` is md, json
    or csv. Matches below `min_confidence` percent and those of other criteria than the filter's are left out.
    Raises UsageError.
    """
    from devtrail_tui.reports.evidence_report import EvidenceReport, confident, only
    from devtrail_tui.reports.exports import FORMATS

    text = _checked(query)
    asked = parse(text).criteria
    if days[0] and days[1] and days[0] > days[1]:
        raise UsageError(f"The first day ({days[0]}) is after the last day ({days[1]}).")
    in_days = [entry for entry in services.evidence.entries(text=text) if _merged_in(entry, days)]
    entries, below = confident(only(in_days, asked), min_confidence)
    report = EvidenceReport(
        generated_at=services.clock.now(),
        entries=entries,
        criteria=tuple(services.criteria.list(include_retired=True)),
        models=services.evidence.models(),
        current={each.id for each in services.criteria.list() if not asked or each.id.casefold() in asked},
        chosen=text,
        days=days,
        min_confidence=min_confidence,
        below=below,
        demo=services.demo,
    )
    document = services.secrets.redact(FORMATS[document_format](report))
    return EvidenceExport(document, len(report.entries), sum(below.values()))


def _merged_in(entry: EvidenceEntry, days: tuple[date | None, date | None]) -> bool:
    """Days are those of this machine's time zone."""
    first, last = days
    if first is None and last is None:
        return True
    merged = entry.merged_at.astimezone().date() if entry.merged_at else None
    return merged is not None and (first is None or first <= merged) and (last is None or merged <= last)


def format_of(name: str | None) -> str | None:
    """The format that a file's name says; None if it says none."""
    ending = (name or "").rpartition(".")[2].lower()
    return ending if ending in DOCUMENT_FORMATS else None


def hidden_notice(services: Services) -> str:
    """A sentence about entries that exclude_repositories hides; empty if there are none."""
    hidden = services.evidence.hidden()
    if not hidden:
        return ""
    return f"{count_of(hidden, 'entry', 'entries')} of repositories in exclude_repositories (config.toml) not shown."


def find_evidence(services: Services, ids: Sequence[int], repositories: Sequence[str]) -> Sequence[int]:
    """The entries with these ids and those of these repositories, for `delete_evidence`. Raises NotFound for an unknown id, and
    for a repository without entries."""
    from devtrail_tui.store.evidence_deletion import ids_of_repositories, known_ids

    missing = sorted(set(ids) - set(known_ids(services.database, ids)))
    if missing:
        raise NotFound(f"There is no evidence entry {', '.join(map(str, missing))}; nothing was deleted.")
    chosen = dict.fromkeys(ids)
    for name in repositories:
        try:
            entries = ids_of_repositories(services.database, [repository_name(name)])
        except ValueError as error:
            raise UsageError(str(error)) from None
        if not entries:
            raise NotFound(f"There is no evidence of {safe_line(name, limit=100)}; nothing was deleted.")
        chosen |= dict.fromkeys(entries)
    return list(chosen)


def delete_evidence(services: Services, ids: Sequence[int]) -> Outcome:
    """Delete entries with their judgements and the stored texts of their analyses. Raises StoreError."""
    from devtrail_tui.store import evidence_deletion

    deleted = evidence_deletion.delete_evidence(services.database, ids).result()
    notices = []
    try:
        services.maintenance.vacuum()
    except StoreError as error:
        notices.append(f"The freed space is not returned to the disk yet ({error}) Run: devtrail-tui db vacuum")
    backups = [each.path.name for each in services.maintenance.backups()]
    if backups:
        folder = services.maintenance.backups()[0].path.parent
        notices.append(
            f"{count_of(len(backups), 'backup')} in {folder} may still hold it. Make a new one with devtrail-tui db backup, then "
            "delete the older files."
        )
    sentence = (
        f"{count_of(deleted, 'entry', 'entries')} deleted, with judgements and answers; what they cost stays in the ledger. "
        "The next sync fetches them again, unless exclude_repositories in config.toml names the repository."
    )
    return Outcome(sentence, {"deleted": deleted, "backups": backups}, notices=tuple(notices))


def _checked(query: str) -> str:
    text = safe_line(query)
    problems = parse(text).problems
    if problems:
        raise UsageError(" ".join(problems))
    return text
