"""The part of GitHub's own published descriptions that the product uses, and the whole of them where they are at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from devtrail_tui.clients.github.transport import API_VERSION

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
WHOLE = Path(__file__).resolve().parents[3].parent / "shared" / "github"
_NOT_JSON_SCHEMA = frozenset({"discriminator", "example", "examples", "x-github-breaking-changes"})


@cache
def graphql_schema() -> GraphQLSchema:
    return build_schema((FIXTURES / "github-schema.graphql").read_text("utf-8"))


@cache
def rest_description() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / "github-rest.json").read_text("utf-8"))
    return data


@cache
def whole_graphql_schema() -> GraphQLSchema:
    """GitHub's schema as published; skips where it is not beside the repository."""
    return build_schema(_whole("schema.graphql"), assume_valid=True, assume_valid_sdl=True)


@cache
def whole_rest_description() -> dict[str, Any]:
    """The same of the REST API."""
    data: dict[str, Any] = json.loads(_whole("rest.openapi.json"))
    return data


def _whole(name: str) -> str:
    path = WHOLE / name
    if not path.is_file():
        pytest.skip(f"GitHub's whole {name} is not at ../shared/github beside the repository.")
    return path.read_text("utf-8")


def as_json_schema(node: Any) -> Any:
    """OpenAPI's own keys (`nullable`, `discriminator`) say nothing in JSON Schema; nullable is written as JSON Schema does. What
    the version we ask for changed (GitHub lists it beside the older shape, as a merge patch) is applied."""
    if isinstance(node, list):
        return [as_json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    for change in node.get("x-github-breaking-changes", ()):
        if change["version"] <= API_VERSION:
            node = _merged(node, change["patch"])
    plain = {key: as_json_schema(value) for key, value in node.items() if key not in _NOT_JSON_SCHEMA}
    if plain.pop("nullable", False) and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain


def _merged(node: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict) or not isinstance(node, dict):
        return patch
    changed = {key: _merged(node.get(key), value) for key, value in patch.items() if value is not None}
    return {**{key: value for key, value in node.items() if key not in patch}, **changed}
