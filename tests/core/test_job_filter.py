"""What people type into the job list's filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.job import Status
from devtrail_tui.core.job_filter import JobFilter, parse


def words(*values: str) -> frozenset[str]:
    return frozenset(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", JobFilter()),
        ("   ", JobFilter()),
        ("state:failed", JobFilter(statuses=frozenset({Status.FAILED}))),
        ("STATE:Failed", JobFilter(statuses=frozenset({Status.FAILED}))),
        ("status:c", JobFilter(statuses=frozenset({Status.COMPLETED, Status.CANCELLED}))),
        ("state:canceled", JobFilter(statuses=frozenset({Status.CANCELLED}))),
        ("state:queued,running", JobFilter(statuses=frozenset({Status.PENDING, Status.RUNNING}))),
        ("type:Sync type:report", JobFilter(types=words("sync", "report"))),
        ("repo:Acme/Shop", JobFilter(repositories=words("acme/shop"))),
        ("#12 id:7 id:#8", JobFilter(ids=frozenset({12, 7, 8}))),
        ("Q3 Shop", JobFilter(words=words("q3", "shop"))),
        ('"two words" one', JobFilter(words=words("two words", "one"))),
        ('"open quote', JobFilter(words=words("open quote"))),
        ('repo:"acme/my shop"', JobFilter(repositories=words("acme/my shop"))),
        ("#fix 12", JobFilter(words=words("#fix", "12"))),
        ("https://github.com/acme/shop", JobFilter(words=words("https://github.com/acme/shop"))),
        ("state: fix", JobFilter(words=words("fix"))),
        ("type:", JobFilter()),
        ("fix: shop", JobFilter(words=words("fix:", "shop"))),
        ("a\x1b[31mb", JobFilter(words=words("ab"))),
    ],
)
def test_parse(text: str, expected: JobFilter) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user:ada", "“user:” is not a qualifier; write one of state:, status:, type:, repo:, id:."),
        ("state:broken", "“broken” is not a state; write one of pending, running, completed, failed, cancelled."),
        ("id:twelve", "“twelve” is not a job number."),
        ("id:" + "9" * 5000, "is not a job number."),
        ("id:²", "is not a job number."),
    ],
)
def test_what_is_not_understood_is_said_and_the_rest_holds(text: str, says: str) -> None:
    found = parse(f"{text} shop")
    assert len(found.problems) == 1
    assert says in found.problems[0]
    assert found.words == {"shop"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("state:faild", "did you mean failed?"),
        ("sate:failed", "“sate:” is not a qualifier; did you mean state:?"),
    ],
)
def test_the_nearest_word_is_offered(text: str, says: str) -> None:
    assert says in parse(text).problems[0]


def test_a_bare_state_is_a_word_with_a_hint() -> None:
    assert parse("failed").words == {"failed"}
    assert parse("failed shop").hint == "To filter by state: state:failed"
    assert parse("state:failed shop").hint == ""


@given(st.text())
def test_anything_can_be_typed(text: str) -> None:
    found = parse(text)
    assert all(word == word.casefold() for word in found.words)


@pytest.mark.parametrize(
    ("typed", "type_name", "has"),
    [
        ("", "GITHUB_SYNC", True),
        ("type:sync", "GITHUB_SYNC", True),
        ("type:github_s", "GITHUB_SYNC", True),
        ("type:analysis", "AI_ANALYSIS", True),
        ("type:hub", "GITHUB_SYNC", False),
        ("type:report,sync", "GITHUB_SYNC", True),
    ],
)
def test_a_type_is_found_by_the_beginning_of_any_of_its_words(typed: str, type_name: str, has: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert parse(typed).has_type(type_name) is has
