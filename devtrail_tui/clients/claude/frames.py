"""Messages between our process and the child that talks to Claude: JSON objects, each behind its length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

_LENGTH_BYTES = 4


def packed(message: Mapping[str, Any]) -> bytes:
    """One message as bytes. ASCII only: a lone surrogate passes."""
    data = json.dumps(message).encode()
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; blocks. None where the stream ends, also in the middle of one."""
    length = stream.read(_LENGTH_BYTES)
    data = stream.read(int.from_bytes(length, "big"))
    if len(length) < _LENGTH_BYTES or len(data) < int.from_bytes(length, "big"):
        return None
    message: dict[str, Any] = json.loads(data)
    return message
