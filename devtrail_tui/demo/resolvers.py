"""Answers GraphQL fields from a `World`.

The same resolvers hang on the demo's own small schema and, in tests, on GitHub's whole one, so that the two can be
compared. Importing this module imports graphql-core.
"""

from __future__ import annotations

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
from devtrail_tui.demo.connections import Page, cursor, page, typed_error
from devtrail_tui.demo.points import Price
from devtrail_tui.demo.rate_limits import Bucket
from devtrail_tui.demo.records import (
    Comment,
    Person,
    PullRequest,
    Repository,
    Review,
    ReviewComment,
    timestamp,
)
from devtrail_tui.demo.world import WEB_ROOT, World

MOST_IDS = 100

Resolver = Callable[..., Any]
Info = GraphQLResolveInfo[Any]


@dataclass(frozen=True, slots=True)
class Query:
    """The context of one execution: the data, whose token it is, what it cost and what is left."""

    world: World
    price: Price
    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Label:
    name: str

    @property
    def node_id(self) -> str:
        return f"LA_kwDO{self.name.encode().hex()[:16]}"


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments on one file within one review, as GitHub threads them."""

    node_id: str
    path: str
    comments: tuple[ReviewComment, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A part of a pull request together with it, for links such as `url`."""

    part: Any
    pull: PullRequest


@cache
def demo_schema() -> GraphQLSchema:
    """The demo's own schema with its resolvers; they keep no state, so that all servers share it."""
    text = resources.files("devtrail_tui.demo").joinpath("schema.graphql").read_text("utf-8")
    schema = build_schema(text)
    attach(schema)
    return schema


def attach(schema: GraphQLSchema) -> None:
    """Hang the resolvers on a schema that has (at least) the demo's types and fields."""
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
    part = value.part if isinstance(value, Within) else value
    if isinstance(part, Person):
        return part.kind
    return _TYPE_NAMES[type(part)]


_TYPE_NAMES: dict[type, str] = {
    PullRequest: "PullRequest",
    Repository: "Repository",
    Comment: "IssueComment",
    Review: "PullRequestReview",
    ReviewComment: "PullRequestReviewComment",
    Label: "Label",
    Thread: "PullRequestReviewThread",
}


def _attribute(name: str) -> Resolver:
    return lambda value, _info, **_arguments: getattr(value, name)


def _part(name: str) -> Resolver:
    return lambda value, _info, **_arguments: getattr(value.part, name)


def _time(read: Callable[[Any], datetime | None]) -> Resolver:
    def resolve(value: Any, _info: Info) -> str | None:
        moment = read(value)
        return None if moment is None else timestamp(moment)

    return resolve


def _constant(constant: Any) -> Resolver:
    return lambda _value, _info, **_arguments: constant


def pull_url(pull: PullRequest) -> str:
    """Where a browser would show it."""
    return f"{WEB_ROOT}/{pull.repository.full_name}/pull/{pull.number}"


def database_id(node_id: str) -> int:
    """A number as the REST API would use it: stable, and different for different nodes as far as 31 bits go."""
    value = 0
    for character in node_id:
        value = (value * 131 + ord(character)) % 2_147_483_647
    return value


# --- Query ---------------------------------------------------------------------------------------------------------


