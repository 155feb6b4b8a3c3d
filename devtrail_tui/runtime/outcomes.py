"""Converts a handler's result or error into a run outcome in plain data; no other module inspects either."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from devtrail_tui.core.errors import (
    CancelRequested,
    ClaimLost,
    DevTrailError,
    LimitReached,
    SecretMissing,
    ServiceUnavailable,
    StoreError,
    TemporaryError,
)
from devtrail_tui.core.job import Job
from devtrail_tui.core.plain_values import described, plain
from devtrail_tui.core.text import safe_line
from devtrail_tui.runtime.store_retry import PASSES

_logger = logging.getLogger(__name__)


class StopReason(Enum):
    """Why a running job was interrupted."""

    CANCEL = "cancel"
    STOP = "stop"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """The job returned its result."""

    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FailedRun:
    """The job ended with an error that is not worth retrying."""

    sentence: str


@dataclass(frozen=True, slots=True)
class RetryableRun:
    """The job ended with an error that is worth retrying."""

    sentence: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """The job cannot run yet; it is tried again after `wait_s`, or the usual time. `person`: a person must act first."""

    sentence: str
    wait_s: float | None = None
    person: bool = False


@dataclass(frozen=True, slots=True)
class OutageRun:
    """The network or a service is down; `retry_after_s` is the wait that the service asked for."""

    sentence: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class InterruptedRun:
    """The job was interrupted; the reason is None if only the interrupter knows it."""

    reason: StopReason | None


RunOutcome = CompletedRun | FailedRun | RetryableRun | WaitingRun | OutageRun | InterruptedRun | StoreError
"""A StoreError: the database is unusable, which is not the job's fault; its lease returns it to the queue."""


@dataclass(slots=True)
class Summary:
    """Ids of the jobs that a worker ran: `ended` by an end of their own or a retry, `waiting` for a service, a limit or a secret
    (those for which a person must act also in `blocked`), `lost` without a recorded end."""

    ended: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def note(self, job_id: int, outcome: RunOutcome) -> None:
        """Add a job by its outcome."""
        match outcome:
            case WaitingRun(person=person):
                self.waiting.append(job_id)
                self.blocked += [job_id] if person else []
            case OutageRun():
                self.waiting.append(job_id)
            case _:
                self.ended.append(job_id)


def outcome_of(job: Job, result: object, error: BaseException | None) -> RunOutcome:
    """The outcome of a handler that returned `result` or, if not None, raised `error`."""
    try:
        return _returned(job, result) if error is None else _raised(job, _first_error(error))
    except BaseException:
        _logger.exception("job %d: its outcome cannot be determined", job.id)
        return FailedRun(
            f"The job type {job.type} ended with an error that cannot be shown. This is an error in the job type."
        )


def _returned(job: Job, result: object) -> CompletedRun | FailedRun:
    problem = described(result)
    if isinstance(result, dict):
        try:
            return CompletedRun(plain(result))
        except ValueError as error:
            problem = f"a dict in which {safe_line(str(error), limit=200)}"
    return FailedRun(
        f"The job type {job.type} returned {problem}; a handler returns a dict of plain values. "
        "This is an error in the job type."
    )


def _raised(job: Job, error: BaseException) -> RunOutcome:
    match error:
        case asyncio.CancelledError():
            return InterruptedRun(None)
        case CancelRequested():
            return InterruptedRun(StopReason.CANCEL)
        case ClaimLost():
            return InterruptedRun(StopReason.LOST)
        case StoreError() if not isinstance(error, PASSES):
            return error
        case StoreError() | SecretMissing() | LimitReached():  # raised by a read; failed writes wait in StoreRetry
            return WaitingRun(_text_of(error), _seconds(error), person=isinstance(error, SecretMissing))
        case TemporaryError():
            kind = OutageRun if isinstance(error, ServiceUnavailable) else RetryableRun
            return kind(_text_of(error), _seconds(error))
        case TimeoutError():
            return RetryableRun(f"A call took too long: {safe_line(_text_of(error)) or 'no answer in time'}.")
        case DevTrailError():
            return FailedRun(_text_of(error))
        case SystemExit():
            return FailedRun(
                f"The job type {job.type} called sys.exit({safe_line(repr(error.code), limit=60)}); "
                "a handler ends by returning or raising. This is an error in the job type."
            )
    _logger.error("job %d failed unexpectedly", job.id, exc_info=error)
    return FailedRun(
        f"Unexpected {type(error).__name__}: {safe_line(_text_of(error), limit=300)}. "
        "This is an error in DevTrail or a plugin; the log file has the details."
    )


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a plugin's __str__ may raise anything
        return "(its text cannot be shown)"


def _seconds(error: BaseException) -> float | None:
    retry_after_s = getattr(error, "retry_after_s", None)  # a plugin's subclass may lack it
    return retry_after_s if isinstance(retry_after_s, int | float) else None


def _first_error(error: BaseException) -> BaseException:
    """The decisive error if several tasks of a job failed: a lost claim, otherwise the first."""
    if isinstance(error, BaseExceptionGroup):
        error = error.subgroup(ClaimLost) or error
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
