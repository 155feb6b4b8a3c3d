"""The cost of a GraphQL request by GitHub's rule: the requests that its connections need, divided by 100."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)
from graphql.utilities import value_from_ast_untyped

MOST_NODES = 500_000


@dataclass(frozen=True, slots=True)
class Price:
    """`points` to pay, and the maximum of `nodes`."""

    points: int
    nodes: int


def price(document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Price:
    """The price of this operation with these variables (defaults filled in by the caller)."""
    fragments = {item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)}
    requests, nodes = _count(operation.selection_set, 1, fragments, dict(variables))
    return Price(max(1, round(requests / 100)), nodes)


def _count(
    selections: SelectionSetNode | None,
    times: int,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: dict[str, Any],
) -> tuple[int, int]:
    requests = nodes = 0
    for selection in selections.selections if selections is not None else ():
        if _left_out(selection, variables):
            continue
        if isinstance(selection, FieldNode):
            page, is_connection = _page(selection, variables)
            requests += times if is_connection else 0
            nodes += times * page if page > 1 or is_connection else 0
            inner = _count(selection.selection_set, times * page, fragments, variables)
        elif isinstance(selection, InlineFragmentNode):
            inner = _count(selection.selection_set, times, fragments, variables)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value in fragments:
            inner = _count(fragments[selection.name.value].selection_set, times, fragments, variables)
        else:
            inner = (0, 0)
        requests, nodes = requests + inner[0], nodes + inner[1]
    return requests, nodes


def _left_out(selection: SelectionNode, variables: dict[str, Any]) -> bool:
    for directive in selection.directives or ():
        flag = {item.name.value: value_from_ast_untyped(item.value, variables) for item in directive.arguments or ()}
        if directive.name.value == ("skip" if flag.get("if") else "include"):
            return True
    return False


def _page(selection: FieldNode, variables: dict[str, Any]) -> tuple[int, bool]:
    """The maximum nodes of one such field, and whether it is a connection."""
    arguments = {item.name.value: value_from_ast_untyped(item.value, variables) for item in selection.arguments or ()}
    ids = arguments.get("ids")
    if isinstance(ids, list):
        return max(1, len(ids)), True
    for name in ("first", "last"):
        if isinstance(arguments.get(name), int):
            return max(1, arguments[name]), True
    return 1, False
