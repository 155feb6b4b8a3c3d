"""HTTP/1.1 on one connection: reads requests, sends answers, notices when the other side has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import h11

from devtrail_tui.demo.answers import Answer
from devtrail_tui.demo.faults import Delivery

LARGEST_BODY = 8_000_000
READ_SIZE = 65_536
DRIP_FLUSH = 1


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its whole body; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """An answer and how to deliver it."""

    answer: Answer
    delivery: Delivery = "whole"
    interval: float = 0.0


class ClientGone(Exception):
    """The client closed its side while it was owed an answer."""


Handler = Callable[[Request], Awaitable[Parcel]]


class Connection:
    """One client's connection, kept alive over many requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=256 * 1024)

    async def serve(self) -> None:
        """Answer requests until either side ends the connection."""
        try:
            while (request := await self._request()) is not None:
                parcel = await self._watched(request)
                if not await self._send(request, parcel) or self._http.our_state is h11.MUST_CLOSE:
                    break
                self._http.start_next_cycle()
        except (ClientGone, ConnectionError):
            return
        except h11.RemoteProtocolError as error:
            with suppress(ConnectionError):  # who broke the protocol may have gone already
                await self._refuse(error)
        finally:
            self._writer.close()

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._answer_expectation()
                self._http.receive_data(await self._reader.read(READ_SIZE))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > LARGEST_BODY:
                    raise h11.RemoteProtocolError("The body is too large.", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
                return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    async def _answer_expectation(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[]))
            await self._writer.drain()

    async def _watched(self, request: Request) -> Parcel:
        """Handle a request, and stop as soon as the client has gone."""
        handling = asyncio.ensure_future(self._handler(request))
        watching = asyncio.ensure_future(self._reader.read(READ_SIZE))
        try:
            while True:
                await asyncio.wait({handling, watching}, return_when=asyncio.FIRST_COMPLETED)
                if handling.done():
                    return handling.result()
                data = watching.result()
                if not data:
                    raise ClientGone
                self._http.receive_data(data)
                watching = asyncio.ensure_future(self._reader.read(READ_SIZE))
        finally:
            await _cancel(handling)
            await self._keep_what_came(watching)

    async def _keep_what_came(self, watching: asyncio.Future[bytes]) -> None:
        """The read that was watching the client may have got the start of its next request."""
        if not watching.done():
            await _cancel(watching)
        if watching.done() and not watching.cancelled() and watching.exception() is None:
            self._http.receive_data(watching.result())

    async def _send(self, request: Request, parcel: Parcel) -> bool:
        """False when the connection is over afterwards."""
        if parcel.delivery == "close":
            return False
        answer = parcel.answer
        body = b"" if request.method == "HEAD" or answer.status in (204, 304) else answer.body
        headers = [*answer.headers, ("content-length", str(len(body))), ("date", formatdate(usegmt=True))]
        self._write(h11.Response(status_code=answer.status, headers=headers))
        if parcel.delivery == "cut":
            self._write(h11.Data(data=body[: len(body) // 2]))
            await self._writer.drain()
            return False
        await self._send_body(body, parcel)
        self._write(h11.EndOfMessage())
        await self._writer.drain()
        return True

    async def _send_body(self, body: bytes, parcel: Parcel) -> None:
        if parcel.delivery != "drip":
            self._write(h11.Data(data=body))
            return
        for place in range(0, len(body), DRIP_FLUSH):
            self._write(h11.Data(data=body[place : place + DRIP_FLUSH]))
            await self._writer.drain()
            if self._reader.at_eof():
                raise ClientGone
            await asyncio.sleep(parcel.interval)

    def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        text = str(error).encode()
        headers = [("content-type", "text/plain"), ("content-length", str(len(text))), ("connection", "close")]
        self._write(h11.Response(status_code=error.error_status_hint, headers=headers))
        self._write(h11.Data(data=text))
        self._write(h11.EndOfMessage())
        await self._writer.drain()


async def _cancel(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
