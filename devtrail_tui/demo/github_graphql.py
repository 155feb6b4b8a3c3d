"""GitHub's `POST /graphql`: parses, validates, prices and executes a document, with GitHub's errors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, execute_sync, get_operation_ast, parse, validate

from devtrail_tui.demo.answers import HttpResponse, github_error, json_answer
from devtrail_tui.demo.points import MOST_NODES, price
from devtrail_tui.demo.rate_limits import Bucket
from devtrail_tui.demo.resolvers import Query, demo_schema, resolve_field
from devtrail_tui.demo.world import World


class GraphqlService:
    """Executes documents over a world, on the demo's schema."""

    def __init__(self, world: World, bucket: Bucket) -> None:
        self._world = world
        self._bucket = bucket
        self._schema = demo_schema()

    def answer(self, data: Any) -> HttpResponse:
        """GitHub's response to a request's JSON; status 200 also for an invalid document or a spent limit."""
        if not isinstance(data, dict) or not isinstance(data.get("query"), str):
            return github_error(400, "Problems parsing JSON")
        document, errors = _parsed(data["query"])
        if document is None or errors:
            return _errors_only(*errors)
        operation = get_operation_ast(document, data.get("operationName"))
        if operation is None:
            return _errors_only(GraphQLError("An operation name is required."))
        variables = data.get("variables") or {}
        cost = price(document, operation, variables)
        if cost.nodes > MOST_NODES:
            message = (
                f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of 500,000."
            )
            return _errors_only(GraphQLError(message, extensions={"type": "MAX_NODE_LIMIT_EXCEEDED"}))
        if not self._bucket.spend(cost.points):
            message = f"API rate limit exceeded for user ID {self._world.viewer.number}."
            return _errors_only(GraphQLError(message, extensions={"type": "RATE_LIMITED"}))
        execution = execute_sync(
            self._schema,
            document,
            context_value=Query(self._world, cost, self._bucket),
            variable_values=dict(variables),
            operation_name=data.get("operationName"),
            field_resolver=resolve_field,
        )
        return json_answer(200, as_json(execution))


@lru_cache(maxsize=256)  # for all servers of a process: validating takes longer than answering
def _parsed(text: str) -> tuple[DocumentNode | None, Sequence[GraphQLError]]:
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, validate(demo_schema(), document)


def as_json(result: ExecutionResult) -> dict[str, Any]:
    """A result in GitHub's form: an error's `type` is beside its message."""
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [_error_json(error) for error in result.errors]
    return answer


def _error_json(error: GraphQLError) -> dict[str, Any]:
    data: dict[str, Any] = dict(error.formatted)
    kind = (data.pop("extensions", None) or {}).get("type")
    return {"type": kind, **data} if kind else data


def _errors_only(*errors: GraphQLError) -> HttpResponse:
    return json_answer(200, {"errors": [_error_json(error) for error in errors]})
