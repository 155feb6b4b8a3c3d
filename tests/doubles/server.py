"""The demo's server as tests need it: it records what it is asked, misbehaves to order, and checks what it is sent.

with FaultyServer(world) as server:             # a thread of its own; `async with` runs it in the current loop
    server.faults.next("hydrate", Fault.bad_gateway(502))
    gate = server.faults.hang("messages")       # gate.wait() / await gate.arrived(), then gate.release()
    server.recorder.wait("search", 3)           # or await server.recorder.until("search", 3)
    server.count("graphql"), server.requests    # what was asked
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import fields, replace
from types import TracebackType
from typing import Self

from devtrail_tui.demo.answers import HttpResponse, claude_error, github_error, json_answer
from devtrail_tui.demo.dataset import build_world
from devtrail_tui.demo.http1 import Request
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.server import DemoServer
from devtrail_tui.demo.world import World
from tests.doubles.claude_rules import request_problem
from tests.doubles.connection import DeliveredAnswer, FaultyConnection
from tests.doubles.faults import Fault, Scene
from tests.doubles.orders import Faults
from tests.doubles.recorder import Recorded, Recorder, recorded_request
from tests.doubles.rest_files import files_answer

API_VERSIONS = frozenset({"2022-11-28", "2026-03-10"})
OLD_SERVER_VERSIONS = frozenset({"2022-11-28"})
"""What an Enterprise Server before 3.21 knows."""


class FaultyServer(DemoServer):
    """`faults` orders what goes wrong, `recorder` keeps every request. `clock` gives seconds since the epoch."""

    connection_type = FaultyConnection

    def __init__(
        self,
        world: World | None = None,
        *,
        latency: Latency | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(world or build_world(), latency=latency)
        self.faults = Faults()
        self.recorder = Recorder()
        self._clock = clock
        self.api_versions = API_VERSIONS
        self.server_version = ""

    def enterprise(self, version: str, api_versions: frozenset[str] = OLD_SERVER_VERSIONS) -> Self:
        """As an Enterprise Server of this version."""
        self.server_version, self.api_versions = version, api_versions
        return self

    def unlimited(self) -> Self:
        """With the hourly limits out of the way."""
        self.limits.graphql.limit = self.limits.core.limit = 1_000_000
        return self

    @property
    def requests(self) -> list[Recorded]:
        """Everything that was asked so far, in order of arrival."""
        return self.recorder.requests

    def count(self, route: str) -> int:
        """How many requests of a route arrived: user, rate_limit, repo, graphql, search, hydrate, messages, models."""
        return self.recorder.count(route)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        super().__exit__(kind, error, trace)

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self._close()
        self._raise_failure(error)

    async def respond(self, request: Request) -> HttpResponse:
        path, request = request.path, _without_enterprise_prefix(request)
        recorded = recorded_request(request)
        recorded.path = path
        self.recorder.begin(recorded)
        try:
            fault = self.faults.take(recorded)
            recorded.fault = fault.name if fault is not None else None
            await self.pause(request)
            answer = await self._answer_with(fault, recorded, request)
            recorded.status = None if answer.delivery == "close" else answer.status
        except asyncio.CancelledError:
            recorded.abandoned = True
            raise
        finally:
            self.recorder.end(recorded)
        return answer

    async def _answer_with(self, fault: Fault | None, recorded: Recorded, request: Request) -> DeliveredAnswer:
        if fault is None:
            return _delivered(self.answer(request))
        if fault.gate is not None:
            await fault.gate.hold()
        replaced = fault.answer and fault.answer(Scene(recorded, self.limits, self._clock()))
        answer = replaced or self.answer(request)
        return _delivered(answer if fault.change is None else fault.change(answer), fault)

    def answer(self, request: Request) -> HttpResponse:
        if request.path == "/meta" and self.server_version:
            return self._refusal(request) or json_answer(200, {"installed_version": self.server_version})
        if request.service == "github" and (files := files_answer(self.world, request.target)) is not None:
            return self._refusal(request) or files
        return self._refusal(request) or super().answer(request)

    def _refusal(self, request: Request) -> HttpResponse | None:
        """What the real services refuse, and a demo that only ever meets our own clients need not look at."""
        if request.service == "claude":
            return self._refusal_of_claude(request)
        if not request.headers.get("user-agent"):
            message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent."
            return github_error(403, message)
        version = request.headers.get("x-github-api-version")
        if version is not None and version not in self.api_versions:
            return github_error(400, "The version you specified is not a supported version.")
        return None

    def _refusal_of_claude(self, request: Request) -> HttpResponse | None:
        if request.credential not in self.claude_keys:
            return None  # the demo's own refusal
        if "anthropic-version" not in request.headers:
            return claude_error(400, "invalid_request_error", "anthropic-version: header is required")
        if request.path != "/v1/messages":
            return None
        if request.method != "POST":
            return claude_error(405, "invalid_request_error", "Method Not Allowed")
        problem = request_problem(request.json)
        return claude_error(400, "invalid_request_error", problem) if problem else None


def _without_enterprise_prefix(request: Request) -> Request:
    """The request as github.com would get it."""
    target = "/graphql" if request.target == "/api/graphql" else request.target.removeprefix("/api/v3")
    return replace(request, target=target)


def _delivered(answer: HttpResponse, fault: Fault | None = None) -> DeliveredAnswer:
    parts = {field.name: getattr(answer, field.name) for field in fields(HttpResponse)}
    return (
        DeliveredAnswer(**parts)
        if fault is None
        else DeliveredAnswer(**parts, delivery=fault.delivery, interval=fault.interval)
    )
