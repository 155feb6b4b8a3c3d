"""Evidence: list, show, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.evidence_filter import parse
from devtrail_tui.core.evidence_json import entry_json
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.wording import count_of

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.evidence import EvidenceDetail, EvidenceEntry


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """A page of entries, newest merge first, and whether there may be more."""

    entries: Sequence[EvidenceEntry]
    more: bool

    def to_json(self) -> list[dict[str, Any]]:
        return [entry_json(entry) for entry in self.entries]


@dataclass(frozen=True, slots=True)
class EvidenceExport:
    """A document and its number of entries."""

    text: str
    entries: int

    def sentence(self, path: str) -> str:
        return f"{count_of(self.entries, 'entry', 'entries')} written to {path}."


def list_evidence(services: Services, query: str, *, limit: int) -> EvidencePage:
    """The entries that match a filter (core.evidence_filter). Raises UsageError for an invalid filter."""
    entries = services.evidence.entries(text=_checked(query), limit=limit)
    return EvidencePage(entries, more=len(entries) == limit)


def get_entry(services: Services, evidence_id: int) -> EvidenceDetail:
    """One entry with matches and figures. Raises NotFound."""
    return services.evidence.detail(evidence_id)


def export_evidence(services: Services, document_format: str, query: str = "") -> EvidenceExport:
    """A document of the entries that match a filter; `document_format` is md, json or csv. A criterion filter omits other
    matches. Raises UsageError."""
    from devtrail_tui.reports.evidence_report import EvidenceReport, only
    from devtrail_tui.reports.exports import FORMATS

    text = _checked(query)
    entries = services.evidence.entries(text=text)
    report = EvidenceReport(
        generated_at=services.clock.now(),
        entries=only(entries, parse(text).criteria),
        criteria=tuple(services.criteria.list(include_retired=True)),
        models=services.evidence.models(),
        chosen=text,
        demo=services.demo,
    )
    return EvidenceExport(services.secrets.redact(FORMATS[document_format](report)), len(report.entries))


def _checked(query: str) -> str:
    text = safe_line(query)
    problems = parse(text).problems
    if problems:
        raise UsageError(" ".join(problems))
    return text
