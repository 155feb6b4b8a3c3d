"""What the client sends, held against GitHub's own published schema and REST description."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from graphql import get_operation_ast, parse, validate

from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.clients.github.documents import DOCUMENTS
from devtrail_tui.clients.github.hydrate import LARGEST_BATCH, SIZES
from devtrail_tui.clients.github.transport import API_VERSION
from devtrail_tui.core.evidence import PullRequestRef
from devtrail_tui.demo.points import price
from tests.clients.github.conftest import fetched
from tests.clients.github.published import as_json_schema, graphql_schema, rest_description
from tests.doubles.server import FaultyServer


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_document_is_valid(name: str) -> None:
    errors = validate(graphql_schema(), parse(DOCUMENTS[name]))
    assert not errors, "\n".join(map(str, errors))


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_document_has_its_name_and_asks_for_the_limit(name: str) -> None:
    operation = get_operation_ast(parse(DOCUMENTS[name]), name)
    assert operation is not None
    fields = {getattr(getattr(each, "name", None), "value", "") for each in operation.selection_set.selections}
    assert "rateLimit" in fields


def test_the_largest_batch_stays_far_below_the_limits() -> None:
    """By GitHub's rules for nodes (500,000 a call) and points (5,000 an hour)."""
    document = parse(DOCUMENTS["PullRequests"])
    operation = get_operation_ast(document, "PullRequests")
    assert operation is not None
    cost = price(document, operation, {"ids": ["x"] * LARGEST_BATCH, **SIZES[0].variables()})
    assert cost.nodes < 50_000
    assert cost.points <= 10


async def test_variables_sent_are_those_declared(
    client: GitHubClient, server: FaultyServer, refs: list[PullRequestRef]
) -> None:
    await fetched(client, refs)
    assert {each.operation_name for each in server.requests} >= {"PullRequests", "MoreOfPullRequest"}
    for each in server.requests:
        operation = get_operation_ast(parse(each.document or ""), each.operation_name)
        assert operation is not None
        declared = {definition.variable.name.value for definition in operation.variable_definitions or ()}
        assert set(each.variables) == declared


async def test_rest_requests_are_described_by_github(client: GitHubClient, server: FaultyServer) -> None:
    """Method, path and parameters as GitHub lists them, and answers (the demo's) of the shape the client relies on."""
    await client.account()
    await client.limits()
    paths = rest_description()["paths"]
    assert len(server.requests) == 2
    for each in server.requests:
        operation = paths[each.path][each.method.lower()]
        allowed = {_resolved(parameter)["name"] for parameter in operation.get("parameters", [])}
        assert {pair.partition("=")[0] for pair in each.query.split("&") if pair} <= allowed
        assert each.headers["accept"] == "application/vnd.github+json"
        assert each.headers["x-github-api-version"] == API_VERSION
        assert each.headers["user-agent"].startswith("devtrail-tui/")


@pytest.mark.parametrize(("path", "read"), [("/user", ["login", "name"]), ("/rate_limit", ["resources"])])
async def test_fields_the_client_reads_are_described(path: str, read: list[str]) -> None:
    schema = _resolved(
        rest_description()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    )
    for variant in schema.get("oneOf", [schema]):
        assert set(read) <= set(_resolved(variant)["properties"])


async def test_answers_have_githubs_shape(client: GitHubClient, server: FaultyServer) -> None:
    """So that the demo does not merely agree with the client."""
    description = rest_description()
    for path in ("/user", "/rate_limit"):
        data, _ = await client._calls.rest(path)
        schema = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": description["components"]}
        jsonschema.Draft202012Validator(as_json_schema(whole)).validate(data)


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = rest_description()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
