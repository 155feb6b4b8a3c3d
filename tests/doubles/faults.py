"""Faults that either service may have: broken answers, and broken ways to deliver them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from devtrail_tui.demo.answers import HttpResponse, json_answer
from devtrail_tui.demo.rate_limits import RateLimits
from tests.doubles.connection import Delivery
from tests.doubles.gate import Gate
from tests.doubles.recorder import Recorded


@dataclass(frozen=True, slots=True)
class Scene:
    """What an answer may depend on."""

    request: Recorded
    limits: RateLimits
    now: float


@dataclass(frozen=True)
class Fault:
    """One misbehaviour. Without `answer` the real answer is made, `change`d if asked, and delivered as `delivery` says.

    `drip` sends a byte every `interval` seconds, `cut` breaks the connection in the middle, `close` before the answer.
    """

    name: str
    answer: Callable[[Scene], HttpResponse] | None = None
    change: Callable[[HttpResponse], HttpResponse] | None = None
    delivery: Delivery = "whole"
    interval: float = 0.05
    gate: Gate | None = None

    @classmethod
    def fixed(cls, name: str, answer: HttpResponse) -> Fault:
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


def html_answer(status: int, title: str) -> HttpResponse:
    body = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return HttpResponse(status, body.encode(), (("content-type", "text/html; charset=utf-8"),))
