"""What Claude does on a bad day."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from devtrail_tui.demo.answers import HttpResponse, claude_error, json_answer
from tests.doubles.faults import Fault


class ClaudeFault(Fault):
    """Refusals and limits as Claude words them, and paid answers that are of no use."""

    @classmethod
    def unauthorized(cls) -> Fault:
        return cls.fixed("claude 401", claude_error(401, "authentication_error", "invalid x-api-key"))

    @classmethod
    def limit(cls, retry_after: int | None = 1) -> Fault:
        headers = () if retry_after is None else (("retry-after", str(retry_after)),)
        message = "This request would exceed your organization's rate limit of 50 requests per minute."
        return cls.fixed("claude 429", claude_error(429, "rate_limit_error", message, headers=headers))

    @classmethod
    def overloaded(cls) -> Fault:
        return cls.fixed("claude 529", claude_error(529, "overloaded_error", "Overloaded"))

    @classmethod
    def error(cls, status: int = 500, kind: str = "api_error", message: str = "Internal server error") -> Fault:
        return cls.fixed(f"claude {status}", claude_error(status, kind, message))

    @classmethod
    def refusal(cls, category: str | None = None) -> Fault:
        """A whole, paid answer with `stop_reason: refusal` and no content."""
        details = {"type": "refusal", "category": category, "explanation": None}
        return cls("refusal", change=lambda answer: _reworded(answer, "refusal", None, stop_details=details))

    @classmethod
    def max_tokens(cls) -> Fault:
        """The answer stops in the middle of its JSON, with `stop_reason: max_tokens`."""
        return cls(
            "max tokens", change=lambda answer: _reworded(answer, "max_tokens", lambda text: text[: len(text) // 2])
        )

    @classmethod
    def says(cls, text: str) -> Fault:
        """Any text as the answer: not JSON, JSON of another shape, numbers out of range."""
        return cls("says", change=lambda answer: _reworded(answer, "end_turn", lambda _: text))


def _reworded(answer: HttpResponse, stop_reason: str, text: Callable[[str], str] | None, **more: Any) -> HttpResponse:
    if answer.status != 200:
        return answer
    data = json.loads(answer.body)
    content = [] if text is None else [_said(block, text) for block in data["content"]]
    return replace(answer, body=json_answer(200, {**data, "content": content, "stop_reason": stop_reason, **more}).body)


def _said(block: dict[str, Any], text: Callable[[str], str]) -> dict[str, Any]:
    return {**block, "text": text(block["text"])} if block["type"] == "text" else block
