"""Keeps what was asked of the server, so that a test can count requests, look into them and wait for them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError, get_operation_ast, parse

from devtrail_tui.demo.http1 import Request

SECRET_HEADERS = frozenset({"authorization", "x-api-key", "cookie", "proxy-authorization"})


def hide_secret(value: str) -> str:
    """A header value fit to keep: its scheme and a short hash, enough to tell two secrets apart."""
    scheme, _, rest = value.rpartition(" ")
    digest = hashlib.sha256(rest.encode()).hexdigest()[:12]
    return f"{scheme} sha256:{digest}".strip()


@dataclass(eq=False)
class Recorded:
    """One request and how it ended.

    `routes` names every kind the request belongs to, for instance {"graphql", "search"}. `status` stays None while it is
    unanswered, or when the client went away first (`abandoned`). `headers` have lower-case names and no secret values;
    `credential` is kept to compare and never printed.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    routes: frozenset[str] = frozenset()
    json: Any = None
    document: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    fault: str | None = None
    abandoned: bool = False
    credential: str = field(default="", repr=False)

    @property
    def service(self) -> str:
        """ "claude" or "github"."""
        return "claude" if self.routes & {"messages", "models", "count_tokens"} else "github"


def recorded_request(request: Request) -> Recorded:
    """What to record of a request: the routes it belongs to, and no secret in its headers."""
    split = urlsplit(request.target)
    headers = {name: hide_secret(value) if name in SECRET_HEADERS else value for name, value in request.headers.items()}
    recorded = Recorded(request.method, split.path, split.query, headers, request.body, json=request.json)
    recorded.credential = request.credential
    routes = _path_routes(split.path)
    if "graphql" in routes and isinstance(request.json, dict) and isinstance(request.json.get("query"), str):
        recorded.document, recorded.operation_name = request.json["query"], request.json.get("operationName")
        variables = request.json.get("variables")
        recorded.variables = variables if isinstance(variables, dict) else {}
        routes |= _document_routes(recorded.document, recorded.operation_name)
    recorded.routes = frozenset(routes)
    return recorded


def _path_routes(path: str) -> set[str]:
    if path == "/v1/messages/count_tokens":
        return {"count_tokens"}
    if path.startswith(("/v1/messages", "/v1/models")):
        return {path.split("/")[2]}
    if path == "/graphql":
        return {"graphql"}
    return {path.strip("/"), "rest"} if path in ("/user", "/rate_limit") else {"rest"}


def _document_routes(document: str, operation_name: str | None) -> set[str]:
    """Which kinds of question a document asks: `search`, `hydrate` (by ids), `repo`."""
    try:
        operation = get_operation_ast(parse(document), operation_name)
    except GraphQLError:
        return set()
    if operation is None:
        return set()
    kinds = {"search": "search", "nodes": "hydrate", "node": "hydrate", "repository": "repo"}
    names = {getattr(getattr(item, "name", None), "value", "") for item in operation.selection_set.selections}
    return {kinds[name] for name in names if name in kinds}


@dataclass(eq=False)
class _Waiter:
    counts: dict[str, int]
    route: str
    count: int
    future: Future[None]

    @property
    def due(self) -> bool:
        return self.counts.get(self.route, 0) >= self.count


class Recorder:
    """The requests in the order they arrived. Safe to read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Recorded] = []
        self._counts: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._in_flight: dict[str, int] = {}
        self._peaks: dict[str, int] = {}
        self._waiters: list[_Waiter] = []

    @property
    def requests(self) -> list[Recorded]:
        with self._lock:
            return list(self._requests)

    def count(self, route: str) -> int:
        """How many requests of this route arrived so far."""
        with self._lock:
            return self._counts.get(route, 0)

    def peak(self, route: str) -> int:
        """The most requests of this route that were being answered at once."""
        with self._lock:
            return self._peaks.get(route, 0)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()
            self._counts.clear()
            self._ended.clear()
            self._peaks.clear()

    def begin(self, request: Recorded) -> None:
        with self._lock:
            self._requests.append(request)
            for route in request.routes:
                self._counts[route] = self._counts.get(route, 0) + 1
                self._in_flight[route] = self._in_flight.get(route, 0) + 1
                self._peaks[route] = max(self._peaks.get(route, 0), self._in_flight[route])
        self._wake()

    def end(self, request: Recorded) -> None:
        with self._lock:
            for route in request.routes:
                self._in_flight[route] -= 1
                self._ended[route] = self._ended.get(route, 0) + 1
        self._wake()

    def wait(self, route: str, count: int = 1, timeout: float = 10.0, *, ended: bool = False) -> None:
        """Block until `count` requests of the route have arrived; TimeoutError after `timeout` seconds.

        With `ended`: until so many have been answered, or given up by their client.
        """
        self._future(route, count, ended=ended).result(timeout)

    async def until(self, route: str, count: int = 1, timeout: float = 10.0, *, ended: bool = False) -> None:  # noqa: ASYNC109 - mirrors wait()
        """The same for async code."""
        async with asyncio.timeout(timeout):
            await asyncio.wrap_future(self._future(route, count, ended=ended))

    def _future(self, route: str, count: int, *, ended: bool) -> Future[None]:
        waiter = _Waiter(self._ended if ended else self._counts, route, count, Future())
        with self._lock:
            self._waiters.append(waiter)
        self._wake()
        return waiter.future

    def _wake(self) -> None:
        with self._lock:
            due = [waiter for waiter in self._waiters if waiter.due]
            self._waiters = [waiter for waiter in self._waiters if waiter not in due]
        for waiter in due:
            _resolve(waiter.future)


def _resolve(future: Future[None]) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(None)
