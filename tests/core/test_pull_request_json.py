"""A pull request survives its JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.evidence import ChangedFile, Comment, PullRequest, Review
from devtrail_tui.core.pull_request_json import pull_request_from_json, pull_request_json

TIMES = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-9))]),
)
TEXTS = st.text(max_size=20)
COUNTS = st.integers(0, 10**9)
COMMENTS = st.builds(Comment, author=TEXTS, body=TEXTS, created_at=TIMES, path=TEXTS, url=TEXTS, author_kind=TEXTS)
REVIEWS = st.builds(
    Review, author=TEXTS, state=TEXTS, body=TEXTS, submitted_at=st.none() | TIMES, url=TEXTS, author_kind=TEXTS
)
FILES = st.builds(ChangedFile, path=TEXTS, additions=COUNTS, deletions=COUNTS, change=TEXTS)


def several(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


PULL_REQUESTS = st.builds(
    PullRequest,
    **dict.fromkeys(
        ("host", "node_id", "url", "repository", "title", "body", "author", "author_kind", "branch"), TEXTS
    ),
    **dict.fromkeys(("created_at", "merged_at", "updated_at"), TIMES),
    **dict.fromkeys(("number", "additions", "deletions", "changed_files"), COUNTS),
    files=several(FILES),
    comments=several(COMMENTS),
    reviews=several(REVIEWS),
    review_comments=several(COMMENTS),
    labels=several(TEXTS),
)


@given(PULL_REQUESTS)
def test_nothing_is_lost_on_the_way(pull_request: PullRequest) -> None:
    through = json.loads(json.dumps(pull_request_json(pull_request)))
    assert pull_request_from_json(through) == pull_request


@given(PULL_REQUESTS)
def test_every_field_is_written(pull_request: PullRequest) -> None:
    assert len(pull_request_json(pull_request)) == len(PullRequest.__dataclass_fields__)


def test_times_are_written_in_utc() -> None:
    comment = Comment("ada", "x", datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=2))))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    pull_request = PullRequest(
        "h", "n", 1, "u", "r", "t", "b", "a", "User", "br", now, now, now, 1, 2, 3, comments=(comment,)
    )
    assert pull_request_json(pull_request)["comments"][0]["createdAt"] == "2026-03-01T10:30:00Z"


def test_anything_else_is_refused() -> None:
    with pytest.raises(KeyError):
        pull_request_from_json({"host": "github.com"})
