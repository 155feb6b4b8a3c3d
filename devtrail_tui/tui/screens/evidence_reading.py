"""The reads of the evidence screens: the list, and the open entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devtrail_tui.core.errors import NotFound
from devtrail_tui.core.status import Status
from devtrail_tui.tui.widgets.evidence_table import EvidenceTableData
from devtrail_tui.tui.widgets.row_table import EDGE

if TYPE_CHECKING:
    from devtrail_tui.core.evidence import Criterion, EvidenceDetail
    from devtrail_tui.core.job_row import HeaderFacts
    from devtrail_tui.core.readers import Readers


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """The filter text, the lines in view, the open entry."""

    text: str = ""
    rows: tuple[int, int] = (0, EDGE)
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceData:
    """The list, the number of running jobs, and the open entry with its matched criteria by id."""

    request: EvidenceRequest
    table: EvidenceTableData
    running: int
    detail: EvidenceDetail | None = None
    criteria: Mapping[str, Criterion] = field(default_factory=dict)


class EvidenceReading:
    """Reads the list and the open entry."""

    overdue = False

    def __init__(self) -> None:
        self.request = EvidenceRequest()

    def read(self, readers: Readers, request: EvidenceRequest, header: HeaderFacts, _now_s: float) -> EvidenceData:
        """Read everything requested. Raises StoreError."""
        store = readers.evidence
        ids = store.ids(text=request.text)
        total = store.count() if request.text else len(ids)
        first, last = request.rows
        rows = store.rows(ids[max(first - EDGE, 0) : last + EDGE + 1])
        table, running = EvidenceTableData(ids, rows, request.text, total), header.counts[Status.RUNNING]
        if request.chosen is None:
            return EvidenceData(request, table, running)
        try:
            detail = store.detail(request.chosen)
        except NotFound:  # deleted after the request
            return EvidenceData(request, table, running)
        criteria = {criterion.id: criterion for criterion in readers.criteria.list(include_retired=True)}
        return EvidenceData(request, table, running, detail, criteria)
