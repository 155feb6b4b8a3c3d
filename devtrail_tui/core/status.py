"""Job statuses and log levels."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The five statuses of a job."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def finished(self) -> bool:
        """Whether the status is final unless a person retries the job."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Level(StrEnum):
    """The severity of a log line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
