"""What the server sends back, and the sentences GitHub and Claude use for their errors."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

GITHUB_DOCS = "https://docs.github.com/rest"
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. Header names are lower case."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON_TYPE),)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def with_missing(self, headers: list[tuple[str, str]]) -> Answer:
        """The same with those headers added that it does not have yet."""
        present = {name for name, _ in self.headers}
        return replace(self, headers=self.headers + tuple(item for item in headers if item[0] not in present))

    def data(self) -> Any:
        return json.loads(self.body)


def json_answer(status: int, data: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    body = json.dumps(data, ensure_ascii=True).encode()
    return Answer(status, body, (("content-type", JSON_TYPE), *headers))


def html_answer(status: int, title: str) -> Answer:
    body = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return Answer(status, body.encode(), (("content-type", "text/html; charset=utf-8"),))


def github_error(
    status: int, message: str, *, headers: tuple[tuple[str, str], ...] = (), docs: str = GITHUB_DOCS
) -> Answer:
    """GitHub's `basic-error`."""
    data = {"message": message, "documentation_url": docs, "status": str(status)}
    return json_answer(status, data, headers)


def claude_error(status: int, kind: str, message: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Claude's error body; `kind` is its error type, such as `rate_limit_error`."""
    data = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_demo_error"}
    return json_answer(status, data, headers)
