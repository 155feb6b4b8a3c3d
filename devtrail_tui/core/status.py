"""How a job stands and how serious a log line is: the two words that every screen needs at once."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The five states of a job ."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def finished(self) -> bool:
        """Whether nothing more happens to the job unless a person retries it."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Level(StrEnum):
    """How serious a log line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
