"""Sizes and names: what keeps a file readable, counted in the code of the package and the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
FILES = sorted([*(TOP / "devtrail_tui").rglob("*.py"), *(TOP / "tests").rglob("*.py")])
VAGUE = frozenset((Path(__file__).parent / "vague_names.txt").read_text().split())
FILE_LINES = 350
FUNCTION_LINES = 40
PUBLIC_METHODS = 15
VAGUE_SHARE = 0.05
HOOKS = ("on_", "watch_", "validate_", "action_")
"""Methods that Textual calls by name; `compose`, `render_line` and the like as well."""
NAMED_HOOKS = {"compose", "render_line", "render", "render_lines"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


RELEASED = sorted((TOP / "devtrail_tui" / "store" / "migrations" / "versions").glob("*.py"))
"""Revisions are never edited once released, whatever their size."""


def in_package(path: Path) -> bool:
    return "devtrail_tui" in path.relative_to(TOP).parts


def ids(path: Path) -> str:
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_has_one_subject(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", [path for path in FILES if path not in RELEASED], ids=ids)
def test_functions_and_classes_are_small(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= FUNCTION_LINES, node.name
        if isinstance(node, ast.ClassDef):
            methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            public = [each for each in methods if not each.startswith(("_", *HOOKS)) and each not in NAMED_HOOKS]
            assert in_package(path) is False or len(public) <= PUBLIC_METHODS, node.name


def bound_names(tree: ast.AST) -> Iterator[str]:
    """The names that assignments, loops and comprehensions bind."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_few_names_are_vague() -> None:
    names = [name for path in FILES if in_package(path) for name in bound_names(tree_of(path))]
    vague = [name for name in names if name in VAGUE]
    assert len(vague) <= VAGUE_SHARE * len(names), f"{len(vague)} of {len(names)}"


@pytest.mark.parametrize("path", [*FILES, TOP / "README.md"], ids=ids)
def test_no_comment_points_to_what_is_not_here(path: Path) -> None:
    assert "(design" + ":" not in path.read_text()
