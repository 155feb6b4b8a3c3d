"""The demo's server: a GitHub and a Claude behind one loopback port.

`with DemoServer(world) as server:` runs it in a thread of its own, `async with` inside the running loop. GitHub's REST API
answers under `server.url` (and, as Enterprise has it, under `/api/v3`), GraphQL under `/graphql` (`/api/graphql`), Claude
under `/v1/messages` and `/v1/models`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import random
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from devtrail_tui.core.errors import UsageError
from devtrail_tui.demo.answers import Answer, claude_error, github_error
from devtrail_tui.demo.faults import Faults, Scene
from devtrail_tui.demo.github_rest import API_VERSIONS, RestService, not_found
from devtrail_tui.demo.http1 import Connection, Parcel, Request
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.rate_limits import RateLimits
from devtrail_tui.demo.recorder import SECRET_HEADERS, Recorded, Recorder, hide_secret
from devtrail_tui.demo.world import World

if TYPE_CHECKING:
    from devtrail_tui.demo.claude import ClaudeService
    from devtrail_tui.demo.github_graphql import GraphqlRequest, GraphqlService

GITHUB_TOKEN = "demo-github-token"  # noqa: S105 - opens nothing but this server
CLAUDE_KEY = "demo-claude-key"
SCOPES = "read:org, repo"


class NotLoopback(UsageError, ValueError):
    """The demo serves this machine only."""


def require_loopback(host: str) -> str:
    """The host, if it is a loopback address; raises NotLoopback otherwise."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise NotLoopback(f"The demo server listens on this machine only, not on {host!r}: use 127.0.0.1.")
    return host


