"""A call to Claude as plain data, what comes back from it, and both as messages on a pipe: JSON objects behind their length."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Any, Protocol

_LENGTH_BYTES = 4


class Method(StrEnum):
    """What may be asked of Claude."""

    CREATE = "create"
    COUNT_TOKENS = "count_tokens"
    RETRIEVE_MODEL = "retrieve_model"
    LIST_MODELS = "list_models"


class CallKind(StrEnum):
    """How a call failed."""

    NOT_SENT = "not sent"
    UNKNOWN = "unknown"  # it was sent, and no answer came: it may have been carried out
    STATUS = "status"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `arguments` are those of the SDK's method; `timeout_s` bounds it from connecting to the last byte."""

    method: Method
    arguments: Mapping[str, Any]
    api_key: str = field(repr=False)
    base_url: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: the body as JSON values, whatever they are."""

    body: Any
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call without a success. All but `kind` is foreign text or absent; `headers` holds those that say how long to wait."""

    kind: CallKind
    reason: str = ""
    status: int = 0
    type: str = ""
    message: str = ""
    request_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class CallFailed(Exception):
    """Carries a `Failure` from a connection to its caller; it never holds a key."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.kind)


class Connection(Protocol):
    """Whatever carries calls to Claude."""

    async def call(self, call: Call, late: Callable[[Answer], None] | None = None) -> Answer:
        """Make one call. Where the caller is cancelled and the answer comes all the same, `late` gets it, in any thread.

        Raises CallFailed."""
        ...


def packed(message: Mapping[str, Any]) -> bytes:
    """One message as bytes. ASCII only: a lone surrogate passes."""
    payload = json.dumps(message).encode()
    return len(payload).to_bytes(_LENGTH_BYTES, "big") + payload


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; blocks. None where the stream ends, also in the middle of one."""
    length = stream.read(_LENGTH_BYTES)
    payload = stream.read(int.from_bytes(length, "big"))
    if len(length) < _LENGTH_BYTES or len(payload) < int.from_bytes(length, "big"):
        return None
    message: dict[str, Any] = json.loads(payload)
    return message
