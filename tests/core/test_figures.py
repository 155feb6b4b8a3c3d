"""Figures of a pull request, worked out by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.evidence import GHOST, Comment, Review
from devtrail_tui.core.figures import figures_of
from tests.core.pull_requests import comment, pull_request, review

CHANGES = "CHANGES_REQUESTED"


def test_all_figures_of_a_plain_pull_request() -> None:
    figures = figures_of(pull_request(merged=36, reviews=[review("sam", hours=4.5)]))
    assert figures == {
        "days_open": 1.5,
        "hours_to_first_review": 4.5,
        "review_rounds": 1,
        "additions": 12,
        "deletions": 3,
        "changed_files": 2,
    }


def test_without_a_review_there_is_no_time_to_it() -> None:
    figures = figures_of(pull_request())
    assert (figures["hours_to_first_review"], figures["review_rounds"]) == (None, 0)


def test_neither_the_author_nor_a_bot_nor_a_draft_review_counts() -> None:
    reviews = [
        review("KIM", "COMMENTED", hours=1),
        review("checker", "COMMENTED", hours=0.1, kind="Bot"),
        review("sam", "PENDING", hours=None),
        review("sam", "APPROVED", hours=9),
    ]
    figures = figures_of(pull_request(author="kim", reviews=reviews))
    assert (figures["hours_to_first_review"], figures["review_rounds"]) == (9.0, 1)


def test_a_deleted_account_is_somebody_else_unless_the_author_is_gone_too() -> None:
    assert figures_of(pull_request(author="kim", reviews=[review(GHOST)]))["review_rounds"] == 1
    assert figures_of(pull_request(author=GHOST, reviews=[review(GHOST)]))["review_rounds"] == 0


def test_a_review_dated_before_the_opening_took_no_time() -> None:
    """GitHub keeps the dates of pull requests that were moved in from elsewhere."""
    figures = figures_of(pull_request(merged=-1, reviews=[review("sam", hours=-2)]))
    assert (figures["days_open"], figures["hours_to_first_review"]) == (0.0, 0.0)


ROUNDS: list[tuple[str, list[Review], list[Comment], int]] = [
    ("two people, one after the other", [review("sam", hours=1), review("lee", hours=2)], [], 1),
    ("changes, then approval", [review("sam", CHANGES, 1), review("sam", "APPROVED", 5)], [], 2),
    ("changes by one, approval by another", [review("sam", CHANGES, 1), review("lee", "APPROVED", 5)], [], 1),
    (
        "changes by both, then both again",
        [review("sam", CHANGES, 1), review("lee", CHANGES, 2), review("sam", hours=5), review("lee", hours=6)],
        [],
        2,
    ),
    (
        "changes three times",
        [review("sam", CHANGES, 1), review("sam", CHANGES, 2), review("sam", CHANGES, 3), review("sam", hours=4)],
        [],
        4,
    ),
    (
        "a remark, an answer, an approval",
        [review("sam", "COMMENTED", 1), review("sam", hours=5)],
        [comment("kim", 3)],
        2,
    ),
    (
        "an answer opens one round, not every later one",
        [review("sam", "COMMENTED", 1), review("sam", "COMMENTED", 3), review("sam", hours=4)],
        [comment("kim", 2)],
        2,
    ),
    ("remarks without an answer", [review("sam", "COMMENTED", 1), review("sam", hours=5)], [], 1),
    ("somebody else answers", [review("sam", "COMMENTED", 1), review("sam", hours=5)], [comment("lee", 3)], 1),
    ("an answer before any review", [review("sam", hours=5)], [comment("kim", 1)], 1),
    ("an answer after the last review", [review("sam", hours=5)], [comment("kim", 9)], 1),
    (
        "the author's answer filed as a review",
        [review("sam", "COMMENTED", 1), review("kim", "COMMENTED", 2), review("sam", hours=3)],
        [],
        2,
    ),
]


@pytest.mark.parametrize(("story", "reviews", "comments", "rounds"), ROUNDS, ids=[each[0] for each in ROUNDS])
def test_rounds_of_review(story: str, reviews: list[Review], comments: list[Comment], rounds: int) -> None:
    assert figures_of(pull_request(author="kim", reviews=reviews, comments=comments))["review_rounds"] == rounds
    on_lines = pull_request(author="kim", reviews=reviews, review_comments=comments)
    assert figures_of(on_lines)["review_rounds"] == rounds


REVIEWS = st.lists(
    st.builds(
        review,
        st.sampled_from(["sam", "lee", "kim"]),
        st.sampled_from([CHANGES, "APPROVED", "COMMENTED"]),
        st.integers(1, 40),
    ),
    max_size=8,
)


@given(REVIEWS, st.randoms())
def test_the_order_of_the_answer_changes_nothing(reviews: list[Review], rng: random.Random) -> None:
    shuffled = list(reviews)
    rng.shuffle(shuffled)
    assert figures_of(pull_request(reviews=reviews)) == figures_of(pull_request(reviews=shuffled))


@given(REVIEWS)
def test_there_are_never_more_rounds_than_reviews(reviews: list[Review]) -> None:
    by_others = [each for each in reviews if each.author != "kim"]
    rounds = figures_of(pull_request(author="kim", reviews=reviews))["review_rounds"] or 0
    assert (rounds >= 1) == bool(by_others)
    assert rounds <= len(by_others)
