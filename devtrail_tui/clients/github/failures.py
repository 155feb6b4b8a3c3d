"""The failures of GitHub requests, one class per reaction of the client."""

from __future__ import annotations

from dataclasses import dataclass

from devtrail_tui.core.errors import PermanentError, ServiceUnavailable


class Unreachable(ServiceUnavailable):
    """No usable answer: name not found, connection refused or lost, service unavailable. Retried with backoff."""


class TooHeavy(ServiceUnavailable):
    """GitHub could not finish this request (502, 504, its own limits, our deadline). A smaller one may succeed."""


class RequestRefused(PermanentError):
    """GitHub refused the request; `kind` is its reason, such as NOT_FOUND or FORBIDDEN."""

    def __init__(self, message: str, *, kind: str = "") -> None:
        self.kind = kind
        super().__init__(message)


class UnexpectedAnswer(PermanentError):
    """The answer does not have GitHub's documented shape."""


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit of GitHub was reached. `seconds` is the wait it asks for, None if unknown; `everything`: a secondary limit, which
    applies to all kinds of requests."""

    seconds: float | None
    everything: bool
