"""Core, store, runtime and both front ends know no job type: none of the words of one stands in their code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from devtrail_tui.jobs import catalogue

PACKAGE = Path(__file__).parent.parent / "devtrail_tui"
ROOMS = ("core", "store", "runtime", "tui", "cli")
PUBLISHED = {"currentRepo", "currentPR", "totalPRs", "processedPRs"}
STORED_EARLIER = {"current_repo", "current_pr", "stored_before"}
WORDS = {
    *PUBLISHED,
    *STORED_EARLIER,
    *catalogue(),
    "RepositoryProgress",
    "github_remaining",
    "github_limit",
    "github_reset_at",
    "without_match",
    "withoutMatch",
    "alreadyStored",
}
JSON = {"core/job.py": PUBLISHED, "core/progress.py": STORED_EARLIER}
"""The two places that know them: the published JSON of a job, and what earlier versions stored."""


def _said(tree: ast.AST) -> Iterator[str]:
    """Every name and every whole string in the code, docstrings aside as they are sentences."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                yield name


def test_no_room_but_that_of_the_job_types_says_their_words() -> None:
    said = {}
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            place = path.relative_to(PACKAGE).as_posix()
            words = WORDS.intersection(_said(ast.parse(path.read_text()))) - JSON.get(place, set())
            if words:
                said[place] = words
    assert said == {}


def test_the_published_names_stand_in_one_place() -> None:
    for place, words in JSON.items():
        assert words <= set(_said(ast.parse((PACKAGE / place).read_text()))), place
