"""A connection that can break, drip, or notice that its client went away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import h11

from devtrail_tui.demo.answers import HttpResponse
from devtrail_tui.demo.http1 import READ_SIZE, HttpConnection, Request

Delivery = Literal["whole", "drip", "cut", "close"]


@dataclass(frozen=True, slots=True)
class DeliveredAnswer(HttpResponse):
    """An answer and how to deliver it; `interval` is the seconds between two bytes of a `drip`."""

    delivery: Delivery = "whole"
    interval: float = 0.0


class ClientGone(ConnectionError):
    """The client closed its side before it had its answer."""


class FaultyConnection(HttpConnection):
    """Delivers answers as their `delivery` says, and cancels the handling of a request whose client has gone."""

    async def _respond(self, request: Request) -> bool:
        answer = await self._watched(request)
        if not isinstance(answer, DeliveredAnswer):
            raise TypeError("This connection needs to know how to deliver an answer.")
        if answer.delivery == "close":
            return False
        self._send_head(answer)
        if answer.delivery == "cut":
            self._write(h11.Data(data=answer.body[: len(answer.body) // 2]))
            await self._writer.drain()
            return False
        await self._send_body(answer)
        await self._send_end()
        return True

    async def _watched(self, request: Request) -> HttpResponse:
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
            await self._keep_early_data(watching)

    async def _keep_early_data(self, watching: asyncio.Future[bytes]) -> None:
        """The read that was watching the client may have got the start of its next request."""
        if not watching.done():
            await _cancel(watching)
        if watching.done() and not watching.cancelled() and watching.exception() is None:
            self._http.receive_data(watching.result())

    async def _send_body(self, answer: DeliveredAnswer) -> None:
        if answer.delivery != "drip":
            self._write(h11.Data(data=answer.body))
            return
        for index in range(len(answer.body)):
            self._write(h11.Data(data=answer.body[index : index + 1]))
            await self._writer.drain()
            if self._reader.at_eof():
                raise ClientGone
            await asyncio.sleep(answer.interval)


async def _cancel(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