class DemoServer:
    """Serves a world until it is closed.

    `clock` gives seconds since the epoch. `github_tokens` and `claude_keys` are the credentials that are accepted; change
    them while it runs to try a revoked one. What went wrong inside the server is raised when it is closed.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        latency: Latency | None = None,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        github_tokens: Collection[str] = (GITHUB_TOKEN,),
        claude_keys: Collection[str] = (CLAUDE_KEY,),
        scopes: str | None = SCOPES,
    ) -> None:
        self._host = require_loopback(host)
        self._given_world = world
        self.latency = latency or Latency()
        self.github_tokens = set(github_tokens)
        self.claude_keys = set(claude_keys)
        self.scopes = scopes
        self.faults = Faults()
        self.recorder = Recorder()
        self.limits = RateLimits(clock)
        self._clock = clock
        self._rng = rng or random.Random(7)  # noqa: S311 - jitter, not a secret
        self._port = 0
        self._sent = 0
        self._failures: list[Exception] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None
        self._graphql: GraphqlService
        self._claude: ClaudeService
        self._rest: RestService
        self.world: World

    # --- for people and tests ---

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:50123`."""
        if not self._port:
            raise RuntimeError("The demo server is not running: use it in a with statement.")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def github_url(self) -> str:
        """GitHub's API root."""
        return self.url

    @property
    def claude_url(self) -> str:
        """Claude's base URL."""
        return self.url

    @property
    def requests(self) -> list[Recorded]:
        """Everything that was asked so far, in order of arrival."""
        return self.recorder.requests

    def count(self, route: str) -> int:
        """How many requests of a route arrived: user, rate_limit, repo, graphql, search, hydrate, viewer, messages, models."""
        return self.recorder.count(route)

    # --- life ---

    def __enter__(self) -> DemoServer:
        started: Future[None] = Future()
        self._prepare()
        self._thread = threading.Thread(target=self._run, args=(started,), name="demo-server", daemon=True)
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()
        self._raise_failure(error)

    async def __aenter__(self) -> DemoServer:
        await asyncio.to_thread(self._prepare)
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self._close()
        self._raise_failure(error)

    def _prepare(self) -> None:
        """Build the data, and import graphql-core, only now: importing the package stays cheap."""
        from devtrail_tui.demo.claude import ClaudeService
        from devtrail_tui.demo.github_graphql import GraphqlService

        if self._given_world is None:
            from devtrail_tui.demo.dataset import build_world

            self._given_world = build_world()
        self.world = self._given_world
        self._graphql = GraphqlService(self.world, self.limits.graphql)
        self._rest = RestService(self.world, self.limits)
        self._claude = ClaudeService(self.world)

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
        self._listener = await asyncio.start_server(self._accept, self._host, 0)
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
            await Connection(reader, writer, self._handle).serve()
        except Exception as error:  # noqa: BLE001 - kept, and raised when the server is closed
            self._failures.append(error)

    # --- one request ---

    async def _handle(self, request: Request) -> Parcel:
        recorded, question = self._read(request)
        self.recorder.begin(recorded)
        try:
            parcel = await self._respond(recorded, question)
            recorded.status = None if parcel.delivery == "close" else parcel.answer.status
        except asyncio.CancelledError:
            recorded.abandoned = True
            raise
        finally:
            self.recorder.end(recorded)
        return parcel

    async def _respond(self, recorded: Recorded, question: GraphqlRequest | None) -> Parcel:
        fault = self.faults.take(recorded)
        recorded.fault = fault.name if fault is not None else None
        delay = self.latency.seconds(recorded.service, self._rng)
        if delay:
            await asyncio.sleep(delay)
        if fault is not None and fault.gate is not None:
            await fault.gate.hold()
        if fault is not None and fault.answer is not None:
            answer = fault.answer(Scene(recorded, self.limits, self._clock()))
        else:
            answer = self._answer(recorded, question)
        if fault is not None and fault.change is not None:
            answer = fault.change(answer)
        answer = answer.with_missing(self._usual_headers(recorded))
        return Parcel(answer) if fault is None else Parcel(answer, fault.delivery, fault.interval)

    def _read(self, request: Request) -> tuple[Recorded, GraphqlRequest | None]:
        """Record a request: which routes it belongs to, without the credentials it carries."""
        split = urlsplit(request.target)
        headers = {
            name: hide_secret(value) if name in SECRET_HEADERS else value for name, value in request.headers.items()
        }
        recorded = Recorded(request.method, split.path, split.query, headers, request.body)
        recorded.credential = _credential(request.headers)
        recorded.json = _json(request.body)
        routes = set(_routes(_plain_path(split.path)))
        question = self._question(recorded) if "graphql" in routes else None
        if question is not None:
            recorded.document, recorded.operation_name = question.document, question.operation_name
            recorded.variables = question.variables
            routes |= self._graphql.routes(question)
        recorded.routes = frozenset(routes)
        return recorded, question

    def _question(self, recorded: Recorded) -> GraphqlRequest | None:
        from devtrail_tui.demo.github_graphql import GraphqlRequest

        data = recorded.json
        if not isinstance(data, dict) or not isinstance(data.get("query"), str):
            return None
        variables = data.get("variables")
        return GraphqlRequest(
            data["query"], data.get("operationName"), variables if isinstance(variables, dict) else {}
        )

    def _answer(self, recorded: Recorded, question: GraphqlRequest | None) -> Answer:
        if recorded.service == "claude":
            return self._answer_claude(recorded)
        refused = self._refuse_github(recorded)
        if refused is not None:
            return refused
        if "graphql" in recorded.routes:
            if recorded.method != "POST":
                return not_found()
            if question is None:
                return github_error(400, "Problems parsing JSON")
            return self._graphql.answer(question)
        if recorded.method != "GET":
            return not_found()
        version = recorded.headers.get("x-github-api-version", "")
        prefix = "/api/v3" if recorded.path.startswith("/api/v3") else ""
        return self._rest.answer(_plain_path(recorded.path), self.url + prefix, version)

    def _refuse_github(self, recorded: Recorded) -> Answer | None:
        if not recorded.headers.get("user-agent"):
            return github_error(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent."
            )
        version = recorded.headers.get("x-github-api-version")
        if version is not None and version not in API_VERSIONS:
            return github_error(400, f"The API version {version!r} is not supported.")
        if not recorded.credential:
            return github_error(401, "Requires authentication")
        if recorded.credential not in self.github_tokens:
            return github_error(401, "Bad credentials")
        return None

    def _answer_claude(self, recorded: Recorded) -> Answer:
        if recorded.credential not in self.claude_keys:
            return claude_error(401, "authentication_error", "invalid x-api-key")
        if "anthropic-version" not in recorded.headers:
            return claude_error(400, "invalid_request_error", "anthropic-version: header is required")
        if "models" in recorded.routes:
            return self._claude.models(recorded.path)
        if recorded.method != "POST":
            return claude_error(405, "invalid_request_error", "Method Not Allowed")
        return self._claude.message(recorded.json)

    def _usual_headers(self, recorded: Recorded) -> list[tuple[str, str]]:
        self._sent += 1
        if recorded.service == "claude":
            return [("request-id", f"req_demo{self._sent:08d}"), ("anthropic-organization-id", "demo")]
        bucket = self.limits.graphql if "graphql" in recorded.routes else self.limits.core
        headers = [("x-github-request-id", f"DEMO:{self._sent:08X}"), ("server", "github.com"), *bucket.headers()]
        if self.scopes is not None and recorded.credential in self.github_tokens:
            headers.append(("x-oauth-scopes", self.scopes))
        return headers


def _plain_path(path: str) -> str:
    """The path without the prefix that Enterprise puts before it."""
    if path == "/api/graphql":
        return "/graphql"
    return path.removeprefix("/api/v3") or "/"


def _routes(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    if parts[:2] == ["v1", "messages"]:
        return ["messages"]
    if parts[:2] == ["v1", "models"]:
        return ["models"]
    if parts[:1] in (["repos"], ["repositories"]):
        return ["repo", "rest"]
    if parts == ["graphql"]:
        return ["graphql"]
    return [parts[0], "rest"] if parts in (["user"], ["rate_limit"]) else ["rest"]


def _credential(headers: dict[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "token") and value:
        return value.strip()
    return headers.get("x-api-key", "")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
