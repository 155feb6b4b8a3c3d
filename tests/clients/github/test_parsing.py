"""What becomes of a pull request's JSON, piece by piece."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from devtrail_tui.clients.github import parsing
from devtrail_tui.clients.github.failures import UnexpectedAnswer
from devtrail_tui.core.evidence import GHOST

AT = "2026-03-04T15:00:00Z"
LAST = {"hasNextPage": False, "endCursor": None}


def connection(*nodes: Any) -> dict[str, Any]:
    return {"pageInfo": LAST, "nodes": list(nodes)}


def a_review(state: str, *comments: Any, **more: Any) -> dict[str, Any]:
    whole = {
        "id": "PRR",
        "author": {"__typename": "User", "login": "sam"},
        "state": state,
        "body": "",
        "submittedAt": AT,
        "url": "",
    }
    return {**whole, "comments": connection(*comments), **more}


def a_comment(body: str = "Why?", **more: Any) -> dict[str, Any]:
    return {
        "author": {"__typename": "User", "login": "sam"},
        "body": body,
        "createdAt": AT,
        "url": "",
        "path": "a.py",
        **more,
    }


def node(**more: Any) -> dict[str, Any]:
    whole = {
        "__typename": "PullRequest",
        "id": "PR_1",
        "number": 7,
        "url": "https://github.com/acme/shop/pull/7",
        "title": "Fix the cart",
        "body": "",
        "headRefName": "fix",
        "createdAt": AT,
        "mergedAt": AT,
        "updatedAt": AT,
        "additions": 1,
        "deletions": 2,
        "changedFiles": 1,
        "repository": {"nameWithOwner": "acme/shop"},
        "author": {"__typename": "User", "login": "kim"},
        "labels": {"nodes": []},
        "files": connection(),
        "comments": connection(),
        "reviews": connection(),
    }
    return {**whole, **more}


def test_a_review_that_was_never_submitted_is_left_out_with_its_comments() -> None:
    draft = a_review("PENDING", a_comment("a draft nobody has seen"), submittedAt=None)
    found = parsing.pull_request(node(reviews=connection(draft, a_review("APPROVED", a_comment("seen")))), "github.com")
    assert [review.state for review in found.reviews] == ["APPROVED"]
    assert [comment.body for comment in found.review_comments] == ["seen"]


def test_a_deleted_author_is_githubs_ghost() -> None:
    found = parsing.pull_request(node(author=None, comments=connection(a_comment(author=None))), "github.com")
    assert (found.author, found.comments[0].author) == (GHOST, GHOST)


@pytest.mark.parametrize("kind", ["User", "Bot", "Mannequin", "Organization", "EnterpriseUserAccount"])
def test_the_kind_of_an_author_is_kept(kind: str) -> None:
    found = parsing.pull_request(node(author={"__typename": kind, "login": "x"}), "github.com")
    assert found.author_kind == kind


def test_what_github_leaves_null_is_empty() -> None:
    found = parsing.pull_request(node(files=None, reviews=None, labels=None, comments=connection(None)), "github.com")
    assert (found.files, found.reviews, found.labels, found.comments) == ((), (), (), ())


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https://x@evil.example/",
        "https://[x",
        "https://a.example/\x1b]8;",
        "https://a b",
        None,
        5,
    ],
)
def test_an_address_no_browser_should_open_is_replaced(url: Any) -> None:
    assert parsing.pull_request(node(url=url), "github.com").url == "https://github.com/acme/shop/pull/7"


def test_times_are_utc() -> None:
    found = parsing.pull_request(node(createdAt="2026-03-04T17:00:00+02:00"), "github.com")
    assert found.created_at == datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    assert found.created_at.tzinfo is UTC


def test_foreign_text_is_made_harmless() -> None:
    hostile = "\x1b]0;x\x07a\u202eb\ud800"
    file = {"path": hostile, "additions": 1, "deletions": 0, "changeType": "ADDED"}
    found = parsing.pull_request(
        node(
            title=hostile,
            body=hostile,
            headRefName=hostile,
            author={"__typename": "User", "login": hostile},
            labels={"nodes": [{"name": hostile}]},
            files=connection(file),
            comments=connection(a_comment(hostile)),
            reviews=connection(a_review("APPROVED", a_comment(hostile, path=hostile), body=hostile)),
        ),
        "github.com",
    )
    strings = [found.title, found.body, found.branch, found.author, *found.labels, found.files[0].path]
    strings += [
        found.comments[0].body,
        found.reviews[0].body,
        found.review_comments[0].body,
        found.review_comments[0].path,
    ]
    assert set(strings) == {"ab\ufffd"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mergedAt", None),
        ("mergedAt", "yesterday"),
        ("createdAt", 5),
        ("createdAt", None),
        ("number", "7"),
        ("number", True),
        ("title", None),
        ("repository", None),
        ("repository", {}),
        ("files", {"pageInfo": LAST}),
        ("comments", connection({"body": "x"})),
        ("author", "kim"),
    ],
)
def test_another_shape_is_an_error_that_names_it(field: str, value: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        parsing.pull_request(node(**{field: value}), "github.com")


@pytest.mark.parametrize(
    "result", [{}, {"__typename": "Issue", "mergedAt": AT}, {"__typename": "PullRequest", "mergedAt": None}]
)
def test_a_search_result_that_is_no_merged_pull_request(result: dict[str, Any]) -> None:
    assert parsing.found(result) is None
