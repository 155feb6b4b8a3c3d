"""GitHub's `POST /graphql`: parses, validates, prices and executes a document, and words errors as GitHub does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
    value_from_ast,
)
from graphql.utilities import type_from_ast

from devtrail_tui.demo.answers import Answer, json_answer
from devtrail_tui.demo.points import MOST_NODES, Price, price
from devtrail_tui.demo.rate_limits import Bucket
from devtrail_tui.demo.resolvers import Query, demo_schema
from devtrail_tui.demo.world import World


@dataclass(frozen=True, slots=True)
class GraphqlRequest:
    document: str
    operation_name: str | None
    variables: Mapping[str, Any]


class GraphqlService:
    """Executes documents over a world, on the demo's schema."""

    def __init__(self, world: World, bucket: Bucket) -> None:
        self._world = world
        self._bucket = bucket
        self._schema = demo_schema()
        self._parse = lru_cache(maxsize=256)(self._parse_and_validate)

    def routes(self, request: GraphqlRequest) -> frozenset[str]:
        """Which kinds of question a document asks: `search`, `hydrate` (by ids), `repo`, `viewer`."""
        try:
            operation = get_operation_ast(parse(request.document), request.operation_name)
        except GraphQLError:
            return frozenset()
        if operation is None:
            return frozenset()
        kinds = {"search": "search", "nodes": "hydrate", "node": "hydrate", "repository": "repo", "viewer": "viewer"}
        names = {getattr(getattr(item, "name", None), "value", "") for item in operation.selection_set.selections}
        return frozenset(kinds[name] for name in names if name in kinds)

    def answer(self, request: GraphqlRequest) -> Answer:
        """GitHub's HTTP answer: 200 also where the document is wrong or the limit is spent."""
        document, errors = self._parse(request.document)
        if document is None or errors:
            return _errors_only(*errors)
        operation = get_operation_ast(document, request.operation_name)
        if operation is None:
            return _errors_only(GraphQLError("An operation name is required."))
        cost = self._price(document, operation, request.variables)
        if cost.nodes > MOST_NODES:
            message = (
                f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of 500,000."
            )
            return _errors_only(GraphQLError(message, extensions={"type": "MAX_NODE_LIMIT_EXCEEDED"}))
        if not self._bucket.spend(cost.points):
            return limited(self._world)
        result = execute_sync(
            self._schema,
            document,
            context_value=Query(self._world, cost, self._bucket),
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
        )
        return json_answer(200, as_json(result))

    def _parse_and_validate(self, text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
        return parse_and_validate(self._schema, text)

    def _price(self, document: DocumentNode, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Price:
        variables = dict(given)
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            if name not in variables and definition.default_value is not None:
                kind: Any = type_from_ast(self._schema, definition.type)
                variables[name] = value_from_ast(definition.default_value, kind)
        return price(document, operation, variables)


def parse_and_validate(schema: GraphQLSchema, text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The document, and what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema, document))


def as_json(result: ExecutionResult) -> dict[str, Any]:
    """A result as GitHub writes it: an error's `type` stands beside its message."""
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error_json(error) for error in result.errors]
    return answer


def error_json(error: GraphQLError) -> dict[str, Any]:
    data: dict[str, Any] = dict(error.formatted)
    kind = (data.pop("extensions", None) or {}).get("type")
    return {"type": kind, **data} if kind else data


def limited(world: World) -> Answer:
    """What GitHub says, with status 200, when the points of the hour are spent."""
    message = f"API rate limit exceeded for user ID {world.viewer.number}."
    return json_answer(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})


def _errors_only(*errors: GraphQLError) -> Answer:
    return json_answer(200, {"errors": [error_json(error) for error in errors]})
