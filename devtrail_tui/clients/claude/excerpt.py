"""A pull request as Claude is shown it: whole where it fits, shortened by fixed steps where it does not, and saying
what is missing.

Where texts must go, the person's own words go last: they are what is being judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from devtrail_tui.clients.claude.tokens import expected_tokens
from devtrail_tui.core.evidence import ChangedFile, Comment, PullRequest, Review, Role
from devtrail_tui.core.text import safe, safe_line

T = TypeVar("T", Comment, Review)

ROOM_TOKENS = 24_000
"""Room for one pull request. Every model we know holds eight times as much; beyond this, more text costs more and
shows less."""
_CUT = " […]"
_LONGEST_PATH = 300


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`content` is JSON-ready; `left_out` has one sentence for each kind of thing that was shortened."""

    content: Mapping[str, Any]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Limits:
    """How much of each kind is shown: characters for texts, counts for the rest."""

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
) -> Excerpt:
    """The fullest of the fixed steps that fits into the room; the last step, which is small, where none does."""
    for limits in _STEPS:
        shown = _shown(pull_request, components, login, roles, limits)
        if expected_tokens(json.dumps(shown.content, ensure_ascii=False, indent=1)) <= room_tokens:
            return shown
    return shown


def quotable(pull_request: PullRequest) -> tuple[str, ...]:
    """Every text of the pull request that a quote may come from, whole, as stored."""
    return (
        pull_request.title,
        pull_request.body,
        *(each.body for each in pull_request.comments),
        *(each.body for each in pull_request.reviews),
        *(each.body for each in pull_request.review_comments),
        *(each.path for each in pull_request.files),
        *pull_request.labels,
    )


def _shown(
    pull_request: PullRequest, components: Sequence[str], login: str, roles: Sequence[Role], limits: _Limits
) -> Excerpt:
    comments = _kept(pull_request.comments, limits.entries, login)
    said = [each for each in pull_request.reviews if each.body.strip() or each.state != "COMMENTED"]
    reviews = _kept(said, limits.entries, login)
    review_comments = _kept(pull_request.review_comments, limits.entries, login)
    files = _most_changed(pull_request.files, limits.files)
    bodies = [*(each.body for each in comments + review_comments), *(each.body for each in reviews)]
    left_out = tuple(
        sentence
        for sentence in (
            _shortened("description", [pull_request.body], limits.description),
            _shortened("comments and reviews", bodies, limits.text),
            _fewer("comments", len(comments), len(pull_request.comments)),
            _fewer("reviews", len(reviews), len(said)),
            _fewer("review comments", len(review_comments), len(pull_request.review_comments)),
            _fewer("files", len(files), max(len(pull_request.files), pull_request.changed_files)),
        )
        if sentence
    )
    cut = _cutter(limits.text)
    line_comments = [
        {"author": each.author, "path": safe_line(each.path, limit=_LONGEST_PATH), "text": cut(each.body)}
        for each in review_comments
    ]
    content: dict[str, Any] = {
        "work_of": login,
        "roles": [role.value for role in roles],
        "repository": pull_request.repository,
        "number": pull_request.number,
        "author": pull_request.author,
        "merged_on": pull_request.merged_at.date().isoformat(),
        "title": safe_line(pull_request.title, limit=1_000),
        "description": _cutter(limits.description)(pull_request.body),
        "labels": list(pull_request.labels[:30]),
        "components": list(components),
        "additions": pull_request.additions,
        "deletions": pull_request.deletions,
        "changed_files": pull_request.changed_files,
        "files": [f"{safe_line(each.path, limit=_LONGEST_PATH)} +{each.additions} -{each.deletions}" for each in files],
        "comments": [{"author": each.author, "text": cut(each.body)} for each in comments],
        "reviews": [{"author": each.author, "state": each.state, "text": cut(each.body)} for each in reviews],
        "review_comments": line_comments,
        "left_out": list(left_out),
    }
    return Excerpt(content=content, left_out=left_out)


def _kept(entries: Sequence[T], most: int, login: str) -> list[T]:
    """At most so many entries in their order: the person's own first, then the earliest of the others'."""
    if len(entries) <= most:
        return list(entries)
    ranked = sorted(range(len(entries)), key=lambda index: (entries[index].author.lower() != login.lower(), index))
    return [entries[index] for index in sorted(ranked[:most])]


def _most_changed(files: Sequence[ChangedFile], most: int) -> list[ChangedFile]:
    """At most so many files in their order, those with the most changed lines."""
    ranked = sorted(range(len(files)), key=lambda index: (-files[index].additions - files[index].deletions, index))
    return [files[index] for index in sorted(ranked[:most])]


def _cutter(limit: int) -> Callable[[str], str]:
    def cut(text: str) -> str:
        whole = safe(text).strip()
        return whole if len(whole) <= limit else whole[:limit].rstrip() + _CUT

    return cut


def _shortened(kind: str, texts: Sequence[str], limit: int) -> str:
    longer = sum(len(safe(text).strip()) > limit for text in texts)
    return f"{kind}: each shown up to {limit:,} characters ({longer} cut)" if longer else ""


def _fewer(kind: str, shown: int, there_are: int) -> str:
    return f"{kind}: {shown:,} of {there_are:,} shown" if shown < there_are else ""
