"""A job as a frozen value, and its JSON shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from devtrail_tui.core.progress import Progress as Progress
from devtrail_tui.core.status import Level as Level
from devtrail_tui.core.status import Status as Status

TIME_ZONE = "_timeZone"
"""The key in a job's config of the time zone of its days: an IANA name, or `UTC+09:00`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write for a running job; every write is fenced by `(job_id, claim_no)`."""

    job_id: int
    claim_no: int
    worker_id: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a job's log; `seq` counts from 1 within the job without gaps."""

    job_id: int
    seq: int
    attempt: int
    timestamp: datetime
    level: Level
    message: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One claim of a job: its worker, start, end, and outcome (None while it runs)."""

    number: int
    worker_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class NewJob:
    """The input of `enqueue`. `config` holds references to secrets, never their values."""

    type: str
    config: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    priority: int = 0
    max_attempts: int = 5
    timeout_s: float | None = None
    run_at: datetime | None = None
    unique_key: str | None = None
    needs_worker: str | None = None
    retry_of: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `jobs`. Times are aware UTC; `progress` is 0-100; `spent_usd` are dollars paid by this job over all attempts."""

    id: int
    type: str
    title: str
    status: Status
    priority: int
    progress: float
    progress_detail: Progress
    last_progress_at: datetime | None
    config: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: str | None
    attempt: int
    max_attempts: int
    claim_no: int
    crashes: int
    run_at: datetime
    waiting_for: str | None
    timeout_s: float | None
    unique_key: str | None
    needs_worker: str | None
    worker_id: str | None
    lease_expires_at: datetime | None
    cancel_requested_at: datetime | None
    retry_of: int | None
    spent_usd: float
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def cancel_requested(self) -> bool:
        """Whether a cancel was requested."""
        return self.cancel_requested_at is not None

    def is_due(self, now: datetime) -> bool:
        """Whether it may run now: due by our clock, or due when it was stored, by a clock that may have been ahead of ours."""
        return self.run_at <= max(now, self.updated_at)

    @property
    def left_out(self) -> bool:
        """Whether the job's result lists work that was left out (core.left_out)."""
        return bool((self.result or {}).get("leftOut"))

    @property
    def successful(self) -> bool:
        """Whether the job completed and nothing that the person named is missing."""
        return self.status is Status.COMPLETED and (self.result or {}).get("success") is not False


def iso(moment: datetime | None) -> str | None:
    """UTC as ISO 8601 with a trailing Z, to the millisecond; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_json(job: Job, logs: Iterable[LogLine] = ()) -> dict[str, Any]:
    """The JSON shape of a job, for `--json` and the HTTP API."""
    detail = job.progress_detail
    return {
        "id": job.id,
        "type": job.type,
        "status": str(job.status),
        "progress": round(job.progress, 1),
        "logs": [
            {"timestamp": iso(line.timestamp), "level": str(line.level), "message": line.message} for line in logs
        ],
        "result": dict(job.result) if job.result is not None else None,
        "error": job.error,
        "config": {
            **job.config,
            "_progress": {  # published names, used for every job type
                "currentRepo": detail.current_part,
                "currentPR": detail.current_item,
                "totalPRs": detail.total,
                "processedPRs": detail.done,
            },
        },
        "startedAt": iso(job.started_at),
        "completedAt": iso(job.completed_at),
        "createdAt": iso(job.created_at),
        "updatedAt": iso(job.updated_at),
    }
