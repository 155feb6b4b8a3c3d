"""The excerpt of a pull request for Claude: complete if it fits, otherwise shortened in fixed steps, with a list of omissions.

The person's own texts are shortened last, because they are judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from devtrail_tui.clients.claude.tokens import expected_tokens
from devtrail_tui.core.evidence import ChangedFile, Comment, PullRequest, Review, Role, is_bot
from devtrail_tui.core.figures import figures_of, phrases
from devtrail_tui.core.program_text import program_spans
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
    """The parts of a pull request, each with a heading of one line; `left_out` has one sentence per kind of shortened content."""

    parts: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]

    def document(self, mark: str) -> str:
        """The parts as text; each begins with a line that contains `mark`, which no text must contain."""
        return "\n".join(f"== {mark} {heading} ==\n{text}".rstrip() for heading, text in self.parts)


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
        if expected_tokens(content.document("0" * 12)) <= room_tokens:
            return content
    return _shown(cleaned, components, login, roles, smallest, excluded)


def _cleaned(pull_request: PullRequest) -> PullRequest:
    """The pull request with its texts sanitised once for all steps, and without empty reviews."""
    reviews = [review for review in pull_request.reviews if review.body.strip() or review.state != "COMMENTED"]
    return replace(
        pull_request,
        repository=safe_line(pull_request.repository),
        author=safe_line(pull_request.author),
        title=safe_line(pull_request.title),
        body=_marked(safe(pull_request.body)),
        files=tuple(replace(file, path=safe_line(file.path)) for file in pull_request.files),
        comments=tuple(_cleaned_entry(comment) for comment in pull_request.comments),
        reviews=tuple(_cleaned_entry(each) for each in reviews),
        review_comments=tuple(
            replace(_cleaned_entry(comment), path=safe_line(comment.path)) for comment in pull_request.review_comments
        ),
        labels=tuple(safe_line(label, limit=100) for label in pull_request.labels[:_MOST_LABELS]),
    )


def _cleaned_entry(entry: T) -> T:
    return replace(entry, author=safe_line(entry.author), body=_marked(safe(entry.body)))


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
    who = f"work of: {safe_line(login)} ({', '.join(role.value for role in roles)})"
    return Excerpt(parts=tuple(_parts(shortened, who, components, limits, left_out)), left_out=left_out)


def _parts(
    shown: PullRequest, who: str, components: Sequence[str], limits: _Limits, left_out: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The parts in order: facts, title, description, files, the conversation, what was left out."""
    author = _name(shown.author, shown.author_kind)
    facts = [
        f"{shown.repository}#{shown.number}, written by {author}, merged {shown.merged_at:%Y-%m-%d}",
        who,
        f"size and time: {', '.join(phrases(figures_of(shown)))}",
        f"components: {', '.join(map(safe_line, components))}" if components else "",
        f"labels: {', '.join(shown.labels)}" if shown.labels else "",
    ]
    yield "pull request", "\n".join(filter(None, facts))
    yield "title", _cut(shown.title, _LONGEST_TITLE)
    if shown.body:
        yield f"description by {author}", _cut(shown.body, limits.description)
    if shown.files:
        paths = [f"{file.path[:_LONGEST_PATH]} +{file.additions} -{file.deletions}" for file in shown.files]
        yield "changed files with added and removed lines", "\n".join(paths)
    yield from _conversation(shown, limits.text)
    if left_out:
        yield "left out", "\n".join(left_out)


def _conversation(shown: PullRequest, limit: int) -> Iterator[tuple[str, str]]:
    """Comments, reviews and comments on lines, numbered in the order in which they were written."""
    entries: list[tuple[datetime, Comment | Review]] = [
        (each.created_at, each) for each in (*shown.comments, *shown.review_comments)
    ]
    entries += [(each.submitted_at or shown.merged_at, each) for each in shown.reviews]
    entries.sort(key=lambda entry: (entry[0], isinstance(entry[1], Comment)))  # a review before its comments on lines
    numbers = {entry.url: number for number, (_, entry) in enumerate(entries, start=1) if entry.url}
    for number, (moment, entry) in enumerate(entries, start=1):
        by = f"by {_name(entry.author, entry.author_kind)}, {moment:%Y-%m-%d %H:%M}"
        if isinstance(entry, Review):
            heading = f"{number}. review {by}, {entry.state}"
        else:
            line = f" on {entry.path[:_LONGEST_PATH]}" if entry.path else ""
            answered = numbers.get(entry.answers_url)
            heading = f"{number}. comment{line} {by}{f', answers {answered}' if answered else ''}"
        yield heading, _cut(entry.body, limit)


def _name(login: str, kind: str) -> str:
    return f"{login} (bot)" if is_bot(login, kind) else login


def _marked(text: str) -> str:
    """The text as people see it on GitHub, with what programs wrote in square brackets, neighbours in one pair."""
    marked, end = "", 0
    ends_with_program_text = False
    for span in program_spans(text):
        between, end = text[end : span.start], span.end
        ends_with_program_text = ends_with_program_text and not between.strip()
        if not span.shown:
            marked += between
            continue
        program_text = text[span.start : span.end].strip()
        if ends_with_program_text:
            marked = f"{marked.rstrip().removesuffix(']')}{between or ' '}{program_text}]"
        else:
            marked += f"{between}[program: {program_text}]"
        ends_with_program_text = True
    return (marked + text[end:]).strip()


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
