"""The roles of a person in a pull request, verified on the pull request because GitHub's search returns false positives."""

from __future__ import annotations

from devtrail_tui.core.evidence import PullRequest, Role


def roles(pull_request: PullRequest, login: str) -> tuple[Role, ...]:
    """The roles of `login`, in the order author, commenter, reviewer; empty if it took no part. Case-insensitive.

    Commenter: wrote in the conversation or on a line. Reviewer: submitted a review of somebody else's pull request; the author's
    replies in review threads, which GitHub stores as reviews, do not count.
    """
    who = login.casefold()
    author = pull_request.author.casefold() == who
    commented = any(
        comment.author.casefold() == who for comment in (*pull_request.comments, *pull_request.review_comments)
    )
    reviewed = any(review.author.casefold() == who and review.state != "PENDING" for review in pull_request.reviews)
    involvements = ((Role.AUTHOR, author), (Role.COMMENTER, commented), (Role.REVIEWER, reviewed and not author))
    return tuple(role for role, holds in involvements if holds)


def took_the_place(earlier: PullRequest, earlier_login: str, present: PullRequest, present_login: str) -> bool:
    """Whether an account was renamed from `earlier_login` to `present_login`.

    True only if the earlier login no longer occurs in the pull request, and all of its contributions that still exist (author,
    comments by time and path, reviews by time) now belong to the present login.
    """
    earlier_logins, present_logins = _places(earlier), _places(present)
    if earlier_login.casefold() in present_logins.values():
        return False
    still_there = [
        present_logins[position]
        for position, who in earlier_logins.items()
        if who == earlier_login.casefold() and position in present_logins
    ]
    return bool(still_there) and set(still_there) == {present_login.casefold()}


def _places(pull_request: PullRequest) -> dict[tuple[object, ...], str]:
    """The case-folded login of each contribution, keyed by attributes that a rename does not change."""
    logins: dict[tuple[object, ...], str] = {("author",): pull_request.author.casefold()}
    for comment in (*pull_request.comments, *pull_request.review_comments):
        logins["comment", comment.created_at, comment.path] = comment.author.casefold()
    for review in pull_request.reviews:
        logins["review", review.submitted_at, review.state] = review.author.casefold()
    return logins
