"""Holds requests until a test lets them through."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future


class Gate:
    """Holds requests at the door until released, so that a test can wait for events instead of sleeping.

    `wait` and `arrived` end when the first request stands at the gate; `release` lets it, and all later ones, through.
    """

    def __init__(self) -> None:
        self._arrived: Future[None] = Future()
        self._released: Future[None] = Future()
        self._lock = threading.Lock()

    def wait(self, timeout: float = 10.0) -> None:
        """Block until a request has arrived; TimeoutError after `timeout` seconds."""
        self._arrived.result(timeout)

    async def arrived(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - mirrors wait()
        """The same for async code."""
        async with asyncio.timeout(timeout):
            await asyncio.shield(asyncio.wrap_future(self._arrived))

    def release(self) -> None:
        with self._lock:
            if not self._released.done():
                self._released.set_result(None)

    async def hold(self) -> None:
        """The server's side: say that a request is here and wait for the release."""
        with self._lock:
            if not self._arrived.done():
                self._arrived.set_result(None)
        if not self._released.done():
            await asyncio.shield(asyncio.wrap_future(self._released))
