"""Faults a test can order: what the real services do on a bad day.

`server.faults.next("search", Fault.html(502), times=2)` spoils the next two searches. A fault either replaces the answer,
or leaves it and changes how it is delivered.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from devtrail_tui.demo.answers import Answer, claude_error, github_error, json_answer, secondary_limit
from devtrail_tui.demo.rate_limits import RateLimits
from tests.doubles.connection import Delivery
from tests.doubles.recorder import Recorded

Match = str | Callable[[Recorded], bool]
"""A route's name, or a test of the request."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an answer may depend on."""

    request: Recorded
    limits: RateLimits
    now: float


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


@dataclass(frozen=True)
class Fault:
    """One misbehaviour. Without `answer` the real answer is made, `change`d if asked, and delivered as `delivery` says.

    `drip` sends a byte every `interval` seconds, `cut` breaks the connection in the middle, `close` before the answer.
    """

    name: str
    answer: Callable[[Scene], Answer] | None = None
    change: Callable[[Answer], Answer] | None = None
    delivery: Delivery = "whole"
    interval: float = 0.05
    gate: Gate | None = None

    # --- either service ---

    @classmethod
    def fixed(cls, name: str, answer: Answer) -> Fault:
        """Always this answer."""
        return cls(name, answer=lambda _scene: answer)

    @classmethod
    def status(cls, status: int, data: Any, **headers: str) -> Fault:
        """Any status with any JSON; header names are written with underscores."""
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls.fixed(f"status {status}", json_answer(status, data, pairs))

    @classmethod
    def html(cls, status: int = 200, title: str = "Sign in to the network") -> Fault:
        """A page instead of JSON: a captive portal at 200, a broken proxy at 502."""
        return cls.fixed(f"html {status}", html_answer(status, title))

    @classmethod
    def bad_gateway(cls, status: int = 502) -> Fault:
        """The HTML page of a proxy that gave up waiting: 502 or 504."""
        return cls.html(status, f"{status} {'Bad Gateway' if status == 502 else 'Gateway Time-out'}")

    @classmethod
    def truncated_json(cls) -> Fault:
        """A whole HTTP answer whose JSON stops in the middle."""
        return cls("truncated JSON", change=lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]))

    @classmethod
    def drip(cls, interval: float = 0.05) -> Fault:
        """The real answer, one byte every `interval` seconds."""
        return cls("drip", delivery="drip", interval=interval)

    @classmethod
    def close(cls) -> Fault:
        """The connection closes without an answer."""
        return cls("close", delivery="close")

    @classmethod
    def cut(cls) -> Fault:
        """The connection closes in the middle of the body."""
        return cls("cut", delivery="cut")

    @classmethod
    def hang(cls, gate: Gate) -> Fault:
        """No answer until the gate is released; then the real one."""
        return cls("hang", gate=gate)

    # --- GitHub ---

    @classmethod
    def unauthorized(cls) -> Fault:
        return cls.fixed("unauthorized", github_error(401, "Bad credentials"))

    @classmethod
    def forbidden(cls, message: str = "Resource not accessible by personal access token") -> Fault:
        """403 for want of a permission: waiting does not mend it."""
        return cls.fixed("forbidden", github_error(403, message))

    @classmethod
    def sso(cls, organization: str = "acme") -> Fault:
        """403 until the token is authorised for the organisation's single sign-on."""
        message = (
            "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to "
            "this organization."
        )
        url = f"https://github.example/orgs/{organization}/sso?authorization_request=demo"
        return cls.fixed("sso", github_error(403, message, headers=(("x-github-sso", f"required; url={url}"),)))

    @classmethod
    def secondary_limit(cls, retry_after: int | None = 3, status: int = 403) -> Fault:
        """GitHub's limit on bursts: 403 or 429, with or without `retry-after` seconds."""
        return cls.fixed("secondary limit", secondary_limit(retry_after, status))

    @classmethod
    def primary_limit(cls, reset_in: int = 2, status: int = 403) -> Fault:
        """The hour's limit is spent until `reset_in` seconds from now; REST's way to say so."""

        def answer(scene: Scene) -> Answer:
            return github_error(status, "API rate limit exceeded for user ID 1.", headers=_spent(scene, reset_in))

        return cls("primary limit", answer=answer)

    @classmethod
    def graphql_limit(cls, reset_in: int | None = 2, retry_after: int | None = None) -> Fault:
        """The points are spent; GraphQL's way to say so: status 200 and `errors` of type RATE_LIMITED."""
        data = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}

        def answer(scene: Scene) -> Answer:
            headers = () if reset_in is None else _spent(scene, reset_in)
            if retry_after is not None:
                headers = (*headers, ("retry-after", str(retry_after)))
            return json_answer(200, data, headers)

        return cls("graphql limit", answer=answer)

    @classmethod
    def graphql_error(cls, message: str = "Something went wrong while executing your query.", kind: str = "") -> Fault:
        """Status 200 with `data: null` and one error, as when GitHub ran out of time inside."""
        error = {"message": message, **({"type": kind} if kind else {})}
        return cls.fixed("graphql error", json_answer(200, {"data": None, "errors": [error]}))

    @classmethod
    def null_nodes(cls, count: int = 1) -> Fault:
        """Partial data: the first `count` nodes of the answer are null, and errors say so."""
        return cls(f"{count} null nodes", change=lambda answer: _without_nodes(answer, count))

    # --- Claude ---

    @classmethod
    def claude_unauthorized(cls) -> Fault:
        return cls.fixed("claude 401", claude_error(401, "authentication_error", "invalid x-api-key"))

    @classmethod
    def claude_limit(cls, retry_after: int | None = 1) -> Fault:
        headers = () if retry_after is None else (("retry-after", str(retry_after)),)
        message = "This request would exceed your organization's rate limit of 50 requests per minute."
        return cls.fixed("claude 429", claude_error(429, "rate_limit_error", message, headers=headers))

    @classmethod
    def claude_overloaded(cls) -> Fault:
        return cls.fixed("claude 529", claude_error(529, "overloaded_error", "Overloaded"))

    @classmethod
    def claude_error(cls, status: int = 500, kind: str = "api_error", message: str = "Internal server error") -> Fault:
        return cls.fixed(f"claude {status}", claude_error(status, kind, message))

    @classmethod
    def claude_refusal(cls) -> Fault:
        """A whole, paid answer with `stop_reason: refusal` and no content."""
        details = {"type": "refusal", "category": None, "explanation": None}
        return cls("refusal", change=lambda answer: _reworded(answer, "refusal", None, stop_details=details))

    @classmethod
    def claude_max_tokens(cls) -> Fault:
        """The answer stops in the middle of its JSON, with `stop_reason: max_tokens`."""
        return cls(
            "max tokens", change=lambda answer: _reworded(answer, "max_tokens", lambda text: text[: len(text) // 2])
        )

    @classmethod
    def claude_says(cls, text: str) -> Fault:
        """Any text as the answer: not JSON, JSON of another shape, numbers out of range."""
        return cls("says", change=lambda answer: _reworded(answer, "end_turn", lambda _: text))


def html_answer(status: int, title: str) -> Answer:
    body = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return Answer(status, body.encode(), (("content-type", "text/html; charset=utf-8"),))


def _spent(scene: Scene, reset_in: int) -> tuple[tuple[str, str], ...]:
    bucket = scene.limits.graphql if "graphql" in scene.request.routes else scene.limits.core
    return (
        ("x-ratelimit-limit", str(bucket.limit)),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-used", str(bucket.limit)),
        ("x-ratelimit-reset", str(int(scene.now) + reset_in)),
        ("x-ratelimit-resource", bucket.resource),
    )


def _without_nodes(answer: Answer, count: int) -> Answer:
    data = json.loads(answer.body)
    errors = list(data.get("errors", []))
    for path, nodes in _node_lists(data.get("data") or {}):
        for place in range(min(count, len(nodes))):
            nodes[place] = None
            errors.append({"message": "Something went wrong while executing your query.", "path": [*path, place]})
        break
    return replace(answer, body=json_answer(200, {**data, "errors": errors}).body)


def _node_lists(data: dict[str, Any]) -> Sequence[tuple[list[str], list[Any]]]:
    found: list[tuple[list[str], list[Any]]] = []
    for name, value in data.items():
        if isinstance(value, list):
            found.append(([name], value))
        elif isinstance(value, dict) and isinstance(value.get("nodes"), list):
            found.append(([name, "nodes"], value["nodes"]))
    return found


def _reworded(answer: Answer, stop_reason: str, text: Callable[[str], str] | None, **more: Any) -> Answer:
    if answer.status != 200:
        return answer
    data = json.loads(answer.body)
    content = [] if text is None else [_said(block, text) for block in data["content"]]
    return replace(answer, body=json_answer(200, {**data, "content": content, "stop_reason": stop_reason, **more}).body)


def _said(block: dict[str, Any], text: Callable[[str], str]) -> dict[str, Any]:
    return {**block, "text": text(block["text"])} if block["type"] == "text" else block


@dataclass(eq=False)
class _Order:
    match: Match
    fault: Fault
    times: int | None
    skip: int


class Faults:
    """The orders that are open. Orders are tried in the order they were given; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._gates: list[Gate] = []

    def next(self, match: Match, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Spoil the next `times` matching requests, once `after` matching ones have passed untouched."""
        self._add(_Order(match, fault, times, after))

    def always(self, match: Match, fault: Fault) -> None:
        """Spoil every matching request until `clear`."""
        self._add(_Order(match, fault, None, 0))

    def hang(self, match: Match, *, times: int = 1, after: int = 0) -> Gate:
        """Hold the next `times` matching requests at the gate that is returned."""
        gate = Gate()
        with self._lock:
            self._gates.append(gate)
        self.next(match, Fault.hang(gate), times=times, after=after)
        return gate

    def too_heavy(self, most_ids: int, status: int = 502) -> None:
        """Answer 502 (or 504) to every hydration of more than `most_ids` pull requests at once."""
        self.always(lambda request: _ids(request) > most_ids, Fault.bad_gateway(status))

    def clear(self) -> None:
        """Forget every order and let through whoever waits at a gate."""
        with self._lock:
            self._orders.clear()
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.release()

    def take(self, request: Recorded) -> Fault | None:
        """The server's side: the fault for this request, counted as used."""
        with self._lock:
            for order in self._orders:
                if not _matches(order.match, request):
                    continue
                if order.skip:
                    order.skip -= 1
                    continue
                if order.times is not None:
                    order.times -= 1
                    if order.times == 0:
                        self._orders.remove(order)
                return order.fault
        return None

    def _add(self, order: _Order) -> None:
        if order.times is not None and order.times < 1:
            raise ValueError("A fault happens at least once.")
        with self._lock:
            self._orders.append(order)


def _matches(match: Match, request: Recorded) -> bool:
    return match in request.routes if isinstance(match, str) else match(request)


def _ids(request: Recorded) -> int:
    return max((len(value) for value in request.variables.values() if isinstance(value, list)), default=0)
