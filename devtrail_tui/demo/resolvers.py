"""Answers GraphQL fields from a `World`.

The same resolvers serve the demo's small schema and, in tests, GitHub's, so that the two can be compared.
Importing this module imports graphql-core.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from devtrail_tui.demo import search_query
from devtrail_tui.demo.connections import Page, page, typed_error
from devtrail_tui.demo.points import Price
from devtrail_tui.demo.rate_limits import Bucket
from devtrail_tui.demo.records import Person, PullRequestRecord, RepositoryRecord, ReviewRecord, timestamp
from devtrail_tui.demo.world import World

MOST_IDS = 100

Resolver = Callable[..., Any]
Info = GraphQLResolveInfo[Any]


@dataclass(frozen=True, slots=True)
class Query:
    """The context of one execution: the data, its cost, and its limit."""

    world: World
    price: Price
    bucket: Bucket


@cache
def demo_schema() -> GraphQLSchema:
    """The demo's schema with its resolvers; they are stateless and shared by all servers."""
    schema = build_schema(resources.files("devtrail_tui.demo").joinpath("schema.graphql").read_text("utf-8"))
    attach(schema)
    return schema


def attach(schema: GraphQLSchema) -> None:
    """Attach the resolvers to a schema that has (at least) the demo's types and fields."""
    for type_name, fields in RESOLVERS.items():
        kind = schema.type_map[type_name]
        if not isinstance(kind, GraphQLObjectType):
            raise TypeError(f"{type_name} is not an object type in this schema.")
        for field_name, resolver in fields.items():
            kind.fields[field_name].resolve = resolver
    for kind in schema.type_map.values():
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
            kind.resolve_type = _type_name


def _type_name(value: Any, _info: Any, _kind: Any) -> str:
    if isinstance(value, Person):
        return value.kind
    return "PullRequest" if isinstance(value, PullRequestRecord) else "PullRequestReview"


def resolve_field(value: Any, info: Info, **_arguments: Any) -> Any:
    """Resolves fields without a resolver: the record's attribute, under GitHub's name or ours."""
    name = _OUR_NAMES.get(info.field_name) or re.sub(
        "[A-Z]", lambda match: f"_{match.group().lower()}", info.field_name
    )
    answer = value[name] if isinstance(value, Mapping) else getattr(value, name)
    return timestamp(answer) if isinstance(answer, datetime) else answer


_OUR_NAMES = {"id": "node_id", "nameWithOwner": "full_name"}


def _repository(_root: Any, info: Info, *, owner: str, name: str, **arguments: Any) -> RepositoryRecord:
    world: World = info.context.world
    repository = world.repository(f"{owner}/{name}", follow_renames=arguments.get("followRenames") is not False)
    if repository is None:
        raise typed_error("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return repository


def _search(_root: Any, info: Info, *, query: str, type: str, **arguments: Any) -> Page:
    world: World = info.context.world
    pulls: Sequence[PullRequestRecord] = search_query.run(world, query, world.viewer.login) if type == "ISSUE" else ()
    return page("search", pulls[: search_query.MOST_RESULTS], total=len(pulls), **arguments)


def _node(_root: Any, info: Info, **arguments: Any) -> PullRequestRecord | ReviewRecord:
    world: World = info.context.world
    node = world.node(arguments["id"])
    if node is None:
        raise _no_such_node(arguments["id"])
    return node


def _nodes(_root: Any, info: Info, *, ids: list[str]) -> list[Any]:
    """A missing node is null with an error; the others are returned."""
    if len(ids) > MOST_IDS:
        raise typed_error(
            "ARGUMENT_LIMIT", f"You may not provide more than {MOST_IDS} node ids; you provided {len(ids)}."
        )
    return [info.context.world.node(node_id) or _no_such_node(node_id) for node_id in ids]


def _no_such_node(node_id: str) -> Exception:
    return typed_error("NOT_FOUND", f"Could not resolve to a node with the global id of '{node_id}'.")


def _contributions(_viewer: Any, info: Info, **days: Any) -> dict[str, Any]:
    """What the viewer opened and reviewed between two moments, by repository."""
    world: World = info.context.world
    first, last = (datetime.fromisoformat(days[name]) for name in ("from", "to"))

    def by_repository(role: str) -> list[dict[str, Any]]:
        pulls = (pull for pull in world.of_person(role, world.viewer.login) if first <= pull.created_at <= last)
        counts = Counter(pull.repository.full_name for pull in pulls)
        return [
            {"repository": world.repository(name), "contributions": {"total_count": count}}
            for name, count in counts.most_common()
        ]

    return {
        "restricted_contributions_count": 0,
        "pull_request_contributions_by_repository": by_repository("author"),
        "pull_request_review_contributions_by_repository": by_repository("reviewed-by"),
    }


def _rate_limit(_root: Any, info: Info, **_arguments: Any) -> dict[str, Any]:
    bucket: Bucket = info.context.bucket
    return {
        "cost": info.context.price.points,
        "limit": bucket.limit,
        "remaining": bucket.remaining,
        "reset_at": datetime.fromtimestamp(bucket.reset, UTC),
    }


def _of_detail(name: str) -> Resolver:
    return lambda pull, _info: getattr(pull.detail, name)


def _labels(pull: PullRequestRecord, _info: Any, **arguments: Any) -> Page:
    return page("labels", [{"name": name} for name in pull.detail.labels], **arguments)


def _reviews(pull: PullRequestRecord, _info: Any, *, states: Sequence[str] = (), **arguments: Any) -> Page:
    reviews = [review for review in pull.detail.reviews if not states or review.state in states]
    return page("reviews", reviews, **arguments)


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "node": _node,
        "nodes": _nodes,
        "rateLimit": _rate_limit,
        "repository": _repository,
        "search": _search,
        "viewer": lambda _root, info: info.context.world.viewer,
    },
    "User": {"contributionsCollection": _contributions},
    "PullRequest": {
        **{name: _of_detail(name) for name in ("title", "body")},
        "headRefName": _of_detail("head_ref"),
        "changedFiles": lambda pull, _info: len(pull.detail.files),
        "files": lambda pull, _info, **arguments: page("files", pull.detail.files, **arguments),
        "labels": _labels,
        "comments": lambda pull, _info, **arguments: page("comments", pull.detail.comments, **arguments),
        "reviews": _reviews,
    },
    "PullRequestReview": {
        "comments": lambda review, _info, **arguments: page("comments", review.comments, **arguments),
    },
}
