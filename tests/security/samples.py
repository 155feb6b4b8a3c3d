"""A pull request with a secret in every text."""

from __future__ import annotations

from datetime import UTC, datetime

from devtrail_tui.core.evidence import ChangedFile, Comment, PullRequest, Review

TOKEN = "ghp_" + "Q7x" * 12
_DAY = datetime(2026, 3, 4, tzinfo=UTC)

PULL_REQUEST = PullRequest(
    host="github.com",
    node_id="PR_1",
    number=123,
    url="https://github.com/acme/web/pull/123",
    repository="acme/web",
    title=f"Fix {TOKEN}",
    body=f"It was {TOKEN}",
    author="mona",
    author_kind="User",
    branch="fix",
    created_at=_DAY,
    merged_at=_DAY,
    updated_at=_DAY,
    additions=2,
    deletions=1,
    changed_files=1,
    files=(ChangedFile(f"src/{TOKEN}/a.py", 2, 1),),
    comments=(Comment("hubot", f"See {TOKEN}", _DAY),),
    reviews=(Review("hubot", "APPROVED", f"Not {TOKEN}", _DAY),),
    review_comments=(Comment("mona", f"Nor {TOKEN}", _DAY, path="src/a.py"),),
    labels=(TOKEN,),
)
