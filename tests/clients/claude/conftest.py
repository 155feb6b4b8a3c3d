"""What the tests of the Claude client share: a pull request, criteria, a clock of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devtrail_tui.core.evidence import ChangedFile, Comment, Criterion, PullRequest, Review
from tests.doubles.clock import ManualClock

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MakePullRequest = Callable[..., PullRequest]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def make_pull_request() -> MakePullRequest:
    merged = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    plain = PullRequest(
        host="github.com",
        node_id="PR_1",
        number=123,
        url="https://github.com/acme/shop/pull/123",
        repository="acme/shop",
        title="Fix retry storm after a payment timeout",
        body="Root cause: the client retried without a limit.\n\nRetries are now bounded,\nwith jitter.",
        author="mona",
        author_kind="User",
        branch="retry-storm",
        created_at=merged - timedelta(days=2),
        merged_at=merged,
        updated_at=merged,
        additions=120,
        deletions=30,
        changed_files=2,
        files=(ChangedFile("src/services/payments/retry.py", 100, 20), ChangedFile("tests/test_retry.py", 20, 10)),
        comments=(Comment("hubot", "That explains last week's incident.", merged),),
        reviews=(Review("hubot", "APPROVED", "Clear description and good tests.", merged),),
        review_comments=(Comment("mona", "The limit is five, see the runbook.", merged, path="src/retry.py"),),
        labels=("reliability",),
    )

    def make(**changes: Any) -> PullRequest:
        return replace(plain, **changes)

    return make


@pytest.fixture
def criteria() -> list[Criterion]:
    return [
        Criterion("debugging", "Reliability", "Finding root causes", "Tracks a fault down to its real cause."),
        Criterion("resilience", "Reliability", "Resilience", "Timeouts and retries with limits."),
        Criterion("testing", "Craft", "Testing", "Proves behaviour with tests."),
        Criterion("explaining", "Collaboration", "Clear writing", "Explains a change in its description."),
        Criterion("hiring", "Leadership", "Hiring", "Interviews fairly.", pr_detectable=False),
    ]
