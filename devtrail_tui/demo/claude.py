"""Claude's Messages API and list of models, as far as the program uses them, with answers of `claude_matching`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from devtrail_tui.demo.answers import HttpResponse, claude_error, json_answer
from devtrail_tui.demo.claude_matching import ParsedRequest, answer_for, read_request
from devtrail_tui.demo.world import World

SMALLEST_CACHED_PREFIX = 512

MODELS: Sequence[tuple[str, str, str, str]] = (
    ("claude-opus-5-5", "Claude Opus 5.5", "opus", "2026-08-18T00:00:00Z"),
    ("claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet", "2026-09-22T00:00:00Z"),
    ("claude-haiku-5-5", "Claude Haiku 5.5", "haiku", "2026-10-06T00:00:00Z"),
)


class ClaudeService:
    """The Claude of one account; remembers cached prefixes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cached: set[str] = set()
        self._answered = 0

    def models(self, path: str) -> HttpResponse:
        """`GET /v1/models` and `GET /v1/models/{id}`."""
        name = path.removeprefix("/v1/models").strip("/")
        listed = [model_json(*model) for model in MODELS]
        if not name:
            ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"]}
            return json_answer(200, {"data": listed, "has_more": False, **ends})
        model = next((model for model in listed if model["id"] == name), None)
        return _unknown_model(name) if model is None else json_answer(200, model)

    def message(self, data: Any) -> HttpResponse:
        """`POST /v1/messages`."""
        if data["model"] not in {model[0] for model in MODELS}:
            return _unknown_model(data["model"])
        reading = read_request(data)
        text, stop_reason = answer_for(reading, self._world.oddities)
        self._answered += 1
        return json_answer(200, self._message(data, reading, text, stop_reason))

    def count(self, data: Any) -> HttpResponse:
        """`POST /v1/messages/count_tokens`."""
        return json_answer(200, {"input_tokens": tokens(len("".join(_cacheable(data)))) + 12})

    def _message(self, data: Mapping[str, Any], reading: ParsedRequest, text: str, stop_reason: str) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        thought = _thought(data, reading)
        if thought:
            content.append({"type": "thinking", "thinking": thought, "signature": "ZGVtbw=="})
        if text:
            content.append({"type": "text", "text": text, "citations": None})
        usage = self._usage(data, len(text), len(thought))
        if usage["output_tokens"] > data["max_tokens"]:
            keep = max(0, int(data["max_tokens"]) * 4 - len(thought))
            content[-1]["text"] = text[:keep]
            usage["output_tokens"], stop_reason = data["max_tokens"], "max_tokens"
        details = {"type": "refusal", "category": None, "explanation": None} if stop_reason == "refusal" else None
        return {
            "id": f"msg_demo{self._answered:06d}",
            "type": "message",
            "role": "assistant",
            "model": data["model"],
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "stop_details": details,
            "usage": usage,
        }

    def _usage(self, data: Mapping[str, Any], text_length: int, thought_length: int) -> dict[str, Any]:
        prefix, uncached = _cacheable(data)
        prefix_tokens = tokens(len(prefix))
        read = written = 0
        if prefix_tokens >= SMALLEST_CACHED_PREFIX:
            key = hashlib.sha256((data["model"] + prefix).encode("utf-8", "surrogatepass")).hexdigest()
            read, written = (prefix_tokens, 0) if key in self._cached else (0, prefix_tokens)
            self._cached.add(key)
        else:
            uncached += prefix
        return {
            "input_tokens": tokens(len(uncached)) + 12,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": tokens(text_length + thought_length) + 3,
            "output_tokens_details": {"thinking_tokens": tokens(thought_length)} if thought_length else None,
            "server_tool_use": None,
            "service_tier": "standard",
        }


def _unknown_model(name: str) -> HttpResponse:
    return claude_error(404, "not_found_error", f"model: {name}")


def tokens(characters: int) -> int:
    """About four characters per token."""
    return (characters + 3) // 4


def model_json(name: str, display_name: str, line: str, created_at: str) -> dict[str, Any]:
    """One entry of the list of models."""
    yes, no = {"supported": True}, {"supported": False}
    return {
        "type": "model",
        "id": name,
        "display_name": display_name,
        "line": line,
        "created_at": created_at,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "max_input_tokens": 200_000 if line == "haiku" else 1_000_000,
        "max_tokens": 64_000,
        "capabilities": {
            "batch": yes,
            "citations": yes,
            "code_execution": yes,
            "context_management": {"supported": True, "compact_20260112": yes},
            "effort": {"supported": True, "low": yes, "medium": yes, "high": yes, "max": yes, "xhigh": None},
            "image_input": yes,
            "pdf_input": yes,
            "server_tools": {"supported": True, "code_execution": yes, "web_search": yes},
            "structured_outputs": yes,
            "thinking": {
                "supported": True,
                "types": {"adaptive": yes, "between_tools": no, "disabled": yes, "enabled": no},
            },
        },
    }


def _thought(data: Mapping[str, Any], reading: ParsedRequest) -> str:
    """A short thought before every answer if the request allows thinking, as in the newest models."""
    thinking = data.get("thinking") or {}
    if thinking.get("type") not in ("enabled", "adaptive") or not reading.title:
        return ""
    return f"The pull request is about: {reading.title}. I compare what was done with each criterion and look for exact words."


def _cacheable(data: Mapping[str, Any]) -> tuple[str, str]:
    """The text up to the last `cache_control` in the system blocks, and all the rest."""
    blocks = data.get("system") or []
    if isinstance(blocks, str):
        return "", blocks + json.dumps(data["messages"])
    last = max((index for index, block in enumerate(blocks) if block.get("cache_control")), default=-1)
    texts = [str(block.get("text", "")) for block in blocks]
    schema = json.dumps((data.get("output_config") or {}).get("format"))
    return "".join(texts[: last + 1]), "".join(texts[last + 1 :]) + json.dumps(data["messages"]) + schema
