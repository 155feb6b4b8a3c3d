"""A pull request without what must not be kept or sent: secrets in its texts, and files the person excluded."""

from __future__ import annotations

from dataclasses import replace

from devtrail_tui.core.evidence import PullRequest
from devtrail_tui.core.exclusions import Exclusions
from devtrail_tui.core.redaction import Redact


def without_secrets(pull_request: PullRequest, redact: Redact) -> PullRequest:
    """The same with secrets masked in every text that people wrote: title, description, comments, reviews, labels, paths.
    Doing it twice changes nothing more, so what was stored and what was just fetched give the same."""
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
    """The same without excluded files and without comments on their lines, and how many of each were left out."""
    files = tuple(file for file in pull_request.files if not exclusions.path(file.path))
    comments = tuple(
        comment for comment in pull_request.review_comments if not (comment.path and exclusions.path(comment.path))
    )
    left_out = len(pull_request.files) - len(files), len(pull_request.review_comments) - len(comments)
    return replace(pull_request, files=files, review_comments=comments), *left_out
