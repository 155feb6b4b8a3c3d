"""Converts GraphQL nodes to core.evidence values, with all foreign strings sanitised."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from devtrail_tui.clients.github.failures import UnexpectedAnswer
from devtrail_tui.clients.github.shapes import (
    Node,
    child,
    children,
    moment,
    optional_moment,
    text,
    whole_number,
)
from devtrail_tui.core.evidence import GHOST, ChangedFile, Comment, PullRequest, PullRequestRef, Review
from devtrail_tui.core.pull_request_source import Repository
from devtrail_tui.core.text import safe, safe_line

MOST_TITLE = 500
MOST_PATH = 1000
MOST_URL = 2000
MOST_BODY = 100_000
"""Maximum characters; GitHub's limit for a body is 65,536."""
PENDING = "PENDING"


def repository(asked: str, node: Node) -> Repository:
    """Parse a `Repository` node of documents.REPOSITORY."""
    return Repository(asked, _line(node, "nameWithOwner"), _line(node, "id"), node.get("isPrivate") is True)


def found(node: Node) -> PullRequestRef | None:
    """Parse a search result; None if it is not a merged pull request."""
    merged_at = optional_moment(node, "mergedAt")
    if node.get("__typename") != "PullRequest" or merged_at is None:
        return None
    return PullRequestRef(
        node_id=_line(node, "id"),
        number=whole_number(node, "number"),
        repository=_line(child(node, "repository"), "nameWithOwner"),
        updated_at=moment(node, "updatedAt"),
        merged_at=merged_at,
    )


def pull_request(node: Node, host: str) -> PullRequest:
    """Parse a `PullRequest` node of documents.PULL_REQUESTS with completed connections. `host` is the web host."""
    merged_at = optional_moment(node, "mergedAt")
    if merged_at is None:
        raise UnexpectedAnswer("The pull request is not merged.")
    author, author_kind = actor(node)
    name, number = _line(child(node, "repository"), "nameWithOwner"), whole_number(node, "number")
    reviews = [node_json for node_json in _nodes(node, "reviews") if node_json.get("state") != PENDING]
    line_comments = [comment(node_json) for review in reviews for node_json in _nodes(review, "comments")]
    return PullRequest(
        host=host,
        node_id=_line(node, "id"),
        number=number,
        url=_url(node) or f"https://{host}/{name}/pull/{number}",
        repository=name,
        title=safe_line(text(node, "title"), limit=MOST_TITLE),
        body=safe(_text_or_empty(node, "body"), limit=MOST_BODY),
        author=author,
        author_kind=author_kind,
        branch=safe_line(_text_or_empty(node, "headRefName"), limit=300),
        created_at=moment(node, "createdAt"),
        merged_at=merged_at,
        updated_at=moment(node, "updatedAt"),
        additions=whole_number(node, "additions"),
        deletions=whole_number(node, "deletions"),
        changed_files=whole_number(node, "changedFiles"),
        files=tuple(changed_file(file) for file in _nodes(node, "files")),
        comments=tuple(sorted((comment(node_json) for node_json in _nodes(node, "comments")), key=_when)),
        reviews=tuple(review(node_json) for node_json in reviews),
        review_comments=tuple(sorted(line_comments, key=_when)),
        labels=tuple(_line(label, "name") for label in _nodes(node, "labels")),
    )


def actor(node: Node) -> tuple[str, str]:
    """Login and kind (User, Bot, Mannequin, Organization, ...) of the node's author; GitHub's ghost for a deleted account."""
    who = node.get("author")
    if who is None:
        return GHOST, "User"
    author = child(node, "author")
    return _line(author, "login"), _line(author, "__typename")


def changed_file(node: Node) -> ChangedFile:
    """A file of the change."""
    return ChangedFile(
        path=safe_line(text(node, "path"), limit=MOST_PATH),
        additions=whole_number(node, "additions"),
        deletions=whole_number(node, "deletions"),
        change=_line(node, "changeType"),
    )


def comment(node: Node) -> Comment:
    """A comment in the conversation, or, with a path, on a line."""
    author, kind = actor(node)
    return Comment(
        author=author,
        body=safe(text(node, "body"), limit=MOST_BODY),
        created_at=moment(node, "createdAt"),
        path=safe_line(text(node, "path"), limit=MOST_PATH) if "path" in node else "",
        url=_url(node),
        author_kind=kind,
        answers_url=_url(child(node, "replyTo")) if node.get("replyTo") is not None else "",
    )


def review(node: Node) -> Review:
    """A submitted review, without its line comments."""
    author, kind = actor(node)
    return Review(
        author=author,
        state=_line(node, "state"),
        body=safe(text(node, "body"), limit=MOST_BODY),
        submitted_at=optional_moment(node, "submittedAt"),
        url=_url(node),
        author_kind=kind,
    )


def _nodes(node: Node, connection: str) -> list[Node]:
    """The nodes of a connection; none if GitHub returns null because it cannot compute it (files of a huge change)."""
    return list(children(child(node, connection))) if node.get(connection) is not None else []


def _text_or_empty(node: Node, name: str) -> str:
    """A text; empty if GitHub hides it from the token."""
    return text(node, name) if node.get(name) is not None else ""


def _line(node: Node, name: str) -> str:
    return safe_line(text(node, name), limit=300)


def _url(node: Node) -> str:
    """The web address if it is valid for a browser, else ""."""
    url_text = node.get("url")
    if not isinstance(url_text, str) or len(url_text) > MOST_URL or url_text != safe_line(url_text) or " " in url_text:
        return ""
    try:
        url = urlsplit(url_text)
    except ValueError:
        return ""
    return url_text if url.scheme in ("https", "http") and url.hostname and url.username is None else ""


def _when(each: Comment) -> datetime:
    return each.created_at
