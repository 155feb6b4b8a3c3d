"""The texts of a pull request that a match may quote: everything that a person wrote, its labels and its paths."""

from __future__ import annotations

from collections.abc import Iterator

from devtrail_tui.core.evidence import PullRequest, is_bot
from devtrail_tui.core.exclusions import Exclusions
from devtrail_tui.core.program_text import program_spans
from devtrail_tui.core.quotes import QuotableText


def quotable_texts(pull_request: PullRequest, exclusions: Exclusions, *, login: str) -> tuple[QuotableText, ...]:
    """The texts as stored and complete, those of `login` first, because of equal texts the first is quoted. Texts of bots and
    excluded paths are omitted."""
    whole = [each for each in _texts(pull_request, exclusions) if each.text]
    return tuple(sorted(whole, key=lambda each: each.by.casefold() != login.casefold()))


def _texts(pull_request: PullRequest, exclusions: Exclusions) -> Iterator[QuotableText]:
    author = pull_request.author
    if not is_bot(author, pull_request.author_kind):
        yield QuotableText(pull_request.title, "title", by=author, url=pull_request.url)
        yield _written(pull_request.body, "description", 0, author, pull_request.url)
    for index, review in enumerate(pull_request.reviews):
        if not is_bot(review.author, review.author_kind):
            yield _written(review.body, "review", index, review.author, review.url)
    for kind, comments in (("comment", pull_request.comments), ("comment on a line", pull_request.review_comments)):
        for index, comment in enumerate(comments):
            if not is_bot(comment.author, comment.author_kind) and not (comment.path and exclusions.path(comment.path)):
                yield _written(comment.body, kind, index, comment.author, comment.url)
    for index, label in enumerate(pull_request.labels):
        yield QuotableText(label, "label", index)
    for index, file in enumerate(pull_request.files):
        if not exclusions.path(file.path):
            yield QuotableText(file.path, "path", index)


def _written(text: str, kind: str, index: int, by: str, url: str) -> QuotableText:
    spans = tuple((span.start, span.end) for span in program_spans(text))
    return QuotableText(text, kind, index, by, url, spans)
