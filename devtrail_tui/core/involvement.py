"""Who took part in a pull request, verified on the pull request itself: GitHub's search may find more than is there."""

from __future__ import annotations

from devtrail_tui.core.evidence import PullRequest, Role


def roles(pull_request: PullRequest, login: str) -> tuple[Role, ...]:
    """The roles of `login`, in the order author, commenter, reviewer; empty if it took no part. Logins compare in any case.

    Commenter: wrote in the conversation or on a line. Reviewer: submitted a review of somebody else's pull request; an author's
    replies in review threads, which GitHub files as reviews of the author's own, do not make a reviewer.
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
    """Whether `present_login` stands where `earlier_login` stood: the account was renamed.

    True only where the earlier login no longer occurs in the pull request, and everything of its that is still there (author,
    comments by time and path, reviews by time) is now the present login's.
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
    """Who stands where, case-folded; a place is told apart by what a rename does not change."""
    logins: dict[tuple[object, ...], str] = {("author",): pull_request.author.casefold()}
    for comment in (*pull_request.comments, *pull_request.review_comments):
        logins["comment", comment.created_at, comment.path] = comment.author.casefold()
    for review in pull_request.reviews:
        logins["review", review.submitted_at, review.state] = review.author.casefold()
    return logins
