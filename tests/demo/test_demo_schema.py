"""The demo's GraphQL is a part of GitHub's, and so is the part that stands among the fixtures."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    execute_sync,
    get_operation_ast,
    is_introspection_type,
    parse,
    validate,
)

from devtrail_tui.clients.github.documents import DOCUMENTS
from devtrail_tui.demo.github_graphql import as_json
from devtrail_tui.demo.points import price
from devtrail_tui.demo.resolvers import Query, attach, demo_schema, resolve_field
from devtrail_tui.demo.world import World
from tests.clients.github.published import (
    graphql_schema,
    rest_description,
    whole_graphql_schema,
    whole_rest_description,
)
from tests.demo.conftest import Ask
from tests.doubles.server import FaultyServer
from tests.doubles.worlds import involving

IN_SHOP = "repo:acme/shop is:pr is:merged"
PAGES = {"page": 50, "reviews": 20, "inReview": 20}


@pytest.fixture(scope="module")
def githubs() -> GraphQLSchema:
    attach(graphql_schema())
    return graphql_schema()


def test_every_type_field_and_argument_is_githubs(githubs: GraphQLSchema) -> None:
    _assert_part_of(githubs, demo_schema())


def test_the_fixture_is_a_part_of_githubs_schema() -> None:
    _assert_part_of(whole_graphql_schema(), graphql_schema())


def test_the_fixture_is_a_part_of_githubs_rest_description() -> None:
    whole, part = whole_rest_description(), rest_description()
    assert part["components"]["schemas"].items() <= whole["components"]["schemas"].items()
    for path, operations in part["paths"].items():
        described = whole["paths"][path]["get"]
        assert operations["get"]["parameters"] == described.get("parameters", [])
        assert (
            operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            == (described["responses"]["200"]["content"]["application/json"]["schema"])
        )


def _assert_part_of(githubs: GraphQLSchema, part: GraphQLSchema) -> None:
    for kind in part.type_map.values():
        if is_introspection_type(kind):
            continue
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
    return [pull.node_id for pull in involving(world, "robin-demo")[:count]]


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
        "NothingFound": {
            "merged": f"{IN_SHOP} merged:2026-01-01..2026-06-30",
            "closed": "repo:acme/shop is:pr is:closed is:unmerged author:robin-demo closed:2026-01-01..2026-06-30",
            "assigned": f"{IN_SHOP} assignee:robin-demo",
        },
        "Contributions": {"from": "2026-01-01T00:00:00Z", "to": "2026-06-30T00:00:00Z"},
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
    name: str, world: World, server: FaultyServer, ask: Ask, githubs: GraphQLSchema
) -> None:
    document = parse(DOCUMENTS[name])
    assert validate(githubs, document) == []
    variables = _variables(world)[name]
    served = await ask(DOCUMENTS[name], **variables)
    operation = get_operation_ast(document)
    assert operation is not None
    context = Query(world, price(document, operation, variables), server.limits.graphql)
    theirs = execute_sync(
        githubs, document, context_value=context, variable_values=variables, field_resolver=resolve_field
    )
    assert theirs.errors is None
    assert served == as_json(theirs)
    assert served["data"]["rateLimit"]["remaining"] == 5000 - served["data"]["rateLimit"]["cost"]
