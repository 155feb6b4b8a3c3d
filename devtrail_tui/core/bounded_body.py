"""The body of an HTTP answer with a limit on its decoded size: a few kilobytes may decompress to gigabytes."""

from __future__ import annotations

import zlib

ENCODINGS = ("", "identity", "gzip")
"""What is accepted, and asked for with `accept-encoding: gzip`. Nested encodings are not."""


class BodyRefused(Exception):
    """The body is too large, damaged, or encoded in a way that was not asked for; the message is a clause about it."""


class BoundedBody:
    """Collects a body from raw chunks; `limit` is its largest decoded size in bytes. Raises BodyRefused."""

    def __init__(self, content_encoding: str, limit: int) -> None:
        encoding = content_encoding.strip().lower()
        if encoding not in ENCODINGS:
            raise BodyRefused("has an encoding that was not asked for")
        self._limit = limit
        self._gzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """Add a chunk as it was received. Raises BodyRefused."""
        if self._gzip is not None:
            try:
                chunk = self._gzip.decompress(chunk, self._limit - len(self._body) + 1)
            except zlib.error:
                raise BodyRefused("is damaged") from None
        self._body += chunk
        if len(self._body) > self._limit:
            raise BodyRefused(f"is larger than {self._limit // 2**20} MiB")

    def whole(self) -> bytes:
        """The decoded body. Raises BodyRefused if it is incomplete."""
        if self._gzip is not None and self._body and not self._gzip.eof:
            raise BodyRefused("is incomplete")
        return bytes(self._body)
