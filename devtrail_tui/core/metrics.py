"""Figures of one pull request.

Reviews count when somebody else submitted them: not the author, whose replies in review threads GitHub files as reviews, and not
a bot, whose review comes within seconds and says nothing of how people worked together.

Rounds of review: the first such review opens round 1. A later one opens the next round when, since the current round was opened,
the author has answered (a comment in the conversation, a comment on a line, or a review of their own), or when the same reviewer
had asked for changes in it and now looks again. So two people who review one after the other make one round; "changes, please"
and a later approval make two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from devtrail_tui.core.evidence import Metrics, PullRequest, Review

_BOT = "Bot"
_CHANGES_REQUESTED = "CHANGES_REQUESTED"


def metrics(pull_request: PullRequest) -> Metrics:
    """All figures; days and hours as fractions, never below zero."""
    reviews = _reviews_by_others(pull_request)
    first = reviews[0][0] if reviews else None
    return Metrics(
        days_open=_elapsed(pull_request, pull_request.merged_at, timedelta(days=1)),
        hours_to_first_review=None if first is None else _elapsed(pull_request, first, timedelta(hours=1)),
        review_rounds=_rounds(reviews, _answers(pull_request)),
        additions=pull_request.additions,
        deletions=pull_request.deletions,
        changed_files=pull_request.changed_files,
    )


def _elapsed(pull_request: PullRequest, until: datetime, unit: timedelta) -> float:
    return max((until - pull_request.created_at) / unit, 0.0)


def _reviews_by_others(pull_request: PullRequest) -> list[tuple[datetime, Review]]:
    author = pull_request.author.casefold()
    dated = [
        (review.submitted_at, review)
        for review in pull_request.reviews
        if review.submitted_at is not None and review.author.casefold() != author and review.author_kind != _BOT
    ]
    return sorted(dated, key=lambda each: (each[0], each[1].author.casefold(), each[1].state))


def _answers(pull_request: PullRequest) -> list[datetime]:
    author = pull_request.author.casefold()
    comments = (*pull_request.comments, *pull_request.review_comments)
    moments = [comment.created_at for comment in comments if comment.author.casefold() == author]
    moments += [
        review.submitted_at
        for review in pull_request.reviews
        if review.submitted_at is not None and review.author.casefold() == author
    ]
    return sorted(moments)


def _rounds(reviews: Sequence[tuple[datetime, Review]], answers: Sequence[datetime]) -> int:
    rounds = 0
    opened_at: datetime | None = None
    asked_for_changes: set[str] = set()
    for moment, review in reviews:
        reviewer = review.author.casefold()
        answered = opened_at is not None and any(opened_at < answer < moment for answer in answers)
        if opened_at is None or answered or reviewer in asked_for_changes:
            rounds += 1
            opened_at = moment
            asked_for_changes = set()
        if review.state == _CHANGES_REQUESTED:
            asked_for_changes.add(reviewer)
    return rounds
