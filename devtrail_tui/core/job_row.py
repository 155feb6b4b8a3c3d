"""Values for lists of jobs: light rows, counts and the facts of the header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from devtrail_tui.core.status import Status

if TYPE_CHECKING:
    from devtrail_tui.core.service import RateLimit


@dataclass(frozen=True, slots=True)
class JobRow:
    """One line of the job table. Times are aware UTC; `progress` is 0-100; `waiting_for` says why a PENDING job waits.

    `left_out`: its result lists work that was left out.
    """

    id: int
    type: str
    title: str
    status: Status
    progress: float
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_requested: bool
    left_out: bool
    waiting_for: str | None
    error: str | None
    attempt: int
    spent_usd: float


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """Facts of the header: live workers, jobs by status, the service limit last reported in its window, dollars spent today."""

    workers: int = 0
    counts: Mapping[Status, int] = field(default_factory=dict)
    limit: RateLimit | None = None
    spent_today_usd: float = 0.0
