"""What can go wrong between us and GitHub, told apart by what the client does next."""

from __future__ import annotations

from dataclasses import dataclass

from devtrail_tui.core.errors import PermanentError, TemporaryError


class Unreachable(TemporaryError):
    """No usable answer: name not found, connection refused or broken, service unavailable. Repeated with backoff."""


class TooHeavy(TemporaryError):
    """GitHub could not finish this request (502, 504, its own limits, our deadline). A smaller one may succeed."""


class Refused(PermanentError):
    """GitHub understood and said no; `kind` is its own word for why, such as NOT_FOUND or FORBIDDEN."""

    def __init__(self, message: str, *, kind: str = "") -> None:
        self.kind = kind
        super().__init__(message)


class UnexpectedAnswer(PermanentError):
    """The answer does not have the shape that GitHub documents."""


@dataclass(frozen=True, slots=True)
class Limited:
    """GitHub's limit was reached. `seconds` to wait by its own word, None where it gave none; `everything`: a secondary limit,
    which holds for all kinds of requests."""

    seconds: float | None
    everything: bool
