"""Classifies GitHub's answers: limit, refusal, server error, or data.

Limits by GitHub's documentation: `retry-after`; otherwise `x-ratelimit-remaining: 0` and its reset; otherwise unknown. REST
reports a limit with 403 or 429, GraphQL with 200 and `errors`. Any other 403 is a missing permission.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from devtrail_tui.clients.github.failures import Limited, RequestRefused, TooHeavy, Unreachable
from devtrail_tui.clients.github.limiter import seconds_of_retry_after, seconds_until_reset
from devtrail_tui.clients.github.transport import HttpAnswer
from devtrail_tui.core.errors import AuthenticationError, DevTrailError, ServiceUnavailable
from devtrail_tui.core.text import safe_line

NOT_FOUND = "NOT_FOUND"
FORBIDDEN = "FORBIDDEN"
_LIMITED = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
_HEAVY = frozenset({"MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED", "TIMEOUT"})
_HEAVY_WORDS = re.compile(r"timed? ?out|timeout|resource limits|maximum limit of [\d,]+", re.IGNORECASE)
_TROUBLE_WORDS = re.compile(r"something went wrong while executing", re.IGNORECASE)
_LIMIT_WORDS = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_SECONDARY_WORDS = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)
_TROUBLE = {500: "an internal error", 502: "bad gateway", 504: "gateway time-out"}
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class GraphError:
    """One entry of GraphQL's `errors`. `path` is the path of the field that is null because of it."""

    kind: str
    message: str
    path: tuple[str | int, ...] = ()

    @property
    def heavy(self) -> bool:
        """Whether a smaller request, or a later one, may succeed."""
        return self.too_large or bool(_TROUBLE_WORDS.search(self.message))

    @property
    def too_large(self) -> bool:
        """Whether GitHub says that the request was too large, or took too long."""
        return self.kind in _HEAVY or bool(_HEAVY_WORDS.search(self.message))


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """GraphQL's data with its partial errors."""

    data: Mapping[str, Any]
    errors: Sequence[GraphError] = ()


def decoded(answer: HttpAnswer, host: str) -> Any:
    """The JSON of an answer. Raises ServiceUnavailable for a web page, Unreachable for incomplete JSON."""
    if _is_page(answer):
        raise ServiceUnavailable(
            f"{host} answered with a web page instead of GitHub's data: log in to the network, or check the proxy and "
            "DEVTRAIL_GITHUB_URL."
        )
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Unreachable(f"The answer of {host} is incomplete JSON.") from error


def limited(answer: HttpAnswer, data: Any, now: datetime) -> Limited | None:
    """The limit that this answer reports, if any, with its wait."""
    limit_message = _limit_words(answer, data)
    if limit_message is None or "x-github-sso" in answer.headers:
        return None
    secondary = bool(_SECONDARY_WORDS.search(limit_message))
    seconds = seconds_of_retry_after(answer.headers, now)
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    if seconds is None and spent:
        seconds = seconds_until_reset(answer.headers, now)
    return Limited(seconds, everything=secondary or not spent)


def check(answer: HttpAnswer, data: Any, host: str) -> None:
    """Return for a 2xx; raise the error for any other status."""
    if answer.status < 300:
        return
    raise _failure(answer, data, host)


def graph_answer(data: Any, host: str) -> GraphAnswer:
    """GraphQL's answer. Raises TooHeavy or RequestRefused if there is no data."""
    errors = tuple(_graph_error(error) for error in _errors(data))
    document = data.get("data") if isinstance(data, dict) else None
    if isinstance(document, dict):
        return GraphAnswer(document, errors)
    raise failure_of(errors, host)


def failure_of(errors: Sequence[GraphError], host: str) -> TooHeavy | RequestRefused:
    """The exception for errors without usable data."""
    if not errors:
        return TooHeavy(f"{host} answered without data.")
    worst = next((error for error in errors if not error.heavy), errors[0])
    if worst.heavy:
        return TooHeavy(f"{host} could not finish the request: {worst.message}")
    return RequestRefused(f"{host} refused: {worst.message}", kind=worst.kind)


def _limit_words(answer: HttpAnswer, data: Any) -> str | None:
    """The sentence of an answer about a limit; None for other answers."""
    message = _message(data)
    if answer.status == 429:
        return message
    if answer.status == 403:
        by_header = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
        return message if by_header or _LIMIT_WORDS.search(message) else None
    if answer.status == 200:
        for error in map(_graph_error, _errors(data)):
            if error.kind in _LIMITED or (not error.path and _LIMIT_WORDS.search(error.message)):
                return error.message
    return None


def _failure(answer: HttpAnswer, data: Any, host: str) -> DevTrailError:
    message, status = _message(data), answer.status
    detail = f": {message}" if message else "."
    if status == 401:
        return AuthenticationError(
            f"{host} rejected the GitHub token (401). Create a new one, or see which one is used with devtrail-tui auth status.",
            service="github",
        )
    if status == 403:
        return _forbidden(answer, message, host)
    if status == 404:
        return RequestRefused(
            f"{host} does not have the requested resource (404): check DEVTRAIL_GITHUB_URL.", kind=NOT_FOUND
        )
    if status == 407:
        return RequestRefused(f"The proxy for {host} requires a login: add it to HTTPS_PROXY.")
    if status in _TROUBLE:
        return TooHeavy(f"{host} answered {status}, {_TROUBLE[status]}.")
    if status >= 500:
        return Unreachable(f"{host} is not available now ({status}).")
    return RequestRefused(f"{host} refused the request ({status}){detail}")


def _forbidden(answer: HttpAnswer, words: str, host: str) -> RequestRefused:
    sso = answer.headers.get("x-github-sso", "")
    if sso:
        where = _sso_url(sso)
        at = f" at {where}" if where else " in the token's settings on GitHub (Configure SSO)"
        return RequestRefused(
            f"The token must be authorised for the organisation's single sign-on{at}, then retry.", kind=FORBIDDEN
        )
    return RequestRefused(
        f"{host} refused (403): {words or 'no reason given'}. Add the missing permission to the token, or use another.",
        kind=FORBIDDEN,
    )


def _sso_url(header: str) -> str:
    url_match = re.search(r"url=(\S+)", safe_line(header, limit=2000))
    if url_match is None:
        return ""
    try:
        url = urlsplit(url_match[1].rstrip(";,"))
    except ValueError:
        return ""
    return url.geturl() if url.scheme == "https" and url.hostname and not url.username else ""


def _is_page(answer: HttpAnswer) -> bool:
    return "html" in answer.headers.get("content-type", "").lower() or answer.body.lstrip()[:1] == b"<"


def _message(data: Any) -> str:
    """GitHub's message in an error body, as one sanitised line without a full stop."""
    message = data.get("message") if isinstance(data, dict) else None
    return safe_line(message, limit=_MOST_WORDS).rstrip(".") if isinstance(message, str) else ""


def _errors(data: Any) -> Sequence[Any]:
    errors = data.get("errors") if isinstance(data, dict) else None
    return errors if isinstance(errors, list) else ()


def _graph_error(each: Any) -> GraphError:
    if not isinstance(each, dict):
        return GraphError("", "an error without a message")
    kind = each.get("type") or (each.get("extensions") or {}).get("code") or ""
    path = each.get("path")
    return GraphError(
        safe_line(str(kind), limit=60),
        safe_line(str(each.get("message") or "no reason given"), limit=_MOST_WORDS),
        tuple(step for step in path if isinstance(step, (str, int))) if isinstance(path, list) else (),
    )
