"""A pull request as JSON and back, nothing lost: what `evidence_entries.content` holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devtrail_tui.core.evidence import ChangedFile, Comment, PullRequest, Review


def pull_request_json(pull_request: PullRequest) -> dict[str, Any]:
    """Plain JSON values; times are UTC in ISO 8601 to the microsecond. The inverse of `pull_request_from_json`."""
    return {
        "host": pull_request.host,
        "nodeId": pull_request.node_id,
        "number": pull_request.number,
        "url": pull_request.url,
        "repository": pull_request.repository,
        "title": pull_request.title,
        "body": pull_request.body,
        "author": pull_request.author,
        "authorKind": pull_request.author_kind,
        "branch": pull_request.branch,
        "createdAt": _written(pull_request.created_at),
        "mergedAt": _written(pull_request.merged_at),
        "updatedAt": _written(pull_request.updated_at),
        "additions": pull_request.additions,
        "deletions": pull_request.deletions,
        "changedFiles": pull_request.changed_files,
        "labels": list(pull_request.labels),
        "files": [_file_json(file) for file in pull_request.files],
        "comments": [_comment_json(comment) for comment in pull_request.comments],
        "reviews": [_review_json(review) for review in pull_request.reviews],
        "reviewComments": [_comment_json(comment) for comment in pull_request.review_comments],
    }


def pull_request_from_json(data: Mapping[str, Any]) -> PullRequest:
    """Read what `pull_request_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return PullRequest(
        host=data["host"],
        node_id=data["nodeId"],
        number=data["number"],
        url=data["url"],
        repository=data["repository"],
        title=data["title"],
        body=data["body"],
        author=data["author"],
        author_kind=data["authorKind"],
        branch=data["branch"],
        created_at=_read(data["createdAt"]),
        merged_at=_read(data["mergedAt"]),
        updated_at=_read(data["updatedAt"]),
        additions=data["additions"],
        deletions=data["deletions"],
        changed_files=data["changedFiles"],
        labels=tuple(data["labels"]),
        files=tuple(_file(file) for file in data["files"]),
        comments=tuple(_comment(comment) for comment in data["comments"]),
        reviews=tuple(_review(review) for review in data["reviews"]),
        review_comments=tuple(_comment(comment) for comment in data["reviewComments"]),
    )


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _file_json(file: ChangedFile) -> dict[str, Any]:
    return {"path": file.path, "additions": file.additions, "deletions": file.deletions, "change": file.change}


def _file(data: Mapping[str, Any]) -> ChangedFile:
    return ChangedFile(data["path"], data["additions"], data["deletions"], data["change"])


def _comment_json(comment: Comment) -> dict[str, Any]:
    return {
        "author": comment.author,
        "authorKind": comment.author_kind,
        "body": comment.body,
        "createdAt": _written(comment.created_at),
        "path": comment.path,
        "url": comment.url,
    }


def _comment(data: Mapping[str, Any]) -> Comment:
    return Comment(
        author=data["author"],
        author_kind=data["authorKind"],
        body=data["body"],
        created_at=_read(data["createdAt"]),
        path=data["path"],
        url=data["url"],
    )


def _review_json(review: Review) -> dict[str, Any]:
    return {
        "author": review.author,
        "authorKind": review.author_kind,
        "state": review.state,
        "body": review.body,
        "submittedAt": None if review.submitted_at is None else _written(review.submitted_at),
        "url": review.url,
    }


def _review(data: Mapping[str, Any]) -> Review:
    return Review(
        author=data["author"],
        author_kind=data["authorKind"],
        state=data["state"],
        body=data["body"],
        submitted_at=None if data["submittedAt"] is None else _read(data["submittedAt"]),
        url=data["url"],
    )
