"""GitHub's own published descriptions, where they are at hand. Tests that need them skip visibly without them; CI fails."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "github"


def _read(name: str) -> str:
    path = FOLDER / name
    if path.exists():
        return path.read_text("utf-8")
    message = f"GitHub's {name} is not at ../shared/github beside the repository."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@cache
def graphql_schema() -> GraphQLSchema:
    return build_schema(_read("schema.graphql"), assume_valid=True)


@cache
def rest_description() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_read("rest.openapi.json"))
    return data
