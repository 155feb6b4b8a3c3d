"""Pull requests as short to write as a test's sentence. Times are hours after the opening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from devtrail_tui.core.evidence import Comment, PullRequest, Review

OPENED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(hours: float) -> datetime:
    return OPENED + timedelta(hours=hours)


def comment(author: str, hours: float = 1) -> Comment:
    return Comment(author, "Why?", after(hours))


def review(author: str, state: str = "APPROVED", hours: float | None = 2, kind: str = "User") -> Review:
    return Review(author, state, "", None if hours is None else after(hours), author_kind=kind)


def pull_request(
    *,
    author: str = "kim",
    merged: float = 48,
    comments: Sequence[Comment] = (),
    reviews: Sequence[Review] = (),
    review_comments: Sequence[Comment] = (),
) -> PullRequest:
    return PullRequest(
        host="github.com",
        node_id="PR_1",
        number=1,
        url="https://github.com/acme/shop/pull/1",
        repository="acme/shop",
        title="Fix the cart",
        body="",
        author=author,
        author_kind="User",
        branch="fix-cart",
        created_at=OPENED,
        merged_at=after(merged),
        updated_at=after(merged),
        additions=12,
        deletions=3,
        changed_files=2,
        comments=tuple(comments),
        reviews=tuple(reviews),
        review_comments=tuple(review_comments),
    )
