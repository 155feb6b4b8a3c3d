"""Calls to Claude and their results as plain data, and as messages on a pipe: JSON objects with a length prefix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Any, Protocol

_LENGTH_BYTES = 4


class Method(StrEnum):
    """The methods of Claude's API in use."""

    CREATE = "create"
    COUNT_TOKENS = "count_tokens"
    RETRIEVE_MODEL = "retrieve_model"
    LIST_MODELS = "list_models"


class CallKind(StrEnum):
    """How a call failed."""

    NOT_SENT = "not sent"
    UNKNOWN = "unknown"  # sent without an answer: it may have been executed
    STATUS = "status"
    UNREADABLE = "unreadable"


UNBILLED = frozenset({CallKind.NOT_SENT, CallKind.STATUS})
"""Failures of calls that cost nothing: Claude did not execute them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `arguments` are those of the SDK's method; `timeout_s` limits it from connecting to the last byte."""

    method: Method
    arguments: Mapping[str, Any]
    api_key: str = field(repr=False)
    base_url: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class CallResult:
    """The body of a successful call as JSON values."""

    body: Any
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call. All fields except `kind` are foreign text or absent; `headers` has only the retry headers."""

    kind: CallKind
    reason: str = ""
    status: int = 0
    type: str = ""
    message: str = ""
    request_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Arrival:
    """What becomes of a call whose caller was cancelled; `sending`: it is under way now."""

    arrived: Callable[[CallResult | None], None] | None = None
    sending: bool = False


class CallFailed(Exception):
    """Carries a `Failure` to the caller; it never contains a key."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.kind)


class ClaudeConnection(Protocol):
    """A connection that executes calls to Claude."""

    async def call(self, call: Call, late: Callable[[CallResult | None], None] | None = None) -> CallResult:
        """Make one call. If the caller is cancelled and an answer still arrives, `late` receives it, in any thread; it receives
        None if the call was not sent at all, or failed in one of the ways of `UNBILLED`.

        Raises CallFailed."""
        ...


def packed(message: Mapping[str, Any]) -> bytes:
    """Serialise a message. ASCII only, so that a lone surrogate passes."""
    payload = json.dumps(message).encode()
    return len(payload).to_bytes(_LENGTH_BYTES, "big") + payload


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; blocks. None at the end of the stream, even within a message."""
    length = stream.read(_LENGTH_BYTES)
    payload = stream.read(int.from_bytes(length, "big"))
    if len(length) < _LENGTH_BYTES or len(payload) < int.from_bytes(length, "big"):
        return None
    message: dict[str, Any] = json.loads(payload)
    return message
