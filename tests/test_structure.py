"""Sizes and names: what keeps a file readable, counted in the code of the package and the tests."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

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


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


RELEASED = sorted((TOP / "devtrail_tui" / "store" / "migrations" / "versions").glob("*.py"))
"""Revisions are never edited once released, whatever their size."""


def in_package(path: Path) -> bool:
    return "devtrail_tui" in path.relative_to(TOP).parts


def name_of(path: Path) -> str:
    return str(path.relative_to(TOP))


def test_a_file_has_one_subject() -> None:
    assert [name_of(path) for path in FILES if len(path.read_text().splitlines()) > FILE_LINES] == []


def test_functions_are_small() -> None:
    large = [
        f"{name_of(path)}: {node.name}"
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
        and path not in RELEASED
    ]
    assert large == []


def public_methods(node: ast.ClassDef) -> list[str]:
    methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [each for each in methods if not each.startswith(("_", *HOOKS)) and each not in NAMED_HOOKS]


def test_classes_are_small() -> None:
    large = [
        f"{name_of(path)}: {node.name}"
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and in_package(path) and len(public_methods(node)) > PUBLIC_METHODS
    ]
    assert large == []


def bound_names(tree: ast.AST) -> Iterator[str]:
    """The names that assignments, loops and comprehensions bind."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_few_names_are_vague() -> None:
    names = [name for path in FILES if in_package(path) for name in bound_names(tree_of(path))]
    vague = [name for name in names if name in VAGUE]
    assert len(vague) <= VAGUE_SHARE * len(names), f"{len(vague)} of {len(names)}"


def test_no_comment_points_to_what_is_not_here() -> None:
    paths = [*FILES, TOP / "README.md"]
    assert [name_of(path) for path in paths if "(design" + ":" in path.read_text()] == []
