"""HTTP/1.1 on one connection: reads requests and sends answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from typing import Any

import h11

from devtrail_tui.demo.answers import HttpResponse

READ_SIZE = 65_536


@dataclass(frozen=True)
class Request:
    """One complete request; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def service(self) -> str:
        """ "claude" or "github"."""
        return "claude" if self.path.startswith(("/v1/messages", "/v1/models")) else "github"

    @property
    def credential(self) -> str:
        """The token or key of the request; empty without one."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("bearer", "token") and value:
            return value.strip()
        return self.headers.get("x-api-key", "")

    @cached_property
    def json(self) -> Any:
        """The body; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


Handler = Callable[[Request], Awaitable[HttpResponse]]


class HttpConnection:
    """A client's connection, kept alive for many requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=256 * 1024)

    async def serve(self) -> None:
        """Answer requests until either side ends the connection."""
        try:
            while (request := await self._request()) is not None:
                if not await self._respond(request) or self._http.our_state is h11.MUST_CLOSE:
                    break
                self._http.start_next_cycle()
        except (ConnectionError, h11.RemoteProtocolError):
            return
        finally:
            self._writer.close()

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(READ_SIZE))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("ascii"): text.decode("latin-1") for name, text in head.headers}
                return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    async def _respond(self, request: Request) -> bool:
        """Answer one request; False if the connection must be closed afterwards."""
        answer = await self._handler(request)
        self._send_head(answer)
        self._write(h11.Data(data=answer.body))
        await self._send_end()
        return True

    def _send_head(self, answer: HttpResponse) -> None:
        headers = [*answer.headers, ("content-length", str(len(answer.body))), ("date", formatdate(usegmt=True))]
        self._write(h11.Response(status_code=answer.status, headers=headers))

    async def _send_end(self) -> None:
        self._write(h11.EndOfMessage())
        await self._writer.drain()

    def _write(self, event: h11.Event) -> None:
        output = self._http.send(event)
        if output:
            self._writer.write(output)
