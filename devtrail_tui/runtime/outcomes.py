"""How a run of a handler ended, in plain data and sentences: what a handler returned or raised is never looked at elsewhere."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import Enum
from typing import Any

from devtrail_tui.core.errors import (
    CancelRequested,
    ClaimLost,
    DevTrailError,
    SecretMissing,
    StoreError,
    TemporaryError,
)
from devtrail_tui.core.job import Job
from devtrail_tui.core.plain_values import described, plain
from devtrail_tui.core.text import safe_line
from devtrail_tui.runtime.store_retry import PASSES

_logger = logging.getLogger(__name__)


class Interruption(Enum):
    """Why a running job was told to stop from outside."""

    CANCEL = "cancel"
    STOP = "stop"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Completed:
    """The job returned its result."""

    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """The job ended with an error that no retry mends."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Troubled:
    """The job ended with an error that time can mend."""

    sentence: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """The job cannot run yet."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The job was stopped from outside; None where only whoever stopped it knows why."""

    reason: Interruption | None


Outcome = Completed | Failed | Troubled | Waits | Interrupted | StoreError
"""A StoreError: the database is of no use any more, which is no fault of the job; its lease gives it back."""


def outcome_of(job: Job, result: object, error: BaseException | None) -> Outcome:
    """How a handler ended that returned `result` or, where it is not None, raised `error`."""
    try:
        return _returned(job, result) if error is None else _raised(job, _first_error(error))
    except BaseException:
        _logger.exception("job %d: its end cannot be told", job.id)
        return Failed(f"The job type {job.type} ended with what cannot be shown. This is a fault in the job type.")


def _returned(job: Job, result: object) -> Completed | Failed:
    problem = described(result)
    if isinstance(result, dict):
        try:
            return Completed(plain(result))
        except ValueError as error:
            problem = f"a dict in which {safe_line(str(error), limit=200)}"
    return Failed(
        f"The job type {job.type} returned {problem}; a handler returns a dict of plain values. "
        "This is a fault in the job type."
    )


def _raised(job: Job, error: BaseException) -> Outcome:
    match error:
        case asyncio.CancelledError():
            return Interrupted(None)
        case CancelRequested():
            return Interrupted(Interruption.CANCEL)
        case ClaimLost():
            return Interrupted(Interruption.LOST)
        case StoreError() if not isinstance(error, PASSES):
            return error
        case StoreError() | SecretMissing():  # of a read; writes wait by themselves
            return Waits(_text_of(error))
        case TemporaryError():
            return Troubled(_text_of(error), _seconds(error))
        case TimeoutError():
            return Troubled(f"A call took too long: {safe_line(_text_of(error)) or 'no answer in time'}.")
        case DevTrailError():
            return Failed(_text_of(error))
        case SystemExit():
            return Failed(
                f"The job type {job.type} called sys.exit({safe_line(repr(error.code), limit=60)}); "
                "a handler ends by returning or raising. This is a fault in the job type."
            )
    _logger.error("job %d failed unexpectedly", job.id, exc_info=error)
    return Failed(
        f"Unexpected {type(error).__name__}: {safe_line(_text_of(error), limit=300)}. "
        "This is a fault in DevTrail or a plugin; the log file has the details."
    )


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - whatever a plugin's error does when asked: the fault to tell of is the error itself
        return "(its text cannot be shown)"


def _seconds(error: TemporaryError) -> float | None:
    retry_after_s = getattr(error, "retry_after_s", None)  # a plugin's subclass may have forgotten it
    return retry_after_s if isinstance(retry_after_s, int | float) else None


def _first_error(error: BaseException) -> BaseException:
    """The error that decides when several tasks of a job ended badly: a lost claim before all, else the first."""
    if isinstance(error, BaseExceptionGroup):
        error = error.subgroup(ClaimLost) or error
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
