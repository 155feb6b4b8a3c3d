"""Which texts a match may quote, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devtrail_tui.core.evidence import Comment, PullRequest, Review, is_bot
from devtrail_tui.core.exclusions import NOTHING_EXCLUDED, Exclusions
from devtrail_tui.core.quotable import quotable_texts
from devtrail_tui.core.quotes import QuotableTexts, Quotation
from tests.security.samples import PULL_REQUEST

AT = datetime(2026, 3, 4, tzinfo=UTC)
BODY = "<!-- hidden hint -->\nThe limit is five now.\n- [x] I have added tests\n\n## Summary by Sourcery\nA summary of the bot."
PULL = replace(
    PULL_REQUEST,
    title="Bound the retries",
    author="mona",
    author_kind="User",
    body=BODY,
    comments=(
        Comment("codecov", "Coverage is 81 percent now.", AT, author_kind="Bot"),
        Comment("carol", "Mona found the real cause within an hour.", AT, url="https://x/1"),
        Comment("rails-bot", "Thank you for your contribution.", AT),
    ),
    reviews=(Review("carol", "APPROVED", "The limit is five now.", AT, url="https://x/2"),),
    review_comments=(Comment("mona", "Five is what the runbook says.", AT, path="secret/a.py"),),
)


def quoted(
    quote: str, pull: PullRequest = PULL, *, login: str = "mona", paths: tuple[str, ...] = ()
) -> Quotation | None:
    exclusions = Exclusions((), paths) if paths else NOTHING_EXCLUDED
    return QuotableTexts(quotable_texts(pull, exclusions, login=login)).find(quote)


@pytest.mark.parametrize(
    "quote",
    [
        "hidden hint",
        "I have added tests",
        "A summary of the bot.",
        "Coverage is 81 percent now.",
        "Thank you for your contribution.",
        "five now. - [x] I have",
    ],
)
def test_what_programs_wrote_is_not_quoted(quote: str) -> None:
    assert quoted(quote) is None


def test_a_quote_of_somebody_else_has_its_author_and_place() -> None:
    quotation = quoted("found the real cause")
    assert quotation is not None
    place = quotation.place
    assert (place.kind, place.index, place.by, place.url) == ("comment", 1, "carol", "https://x/1")
    assert PULL.comments[1].body[place.start : place.end] == "found the real cause"


@pytest.mark.parametrize(("login", "kind"), [("mona", "description"), ("Carol", "review")])
def test_of_equal_texts_the_persons_own_is_quoted(login: str, kind: str) -> None:
    quotation = quoted("The limit is five now.", login=login)
    assert quotation is not None
    assert (quotation.place.kind, quotation.place.by) == (kind, login.lower())


def test_excluded_paths_and_a_bots_pull_request_are_not_quoted() -> None:
    assert quoted("what the runbook says") is not None
    assert quoted("what the runbook says", paths=("secret/*",)) is None
    assert quoted("Bound the retries", replace(PULL, author_kind="Bot")) is None
    assert quoted("found the real cause", replace(PULL, author_kind="Bot")) is not None


@pytest.mark.parametrize(
    ("login", "kind", "expected"),
    [
        ("dependabot", "Bot", True),
        ("renovate[bot]", "User", True),
        ("k8s-ci-robot", "User", True),
        ("rails-bot", "User", True),
        ("abbot", "User", False),
        ("hubot", "User", False),
        ("botond", "User", False),
        ("the-robotics-team", "User", False),
    ],
)
def test_who_is_a_bot(login: str, kind: str, *, expected: bool) -> None:
    assert is_bot(login, kind) is expected
