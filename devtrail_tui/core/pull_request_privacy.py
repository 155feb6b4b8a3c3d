"""Removes from a pull request what must not be stored or sent: secrets in its texts, and excluded files."""

from __future__ import annotations

from dataclasses import replace

from devtrail_tui.core.evidence import PullRequest
from devtrail_tui.core.exclusions import Exclusions
from devtrail_tui.core.redaction import Redact


def without_secrets(pull_request: PullRequest, redact: Redact) -> PullRequest:
    """The pull request with secrets masked in all texts: title, description, comments, reviews, labels, paths. Idempotent, so
    stored and newly fetched pull requests compare equal."""
    return replace(
        pull_request,
        title=redact(pull_request.title),
        body=redact(pull_request.body),
        branch=redact(pull_request.branch),
        files=tuple(replace(file, path=redact(file.path)) for file in pull_request.files),
        comments=tuple(replace(comment, body=redact(comment.body)) for comment in pull_request.comments),
        reviews=tuple(replace(review, body=redact(review.body)) for review in pull_request.reviews),
        review_comments=tuple(
            replace(comment, body=redact(comment.body), path=redact(comment.path))
            for comment in pull_request.review_comments
        ),
        labels=tuple(redact(label) for label in pull_request.labels),
    )


def without_excluded_paths(pull_request: PullRequest, exclusions: Exclusions) -> tuple[PullRequest, int, int]:
    """The pull request without excluded files and comments on their lines, and the number removed of each."""
    files = tuple(file for file in pull_request.files if not exclusions.path(file.path))
    comments = tuple(
        comment for comment in pull_request.review_comments if not (comment.path and exclusions.path(comment.path))
    )
    left_out = len(pull_request.files) - len(files), len(pull_request.review_comments) - len(comments)
    return replace(pull_request, files=files, review_comments=comments), *left_out
