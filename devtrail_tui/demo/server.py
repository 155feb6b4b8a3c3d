"""The demo's server: GitHub and Claude on one port of 127.0.0.1.

GitHub's REST API is at the root of `DemoServer.url`, GraphQL at `/graphql`, Claude at `/v1/messages` and `/v1/models`.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType

from devtrail_tui.demo.answers import HttpResponse, claude_error, github_error
from devtrail_tui.demo.claude import ClaudeService
from devtrail_tui.demo.github_graphql import GraphqlService
from devtrail_tui.demo.github_rest import RestService, not_found
from devtrail_tui.demo.http1 import HttpConnection, Request
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.rate_limits import RateLimits
from devtrail_tui.demo.world import World

GITHUB_TOKEN = "demo-github-token"  # noqa: S105 - valid for this server only
CLAUDE_KEY = "demo-claude-key"
HOST = "127.0.0.1"

Intercept = Callable[[Request], Awaitable[HttpResponse | None]]
"""Awaited before a request is answered; a response it returns replaces the real one."""


class DemoServer:
    """Serves a world in its own thread while the `with` block runs.

    `github_tokens` and `claude_keys` are the accepted credentials; `scopes` are the token's. An exception in the server is raised
    when it is closed.
    """

    connection_type = HttpConnection

    def __init__(self, world: World, *, latency: Latency | None = None, intercept: Intercept | None = None) -> None:
        self.world = world
        self.latency = latency or Latency()
        self.intercept = intercept
        self.github_tokens = {GITHUB_TOKEN}
        self.claude_keys = {CLAUDE_KEY}
        self.scopes: str | None = "read:org, repo"
        self.limits = RateLimits()
        self._graphql = GraphqlService(world, self.limits.graphql)
        self._rest = RestService(world, self.limits)
        self._claude = ClaudeService(world)
        self._rng = random.Random(7)  # noqa: S311 - jitter, not a secret
        self._port = 0
        self._answer_count = 0
        self._failures: list[Exception] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """GitHub's API root and Claude's base URL, such as `http://127.0.0.1:50123`."""
        if not self._port:
            raise RuntimeError("The demo server is not running: use it in a with statement.")
        return f"http://{HOST}:{self._port}"

    def __enter__(self) -> DemoServer:
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="demo-server", daemon=True)
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()
        self._raise_failure(error)

    def _run(self, started: Future[None]) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._stopping = asyncio.Event()
            try:
                await self._listen()
            except OSError as error:
                started.set_exception(error)
                return
            started.set_result(None)
            await self._stopping.wait()
            await self._close()

        asyncio.run(main())

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, HOST, 0)
        self._port = int(self._listener.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._port = 0

    def _raise_failure(self, error: BaseException | None) -> None:
        if self._failures and error is None:
            raise RuntimeError("The demo server failed while answering.") from self._failures[0]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.connection_type(reader, writer, self._handle).serve()
        except Exception as error:  # noqa: BLE001 - raised when the server is closed
            self._failures.append(error)

    async def _handle(self, request: Request) -> HttpResponse:
        answer = await self.respond(request)
        return answer.with_missing(self._usual_headers(request))

    async def respond(self, request: Request) -> HttpResponse:
        """The response of `intercept`, otherwise the real one, after the service's latency."""
        await self.pause(request)
        replacement = None if self.intercept is None else await self.intercept(request)
        return self.answer(request) if replacement is None else replacement

    async def pause(self, request: Request) -> None:
        """Wait for the latency of the request's service."""
        delay = self.latency.seconds(request.service, self._rng)
        if delay:
            await asyncio.sleep(delay)

    def answer(self, request: Request) -> HttpResponse:
        """The service's own response."""
        if request.service == "claude":
            return self._answer_claude(request)
        if request.credential not in self.github_tokens:
            return github_error(401, "Bad credentials" if request.credential else "Requires authentication")
        if request.path == "/graphql" and request.method == "POST":
            return self._graphql.answer(request.json)
        return self._rest.answer(request.path, self.url) if request.method == "GET" else not_found()

    def _answer_claude(self, request: Request) -> HttpResponse:
        if request.credential not in self.claude_keys:
            return claude_error(401, "authentication_error", "invalid x-api-key")
        if request.path.startswith("/v1/models"):
            return self._claude.models(request.path)
        if request.path == "/v1/messages/count_tokens":
            return self._claude.count(request.json)
        return self._claude.message(request.json)

    def _usual_headers(self, request: Request) -> list[tuple[str, str]]:
        self._answer_count += 1
        if request.service == "claude":
            return [("request-id", f"req_demo{self._answer_count:08d}"), ("anthropic-organization-id", "demo")]
        bucket = self.limits.graphql if request.path == "/graphql" else self.limits.core
        headers = [("x-github-request-id", f"DEMO:{self._answer_count:08X}"), ("server", "github.com")]
        headers += bucket.headers()
        if self.scopes is not None and request.credential in self.github_tokens:
            headers.append(("x-oauth-scopes", self.scopes))
        return headers
