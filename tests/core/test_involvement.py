"""Roles, verified on the pull request itself."""

from __future__ import annotations

import pytest

from devtrail_tui.core.evidence import Role
from devtrail_tui.core.involvement import roles
from tests.core.pull_requests import comment, pull_request, review

ME = "Robin"


def test_author_in_any_case() -> None:
    assert roles(pull_request(author="rObIn"), ME) == (Role.AUTHOR,)


def test_a_stranger_has_no_role() -> None:
    assert roles(pull_request(author="kim", reviews=[review("sam")], comments=[comment("kim")]), ME) == ()


def test_a_comment_in_the_conversation_or_on_a_line() -> None:
    assert roles(pull_request(author="kim", comments=[comment("robin")]), ME) == (Role.COMMENTER,)
    assert roles(pull_request(author="kim", review_comments=[comment("robin")]), ME) == (Role.COMMENTER,)


@pytest.mark.parametrize("state", ["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"])
def test_a_submitted_review_makes_a_reviewer(state: str) -> None:
    assert roles(pull_request(author="kim", reviews=[review("ROBIN", state)]), ME) == (Role.REVIEWER,)


def test_a_review_that_was_never_submitted_does_not() -> None:
    assert roles(pull_request(author="kim", reviews=[review("robin", "PENDING")]), ME) == ()


def test_an_author_who_answers_a_review_is_no_reviewer() -> None:
    own = pull_request(author="robin", reviews=[review("robin", "COMMENTED")], review_comments=[comment("robin")])
    assert roles(own, ME) == (Role.AUTHOR, Role.COMMENTER)


def test_all_that_apply_in_a_fixed_order() -> None:
    found = roles(pull_request(author="kim", reviews=[review("robin")], comments=[comment("robin")]), ME)
    assert found == (Role.COMMENTER, Role.REVIEWER)


def test_part_of_a_login_is_somebody_else() -> None:
    assert roles(pull_request(author="robinson", comments=[comment("robin-2")]), ME) == ()
