"""Calls to GitHub, with queueing, limits and retries."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from devtrail_tui.clients.github.answers import (
    GraphAnswer,
    check,
    decoded,
    graph_answer,
    limited,
)
from devtrail_tui.clients.github.documents import DOCUMENTS
from devtrail_tui.clients.github.endpoint import Endpoint
from devtrail_tui.clients.github.failures import TooHeavy, Unreachable
from devtrail_tui.clients.github.limiter import CORE, GRAPHQL, Limiter, Narrate
from devtrail_tui.clients.github.transport import HttpAnswer, Transport
from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import AuthenticationError, TemporaryError
from devtrail_tui.core.job import Level
from devtrail_tui.core.retry import delay_s
from devtrail_tui.core.service import RateLimit

T = TypeVar("T")

MOST_TRIES = 4
UNAUTHORIZED_PAUSE_S = 5.0
"""The wait after a 401 to a token that was accepted before in the same job: GitHub's single 401s pass."""
_BASE_S = 1.0
_CAP_S = 30.0
_LARGE_BODY = 256 * 1024
"""From this size on, JSON is parsed in a thread to keep the loop responsive."""


class Calls:
    """GitHub calls, one method per protocol."""

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        limiter: Limiter,
        clock: Clock,
        narrate: Narrate,
        rng: random.Random,
        report: Callable[[RateLimit], None],
    ) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._limiter = limiter
        self._clock = clock
        self._narrate = narrate
        self._rng = rng
        self._report = report
        self._refused: AuthenticationError | None = None
        self._accepted_count = 0
        self._doubting = asyncio.Lock()
        self._sso_said = False

    async def rest(self, path: str) -> tuple[Any, httpx.Headers]:
        """GET a REST path. Raises AuthenticationError, RequestRefused, TemporaryError."""
        return await self._call("GET", self.endpoint.rest + path, None, CORE, MOST_TRIES, lambda data: data)

    async def graph(self, name: str, variables: Mapping[str, Any], *, tries: int = MOST_TRIES) -> GraphAnswer:
        """Run the named document. `tries` is the maximum number of tries, lower if a smaller request is the better retry. Raises
        AuthenticationError, RequestRefused, TooHeavy, TemporaryError; the caller handles errors beside data."""
        content = json.dumps({"query": DOCUMENTS[name], "operationName": name, "variables": dict(variables)}).encode()
        host = self.endpoint.api_host
        answer, _ = await self._call(
            "POST", self.endpoint.graphql, content, GRAPHQL, tries, lambda data: graph_answer(data, host)
        )
        return answer

    async def back_off(self, failures: int, why: TemporaryError) -> None:
        """Log the reason and wait before the next try; `failures` counts from 1."""
        seconds = delay_s(failures, self._rng, base=_BASE_S, cap=_CAP_S, retry_after_s=why.retry_after_s)
        self._narrate(Level.WARNING, f"{why} Retrying in {seconds:.1f} s.")
        await self._clock.sleep(seconds)

    async def _call(
        self, method: str, url: str, content: bytes | None, resource: str, tries: int, read: Callable[[Any], T]
    ) -> tuple[T, httpx.Headers]:
        failures = limits = 0
        while True:
            try:
                answer, document = await self._once(method, url, content, resource)
                limit = limited(answer, document, self._clock.now())
                if limit is None:
                    check(answer, document, self.endpoint.api_host)
                    self._notice_sso(answer)
                    return read(document), answer.headers
            except (Unreachable, TooHeavy) as error:
                failures += 1
                if failures >= (tries if isinstance(error, TooHeavy) else MOST_TRIES):
                    raise
                await self.back_off(failures, error)
            else:
                limits += 1
                self._limiter.hold(resource, limit, limits, self.endpoint.api_host)

    async def _once(self, method: str, url: str, content: bytes | None, resource: str) -> tuple[HttpAnswer, Any]:
        answer, accepted_before = await self._send(method, url, content, resource)
        if answer.status == 401:
            async with self._doubting:
                await self._check_rejection(answer, accepted_before)
                answer, _ = await self._send(method, url, content, resource)
                if answer.status == 401:
                    self._refuse(answer)
        return answer, await self._read(answer)

    async def _send(self, method: str, url: str, content: bytes | None, resource: str) -> tuple[HttpAnswer, int]:
        """One request in its turn, and how many were accepted before it."""
        async with self._limiter.turn(resource):
            if self._refused is not None:  # repeated failed logins would lock the account
                raise self._refused
            self._limiter.check_token()
            accepted_before = self._accepted_count
            answer = await self._transport.exchange(method, url, content)
            if answer.status != 401:
                self._accepted_count += 1
                if (limit := self._limiter.learn(resource, answer.headers)) is not None:
                    self._report(limit)
        return answer, accepted_before

    async def _check_rejection(self, answer: HttpAnswer, accepted_before: int) -> None:
        """Return when a rejected request may be sent once more: after a pause if the token was accepted before, at once if it was
        accepted meanwhile. Raises AuthenticationError otherwise."""
        if self._accepted_count > accepted_before:
            return
        if not accepted_before or self._refused is not None:
            self._refuse(answer)
        self._narrate(
            Level.WARNING,
            f"{self.endpoint.api_host} rejected a token that it accepted before (401). Trying once more in "
            f"{UNAUTHORIZED_PAUSE_S:.0f} s.",
        )
        await self._clock.sleep(UNAUTHORIZED_PAUSE_S)

    def _refuse(self, answer: HttpAnswer) -> None:
        """Raise for a 401 and let no client send this token again for a while."""
        try:
            check(answer, None, self.endpoint.api_host)
        except AuthenticationError as error:
            self._refused = self._refused or error
            self._limiter.reject_token()
            raise

    async def _read(self, answer: HttpAnswer) -> Any:
        """The JSON; None if the body of a failure is a web page, because the status is sufficient."""
        try:
            if len(answer.body) < _LARGE_BODY:
                return decoded(answer, self.endpoint.api_host)
            return await asyncio.to_thread(decoded, answer, self.endpoint.api_host)
        except TemporaryError:
            if answer.status >= 300:
                return None
            raise

    def _notice_sso(self, answer: HttpAnswer) -> None:
        if not self._sso_said and answer.headers.get("x-github-sso", "").startswith("partial-results"):
            self._sso_said = True
            self._narrate(
                Level.WARNING,
                "GitHub omitted organisations whose single sign-on this token is not authorised for.",
            )
