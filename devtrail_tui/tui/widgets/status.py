"""How a job's state is said on the screen: by a sign and a word, and only then by a colour."""

from __future__ import annotations

from dataclasses import dataclass

from devtrail_tui.core.status import Status


@dataclass(frozen=True, slots=True)
class StatusLook:
    """A sign, a word, and the name of the colour they are drawn in (`running`, `done`, `failed`, `quiet`)."""

    sign: str
    word: str
    tone: str

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


_LOOKS = {
    Status.PENDING: StatusLook("○", "waiting", "quiet"),
    Status.RUNNING: StatusLook("●", "running", "running"),
    Status.COMPLETED: StatusLook("✓", "done", "done"),
    Status.FAILED: StatusLook("✗", "failed", "failed"),
    Status.CANCELLED: StatusLook("■", "cancelled", "quiet"),
}
_STOPPING = StatusLook("◌", "stopping", "running")

STATUS_WIDTH = max(len(str(look)) for look in (*_LOOKS.values(), _STOPPING))
"""Cells of the longest sign and word."""


def status_look(status: Status, *, cancel_requested: bool = False) -> StatusLook:
    """What to show for a status; a running job that was asked to stop says so until it has."""
    if status is Status.RUNNING and cancel_requested:
        return _STOPPING
    return _LOOKS[status]
