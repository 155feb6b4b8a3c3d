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
    found = ((Role.AUTHOR, author), (Role.COMMENTER, commented), (Role.REVIEWER, reviewed and not author))
    return tuple(role for role, holds in found if holds)
