"""The excerpt of a pull request for Claude: complete if it fits, otherwise shortened in fixed steps, with a list of omissions.

The person's own texts are shortened last, because they are judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from devtrail_tui.clients.claude.tokens import expected_tokens
from devtrail_tui.core.evidence import ChangedFile, Comment, PullRequest, Review, Role
from devtrail_tui.core.text import safe, safe_line

T = TypeVar("T", Comment, Review)

ROOM_TOKENS = 24_000
"""Token limit for one pull request. All known models accept eight times as much, but more text costs more and adds little."""
_CUT_MARK = " […]"
_LONGEST_TITLE = 1_000
_LONGEST_PATH = 300
_MOST_LABELS = 30


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`content` is JSON-ready; `left_out` has one sentence per kind of shortened content."""

    content: Mapping[str, Any]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits per kind: characters for texts, counts for lists."""

    description: int
    text: int
    entries: int
    files: int


_STEPS = (
    _Limits(description=24_000, text=6_000, entries=200, files=400),
    _Limits(description=12_000, text=3_000, entries=100, files=250),
    _Limits(description=8_000, text=1_500, entries=50, files=150),
    _Limits(description=5_000, text=800, entries=25, files=80),
    _Limits(description=3_000, text=500, entries=12, files=40),
    _Limits(description=1_500, text=250, entries=6, files=20),
)


def excerpt(
    pull_request: PullRequest,
    components: Sequence[str],
    *,
    login: str,
    roles: Sequence[Role],
    room_tokens: int = ROOM_TOKENS,
    excluded: tuple[int, int] = (0, 0),
) -> Excerpt:
    """The first of the fixed steps that fits; otherwise the last, smallest one. `excluded` counts files, and comments on their
    lines, that were removed before."""
    cleaned = _cleaned(pull_request)
    *larger, smallest = _STEPS
    for limits in larger:
        content = _shown(cleaned, components, login, roles, limits, excluded)
        if expected_tokens(json.dumps(content.content, ensure_ascii=False, indent=1)) <= room_tokens:
            return content
    return _shown(cleaned, components, login, roles, smallest, excluded)


def quotable(pull_request: PullRequest) -> tuple[str, ...]:
    """All texts of the pull request that a quote may come from, complete, as stored."""
    return (
        pull_request.title,
        pull_request.body,
        *(comment.body for comment in pull_request.comments),
        *(review.body for review in pull_request.reviews),
        *(comment.body for comment in pull_request.review_comments),
        *(file.path for file in pull_request.files),
        *pull_request.labels,
    )


def _cleaned(pull_request: PullRequest) -> PullRequest:
    """The pull request with its texts sanitised once for all steps, and without empty reviews."""
    reviews = [review for review in pull_request.reviews if review.body.strip() or review.state != "COMMENTED"]
    return replace(
        pull_request,
        repository=safe_line(pull_request.repository),
        author=safe_line(pull_request.author),
        title=safe_line(pull_request.title),
        body=safe(pull_request.body).strip(),
        files=tuple(replace(file, path=safe_line(file.path)) for file in pull_request.files),
        comments=tuple(_cleaned_entry(comment) for comment in pull_request.comments),
        reviews=tuple(_cleaned_entry(each) for each in reviews),
        review_comments=tuple(
            replace(_cleaned_entry(comment), path=safe_line(comment.path)) for comment in pull_request.review_comments
        ),
        labels=tuple(safe_line(label, limit=100) for label in pull_request.labels[:_MOST_LABELS]),
    )


def _cleaned_entry(entry: T) -> T:
    return replace(entry, author=safe_line(entry.author), body=safe(entry.body).strip())


def _shown(
    whole: PullRequest,
    components: Sequence[str],
    login: str,
    roles: Sequence[Role],
    limits: _Limits,
    excluded: tuple[int, int],
) -> Excerpt:
    shortened = replace(
        whole,
        files=_most_changed(whole.files, limits.files),
        comments=_kept(whole.comments, limits.entries, login),
        reviews=_kept(whole.reviews, limits.entries, login),
        review_comments=_kept(whole.review_comments, limits.entries, login),
    )
    left_out = (*_left_out(whole, shortened, limits, excluded[0]), *_excluded(*excluded))
    involvement = {"work_of": safe_line(login), "roles": [role.value for role in roles]}
    components_shown = [safe_line(component) for component in components]
    content = {**involvement, **_content(shortened, components_shown, limits), "left_out": list(left_out)}
    return Excerpt(content=content, left_out=left_out)


def _content(kept: PullRequest, components: list[str], limits: _Limits) -> dict[str, Any]:
    def text(entry: Comment | Review) -> str:
        return _cut(entry.body, limits.text)

    return {
        "repository": kept.repository,
        "number": kept.number,
        "author": kept.author,
        "merged_on": kept.merged_at.date().isoformat(),
        "title": _cut(kept.title, _LONGEST_TITLE),
        "description": _cut(kept.body, limits.description),
        "labels": list(kept.labels),
        "components": components,
        "additions": kept.additions,
        "deletions": kept.deletions,
        "changed_files": kept.changed_files,
        "files": [f"{file.path[:_LONGEST_PATH]} +{file.additions} -{file.deletions}" for file in kept.files],
        "comments": [{"author": comment.author, "text": text(comment)} for comment in kept.comments],
        "reviews": [{"author": review.author, "state": review.state, "text": text(review)} for review in kept.reviews],
        "review_comments": [
            {"author": comment.author, "path": comment.path[:_LONGEST_PATH], "text": text(comment)}
            for comment in kept.review_comments
        ],
    }


def _left_out(whole: PullRequest, kept: PullRequest, limits: _Limits, excluded_files: int) -> tuple[str, ...]:
    bodies = [
        *(comment.body for comment in kept.comments + kept.review_comments),
        *(review.body for review in kept.reviews),
    ]
    sentences = (
        _shortened("description", [whole.body], limits.description),
        _shortened("comments and reviews", bodies, limits.text),
        _fewer("comments", len(kept.comments), len(whole.comments)),
        _fewer("reviews", len(kept.reviews), len(whole.reviews)),
        _fewer("review comments", len(kept.review_comments), len(whole.review_comments)),
        _fewer("files", len(kept.files), max(len(whole.files), whole.changed_files - excluded_files)),
        "files: GitHub could not tell which files were changed; the change is not empty" if whole.files_unknown else "",
    )
    return tuple(sentence for sentence in sentences if sentence)


def _excluded(files: int, comments: int) -> tuple[str, ...]:
    if not files and not comments:
        return ()
    return (f"by the engineer's own settings: {files:,} files and {comments:,} comments on their lines",)


def _kept(entries: Sequence[T], most: int, login: str) -> tuple[T, ...]:
    """At most `most` entries in their order: the person's own first, then the earliest of others."""
    if len(entries) <= most:
        return tuple(entries)
    ranked = sorted(range(len(entries)), key=lambda index: (entries[index].author.lower() != login.lower(), index))
    return tuple(entries[index] for index in sorted(ranked[:most]))


def _most_changed(files: Sequence[ChangedFile], most: int) -> tuple[ChangedFile, ...]:
    """At most `most` files in their order, those with the most changed lines."""
    ranked = sorted(range(len(files)), key=lambda index: (-files[index].additions - files[index].deletions, index))
    return tuple(files[index] for index in sorted(ranked[:most]))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rstrip() + _CUT_MARK


def _shortened(kind: str, texts: Sequence[str], limit: int) -> str:
    longer = sum(len(text) > limit for text in texts)
    return f"{kind}: each shown up to {limit:,} characters ({longer} cut)" if longer else ""


def _fewer(kind: str, shown: int, there_are: int) -> str:
    return f"{kind}: {shown:,} of {there_are:,} shown" if shown < there_are else ""