def _repository(_root: Any, info: Info, *, owner: str, name: str, **arguments: Any) -> Repository:
    world: World = info.context.world
    found = world.repository(f"{owner}/{name}", follow_renames=arguments.get("followRenames") is not False)
    if found is None:
        raise typed_error("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return found


def _search(_root: Any, info: Info, *, query: str, type: str, **arguments: Any) -> Page:
    world: World = info.context.world
    found: Sequence[PullRequest] = ()
    if type == "ISSUE":
        found = search_query.run(world, query, world.viewer.login)
    reachable = found[: search_query.MOST_RESULTS]
    return page("search", reachable, total=len(found), **arguments)


def _node(_root: Any, info: Info, **arguments: Any) -> Any:
    return _resolve_node(info.context.world, arguments["id"])


def _nodes(_root: Any, info: Info, *, ids: list[str]) -> list[Any]:
    if len(ids) > MOST_IDS:
        raise typed_error(
            "ARGUMENT_LIMIT", f"You may not provide more than {MOST_IDS} node ids; you provided {len(ids)}."
        )
    return [_node_or_error(info.context.world, node_id) for node_id in ids]


def _node_or_error(world: World, node_id: str) -> Any:
    """A missing node is null with an error of its own; the others are answered."""
    found = _lookup(world, node_id)
    if found is None:
        return typed_error("NOT_FOUND", f"Could not resolve to a node with the global id of '{node_id}'.")
    return found


def _resolve_node(world: World, node_id: str) -> Any:
    found = _node_or_error(world, node_id)
    if isinstance(found, Exception):
        raise found
    return found


def _lookup(world: World, node_id: str) -> Any:
    found = world.node(node_id)
    if isinstance(found, (Comment, Review, ReviewComment)):
        pull = world.node("PR_" + node_id.partition("_")[2].partition("-")[0])
        return Within(found, pull) if isinstance(pull, PullRequest) else None
    return found


def _rate_limit(_root: Any, info: Info, **_arguments: Any) -> Query:
    query: Query = info.context
    return query


# --- Repository ----------------------------------------------------------------------------------------------------


def _pull_request(repository: Repository, info: Info, *, number: int) -> PullRequest:
    found: PullRequest | None = info.context.world.pull_request(repository, number)
    if found is None:
        raise typed_error("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    return found


def _pull_requests(repository: Repository, info: Info, **arguments: Any) -> Page:
    states = arguments.get("states")
    found = [pull for pull in info.context.world.of_repository(repository) if not states or pull.state in states]
    return page("pullRequests", found, **arguments)


# --- PullRequest and its parts -------------------------------------------------------------------------------------


def _files(pull: PullRequest, _info: Any, **arguments: Any) -> Page:
    return page("files", pull.detail.files, **arguments)


def _labels(pull: PullRequest, _info: Any, **arguments: Any) -> Page:
    return page("labels", [Label(name) for name in pull.detail.labels], **arguments)


def _comments(pull: PullRequest, _info: Any, **arguments: Any) -> Page:
    return page("comments", [Within(comment, pull) for comment in pull.detail.comments], **arguments)


def _reviews(pull: PullRequest, _info: Any, **arguments: Any) -> Page:
    states, author = arguments.get("states"), arguments.get("author")
    chosen = [
        Within(review, pull)
        for review in pull.detail.reviews
        if (not states or review.state in states)
        and (not author or (review.author is not None and review.author.login == author))
    ]
    return page("reviews", chosen, **arguments)


def _review_comments(review: Within, _info: Any, **arguments: Any) -> Page:
    return page("comments", [Within(comment, review.pull) for comment in review.part.comments], **arguments)


def _threads(pull: PullRequest, _info: Any, **arguments: Any) -> Page:
    grouped: dict[tuple[str, str], list[ReviewComment]] = {}
    for review in pull.detail.reviews:
        for comment in review.comments:
            grouped.setdefault((review.node_id, comment.path), []).append(comment)
    threads = [
        Within(Thread(comments[0].node_id.replace("PRRC_", "PRRT_"), path, tuple(comments)), pull)
        for (_review, path), comments in grouped.items()
    ]
    return page("reviewThreads", threads, **arguments)


def _review_of_comment(comment: Within, _info: Any) -> Within | None:
    for review in comment.pull.detail.reviews:
        if comment.part in review.comments:
            return Within(review, comment.pull)
    return None


def _total_comments(pull: PullRequest, _info: Any) -> int:
    return len(pull.detail.comments) + sum(len(review.comments) for review in pull.detail.reviews)


def _link(fragment: str) -> Resolver:
    def resolve(value: Within, _info: Any) -> str:
        return f"{pull_url(value.pull)}#{fragment}{database_id(value.part.node_id)}"

    return resolve


def _part_time(name: str) -> Resolver:
    return _time(lambda value: getattr(value.part, name))


def _part_id(value: Within, _info: Any) -> int:
    return database_id(value.part.node_id)


def _edges(found: Page, _info: Any) -> list[dict[str, Any]]:
    return [{"cursor": cursor(found.start + place), "node": item} for place, item in enumerate(found.items)]


def _page_info(found: Page, _info: Any) -> dict[str, Any]:
    return {
        "endCursor": found.end_cursor,
        "hasNextPage": found.has_next,
        "hasPreviousPage": found.start > 0,
        "startCursor": found.start_cursor,
    }


_CONNECTION: dict[str, Resolver] = {
    "edges": _edges,
    "nodes": lambda found, _info: list(found.items),
    "pageInfo": _page_info,
    "totalCount": _attribute("total"),
}
_ACTOR: dict[str, Resolver] = {
    "avatarUrl": lambda person, _info, **_arguments: f"{WEB_ROOT}/avatars/{person.number}",
    "databaseId": _attribute("number"),
    "id": _attribute("node_id"),
    "login": _attribute("login"),
    "resourcePath": lambda person, _info: f"/{person.login}",
    "url": lambda person, _info: f"{WEB_ROOT}/{person.login}",
}
_WRITTEN: dict[str, Resolver] = {
    "author": _part("author"),
    "body": _part("body"),
    "bodyText": _part("body"),
    "databaseId": _part_id,
    "id": _part("node_id"),
}
_COMMENTED: dict[str, Resolver] = {
    **_WRITTEN,
    "createdAt": _part_time("created_at"),
    "updatedAt": _part_time("created_at"),
    "isMinimized": _constant(False),
}

RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "node": _node,
        "nodes": _nodes,
        "rateLimit": _rate_limit,
        "repository": _repository,
        "search": _search,
        "viewer": lambda _root, info: info.context.world.viewer,
    },
    "RateLimit": {
        "cost": lambda query, _info: query.price.points,
        "nodeCount": lambda query, _info: query.price.nodes,
        "limit": lambda query, _info: query.bucket.limit,
        "remaining": lambda query, _info: query.bucket.remaining,
        "used": lambda query, _info: query.bucket.used,
        "resetAt": _time(lambda query: datetime.fromtimestamp(query.bucket.reset, UTC)),
    },
    "User": {**_ACTOR, "name": _attribute("name")},
    "Bot": _ACTOR,
    "Mannequin": _ACTOR,
    "Organization": {**_ACTOR, "name": _attribute("name")},
    "Repository": {
        "createdAt": _time(lambda repository: repository.created_at),
        "databaseId": _attribute("number"),
        "description": _attribute("description"),
        "id": _attribute("node_id"),
        "isArchived": _constant(False),
        "isDisabled": _constant(False),
        "isFork": _constant(False),
        "isPrivate": _attribute("is_private"),
        "name": _attribute("name"),
        "nameWithOwner": _attribute("full_name"),
        "owner": _attribute("owner"),
        "pullRequest": _pull_request,
        "pullRequests": _pull_requests,
        "updatedAt": _time(lambda repository: repository.created_at),
        "url": lambda repository, _info: f"{WEB_ROOT}/{repository.full_name}",
        "visibility": lambda repository, _info: "PRIVATE" if repository.is_private else "PUBLIC",
    },
    "Label": {
        "color": _constant("5319e7"),
        "description": _constant(None),
        "id": _attribute("node_id"),
        "name": _attribute("name"),
    },
    "PullRequestChangedFile": {
        "additions": _attribute("additions"),
        "changeType": _attribute("change_type"),
        "deletions": _attribute("deletions"),
        "path": _attribute("path"),
    },
    "IssueComment": {**_COMMENTED, "url": _link("issuecomment-")},
    "PullRequestReviewComment": {
        **_COMMENTED,
        "outdated": _constant(False),
        "path": _part("path"),
        "pullRequestReview": _review_of_comment,
        "url": _link("discussion_r"),
    },
    "PullRequestReview": {
        **_WRITTEN,
        "comments": _review_comments,
        "createdAt": _part_time("submitted_at"),
        "submittedAt": _part_time("submitted_at"),
        "updatedAt": _part_time("submitted_at"),
        "state": _part("state"),
        "url": _link("pullrequestreview-"),
    },
    "PullRequestReviewThread": {
        "comments": _review_comments,
        "id": _part("node_id"),
        "isOutdated": _constant(False),
        "isResolved": _constant(True),
        "path": _part("path"),
    },
    "PullRequest": {
        "additions": _attribute("additions"),
        "author": _attribute("author"),
        "baseRefName": lambda pull, _info: pull.detail.base_ref,
        "body": lambda pull, _info: pull.detail.body,
        "bodyText": lambda pull, _info: pull.detail.body,
        "changedFiles": lambda pull, _info: len(pull.detail.files),
        "closed": lambda pull, _info: pull.state != "OPEN",
        "closedAt": _time(lambda pull: pull.merged_at or pull.closed_at),
        "comments": _comments,
        "createdAt": _time(lambda pull: pull.created_at),
        "databaseId": lambda pull, _info: database_id(pull.node_id),
        "deletions": _attribute("deletions"),
        "files": _files,
        "fullDatabaseId": lambda pull, _info: str(database_id(pull.node_id)),
        "headRefName": lambda pull, _info: pull.detail.head_ref,
        "id": _attribute("node_id"),
        "isDraft": _attribute("is_draft"),
        "labels": _labels,
        "merged": lambda pull, _info: pull.merged_at is not None,
        "mergedAt": _time(lambda pull: pull.merged_at),
        "mergedBy": lambda pull, _info: pull.author if pull.merged_at is not None else None,
        "number": _attribute("number"),
        "permalink": lambda pull, _info: pull_url(pull),
        "repository": _attribute("repository"),
        "reviewThreads": _threads,
        "reviews": _reviews,
        "state": _attribute("state"),
        "title": lambda pull, _info: pull.detail.title,
        "totalCommentsCount": _total_comments,
        "updatedAt": _time(lambda pull: pull.updated_at),
        "url": lambda pull, _info: pull_url(pull),
    },
    **dict.fromkeys(
        (
            "PullRequestChangedFileConnection",
            "IssueCommentConnection",
            "PullRequestReviewConnection",
            "PullRequestReviewCommentConnection",
            "PullRequestReviewThreadConnection",
            "PullRequestConnection",
            "LabelConnection",
        ),
        _CONNECTION,
    ),
    "SearchResultItemConnection": {
        "edges": _edges,
        "issueCount": _attribute("total"),
        "nodes": _CONNECTION["nodes"],
        "pageInfo": _page_info,
    },
}
