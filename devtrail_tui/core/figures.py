"""Figures of a pull request, each declared once: name, computation and wording.

Only reviews by other people count: not those of the author, whose replies in review threads GitHub stores as reviews, and not
those of bots, which come within seconds.

Rounds of review: the first such review opens round 1. A later review opens the next round if, since the current round began,
the author has answered (a comment in the conversation or on a line, or a review of their own), or the same reviewer had
requested changes. Two people who review one after the other are one round; "changes, please" followed by an approval is two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from devtrail_tui.core.evidence import PullRequest, Review, is_bot
from devtrail_tui.core.wording import count_of, days_of

Figures = Mapping[str, float | None]
"""By name; None if a pull request has no such figure, for example hours to the first review without a review."""
_CHANGES_REQUESTED = "CHANGES_REQUESTED"


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` is the CSV column and, in camel case, the JSON key. `phrase` formats a value for people."""

    name: str
    of: Callable[[PullRequest], float | None]
    phrase: Callable[[float], str]


def figures_of(pull_request: PullRequest) -> dict[str, float | None]:
    """All figures; days and hours are fractions, never negative."""
    return {figure.name: figure.of(pull_request) for figure in FIGURES}


def phrases(figures: Figures) -> list[str]:
    """The known figures as phrases: "+201 −106 in 6 files", "open 2.8 days", "1 round of review"."""
    written = {
        figure.name: figure.phrase(value) for figure in FIGURES if (value := figures.get(figure.name)) is not None
    }
    size = " ".join(written.pop(name) for name in SIZE if name in written)
    return [*filter(None, [size]), *written.values()]


def _days_open(pull_request: PullRequest) -> float:
    return _elapsed(pull_request, pull_request.merged_at, timedelta(days=1))


def _hours_to_first_review(pull_request: PullRequest) -> float | None:
    reviews = _reviews_by_others(pull_request)
    return _elapsed(pull_request, reviews[0][0], timedelta(hours=1)) if reviews else None


def _elapsed(pull_request: PullRequest, until: datetime, unit: timedelta) -> float:
    return max((until - pull_request.created_at) / unit, 0.0)


def _reviews_by_others(pull_request: PullRequest) -> list[tuple[datetime, Review]]:
    author = pull_request.author.casefold()
    dated = [
        (review.submitted_at, review)
        for review in pull_request.reviews
        if review.submitted_at is not None
        and review.author.casefold() != author
        and not is_bot(review.author, review.author_kind)
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


FIGURES = (
    Figure("additions", lambda pull_request: pull_request.additions, lambda lines: f"+{lines:,}"),
    Figure("deletions", lambda pull_request: pull_request.deletions, lambda lines: f"−{lines:,}"),
    Figure(
        "changed_files",
        lambda pull_request: pull_request.changed_files,
        lambda files: f"in {count_of(int(files), 'file')}",
    ),
    Figure("days_open", _days_open, lambda days: f"open {days_of(days)}"),
    Figure(
        "hours_to_first_review",
        _hours_to_first_review,
        lambda hours: f"first review after {days_of(hours / 24)}",
    ),
    Figure(
        "review_rounds",
        lambda pull_request: _rounds(_reviews_by_others(pull_request), _answers(pull_request)),
        lambda rounds: f"{count_of(int(rounds), 'round')} of review",
    ),
)
SIZE = ("additions", "deletions", "changed_files")
"""Combined into one phrase."""
