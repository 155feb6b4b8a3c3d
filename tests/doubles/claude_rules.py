"""What Claude refuses: sampling parameters, forced tools, prefill, schema keywords that structured output does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA_KEYWORDS = frozenset(
    {"type", "properties", "required", "items", "enum", "const", "additionalProperties", "description", "title"}
    | {"anyOf", "allOf", "$ref", "$defs", "definitions", "format", "default"}
)
"""JSON Schema keywords that structured output accepts."""

SAMPLING = ("temperature", "top_p", "top_k")


def request_problem(data: Any) -> str:
    """What the real API would refuse in this request, in a sentence; empty when nothing."""
    if not isinstance(data, dict):
        return "Request body is not valid JSON"
    for name in ("model", "max_tokens", "messages"):
        if name not in data:
            return f"{name}: Field required"
    for name in SAMPLING:
        if name in data:
            return f"{name}: this model does not accept sampling parameters"
    choice = data.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        return "tool_choice: forcing a tool is not supported by this model"
    messages = data["messages"]
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    if messages[-1].get("role") != "user":
        return "messages: this model does not support assistant message prefill"
    return _format_problem(data)


def _format_problem(data: Mapping[str, Any]) -> str:
    config = data.get("output_config") or {}
    wanted = config.get("format")
    if wanted is None:
        return ""
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        return "output_config.format: expected a json_schema with a schema"
    return schema_problem(wanted["schema"], "output_config.format.schema")


def schema_problem(schema: Any, place: str) -> str:
    """The first keyword that structured output does not accept; every object must be closed."""
    if not isinstance(schema, dict):
        return ""
    for keyword in schema:
        if keyword not in SCHEMA_KEYWORDS:
            return f"{place}: For '{schema.get('type', 'schema')}' type, property '{keyword}' is not supported"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    for name, inner in _inner_schemas(schema):
        problem = schema_problem(inner, f"{place}.{name}")
        if problem:
            return problem
    return ""


def _inner_schemas(schema: Mapping[str, Any]) -> list[tuple[str, Any]]:
    inner: list[tuple[str, Any]] = []
    for keyword in ("properties", "$defs", "definitions"):
        inner += (schema.get(keyword) or {}).items()
    for keyword in ("anyOf", "allOf"):
        inner += [(f"{keyword}.{place}", item) for place, item in enumerate(schema.get(keyword) or [])]
    if "items" in schema:
        inner.append(("items", schema["items"]))
    return inner
