"""HTTP responses of the demo's server, with the error messages of GitHub and Claude."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

GITHUB_DOCS = "https://docs.github.com/rest"
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP response. Header names are lower case."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON_TYPE),)

    def with_missing(self, headers: list[tuple[str, str]]) -> HttpResponse:
        """The response with these headers added where missing."""
        present = {name for name, _ in self.headers}
        return replace(self, headers=self.headers + tuple(item for item in headers if item[0] not in present))


def json_answer(status: int, data: Any, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    body = json.dumps(data, ensure_ascii=True).encode()
    return HttpResponse(status, body, (("content-type", JSON_TYPE), *headers))


def github_error(status: int, message: str, *, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    """GitHub's `basic-error`."""
    data = {"message": message, "documentation_url": GITHUB_DOCS, "status": str(status)}
    return json_answer(status, data, headers)


def secondary_limit(retry_after_s: int | None, status: int = 403) -> HttpResponse:
    """GitHub's limit on bursts: 403 or 429, with or without the header that names the wait in seconds."""
    message = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out "
        "to GitHub Support for help, please include the request ID DEMO."
    )
    headers = () if retry_after_s is None else (("retry-after", str(retry_after_s)),)
    return github_error(status, message, headers=headers)


def claude_error(status: int, kind: str, message: str, *, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    """Claude's error body; `kind` is its error type, such as `rate_limit_error`."""
    data = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_demo_error"}
    return json_answer(status, data, headers)
