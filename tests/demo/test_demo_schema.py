"""The demo's GraphQL is a part of GitHub's: held against GitHub's own published schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    execute_sync,
    get_operation_ast,
    is_introspection_type,
    parse,
    validate,
)

from devtrail_tui.clients.github.documents import DOCUMENTS
from devtrail_tui.demo import DemoServer, World
from devtrail_tui.demo.github_graphql import as_json
from devtrail_tui.demo.points import price
from devtrail_tui.demo.resolvers import Query, attach, demo_schema
from tests.demo.conftest import Ask

IN_SHOP = "repo:acme/shop is:pr is:merged"
PAGES = {"page": 50, "reviews": 20, "inReview": 20}


@pytest.fixture(scope="module")
def githubs(published: Callable[[str], str]) -> GraphQLSchema:
    schema = build_schema(published("schema.graphql"), assume_valid=True, assume_valid_sdl=True)
    attach(schema)
    return schema


def _own_types() -> list[GraphQLNamedType]:
    return [kind for kind in demo_schema().type_map.values() if not is_introspection_type(kind)]


def test_every_type_field_and_argument_is_githubs(githubs: GraphQLSchema) -> None:
    for kind in _own_types():
        theirs = githubs.type_map[kind.name]
        assert type(theirs) is type(kind), kind.name
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            assert isinstance(theirs, (GraphQLObjectType, GraphQLInterfaceType))
            _compare_fields(kind, theirs)
            assert {each.name for each in kind.interfaces} <= {each.name for each in theirs.interfaces}, kind.name
        elif isinstance(kind, GraphQLEnumType):
            assert isinstance(theirs, GraphQLEnumType)
            assert set(kind.values) == set(theirs.values), kind.name
        elif isinstance(kind, GraphQLUnionType):
            assert isinstance(theirs, GraphQLUnionType)
            assert {each.name for each in kind.types} <= {each.name for each in theirs.types}, kind.name


def _compare_fields(
    kind: GraphQLObjectType | GraphQLInterfaceType, theirs: GraphQLObjectType | GraphQLInterfaceType
) -> None:
    for name, field in kind.fields.items():
        place = f"{kind.name}.{name}"
        assert name in theirs.fields, place
        assert str(field.type) == str(theirs.fields[name].type), place
        for argument, value in field.args.items():
            assert argument in theirs.fields[name].args, f"{place}({argument})"
            assert str(value.type) == str(theirs.fields[name].args[argument].type), f"{place}({argument})"
        needed = {each for each, value in theirs.fields[name].args.items() if str(value.type).endswith("!")}
        assert needed <= set(field.args), place


def _ids(world: World, count: int) -> list[str]:
    return [pull.node_id for pull in world.involving("robin-demo")[:count]]


def _node(world: World, title: str) -> Any:
    return next(pull for pull in world.pull_requests if pull.detail.title == title)


def _variables(world: World) -> dict[str, dict[str, Any]]:
    many_files = _node(world, "Move the whole storefront to the new import paths")
    many_remarks = _node(world, "Import the help centre from the old system")
    after = "Y3Vyc29yOjEw"  # cursor:10
    return {
        "Repository": {"owner": "acme", "name": "storefront"},
        "Discover": {
            "author": f"{IN_SHOP} author:robin-demo",
            "commenter": f"{IN_SHOP} commenter:robin-demo merged:2026-01-01..2026-06-30",
            "reviewer": f"{IN_SHOP} reviewed-by:robin-demo",
        },
        "Search": {"query": f"{IN_SHOP} author:robin-demo", "after": after},
        "PullRequests": {"ids": _ids(world, 100), **PAGES},
        "MoreOfPullRequest": {
            "id": many_files.node_id,
            **PAGES,
            "moreFiles": True,
            "moreComments": False,
            "moreReviews": True,
            "filesAfter": after,
            "commentsAfter": None,
            "reviewsAfter": None,
        },
        "MoreOfReview": {"id": many_remarks.detail.reviews[0].node_id, "page": 100, "after": after},
    }


def test_every_document_of_the_product_is_tried_here(world: World) -> None:
    assert set(_variables(world)) == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_githubs_schema_gives_the_servers_answer(
    name: str, world: World, server: DemoServer, ask: Ask, githubs: GraphQLSchema
) -> None:
    document = parse(DOCUMENTS[name])
    assert validate(githubs, document) == []
    variables = _variables(world)[name]
    served = await ask(DOCUMENTS[name], **variables)
    operation = get_operation_ast(document)
    assert operation is not None
    context = Query(world, price(document, operation, variables), server.limits.graphql)
    theirs = execute_sync(githubs, document, context_value=context, variable_values=variables)
    assert theirs.errors is None
    assert served == as_json(theirs)
    assert served["data"]["rateLimit"]["remaining"] == 5000 - served["data"]["rateLimit"]["cost"]
