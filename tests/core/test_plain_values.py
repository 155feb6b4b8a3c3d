"""What a handler may hand over, and how it is told what it may not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest

from devtrail_tui.core.plain_values import check_fields, described, plain
from devtrail_tui.core.progress import Count, Part, Progress, Waiting

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


def test_plain_values_come_back_as_copies() -> None:
    given = {"a": [1, 2.5, None, True, ("x", Colour.RED)], "b": {"c": {}}}
    copy = plain(given)
    assert copy == {"a": [1, 2.5, None, True, ["x", "red"]], "b": {"c": {}}}
    assert copy["b"] is not given["b"]
    assert type(copy["a"][4][1]) is str


endless: dict[str, Any] = {}
endless["again"] = endless


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"ratio": float("nan")}, "ratio is nan"),
        ({"a": [0, {"b": float("-inf")}]}, r"a\[1\]\.b is -inf"),
        ({"day": date(2026, 11, 20)}, "day is a date"),
        ({"many": {1, 2}}, "many is a set"),
        ({"big": 10**30}, "big is a large int"),
        ({"a": {1: 2}}, "a key of a is an int"),
        ({1: 2}, "a key is an int"),
        (endless, "is nested too deeply"),
    ],
)
def test_what_cannot_be_stored_is_named(value: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        plain(value)


def test_words_for_values() -> None:
    assert [described(each) for each in (None, float("nan"), 1, [], object())] == [
        "None",
        "nan",
        "an int",
        "a list",
        "an object",
    ]


def test_progress_that_fits_is_let_through() -> None:
    check_fields(Progress(), "The progress")
    parts, counts = (Part("acme/shop", 1, None), Part("acme/api", 0, 3)), (Count("new", 2),)
    check_fields(Progress(percent=3, parts=parts, counts=counts, waiting=Waiting("GitHub", NOW)), "The progress")


@pytest.mark.parametrize(
    ("progress", "sentence"),
    [
        (Progress(budget_usd=float("nan")), "The progress's budget_usd is nan, which is no float or None."),
        (Progress(parts=("one",)), "The progress's parts is a tuple, which is no tuple of Part."),  # type: ignore[arg-type]  # the fault
        (Progress(parts=[]), "The progress's parts is a list, which is no tuple of Part."),  # type: ignore[arg-type]  # the fault
        (Progress(parts=(Part("a", 1.5),)), "The progress's parts's done is a float, which is no int."),  # type: ignore[arg-type]  # the fault
        (Progress(counts=(Count("a", True),)), "The progress's counts's number is a bool, which is no int."),
        (Progress(phase=None), "The progress's phase is None, which is no str."),  # type: ignore[arg-type]  # the fault
    ],
)
def test_progress_that_does_not_fit_is_refused_with_its_field(progress: Progress, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole sentence is compared
        check_fields(progress, "The progress")
    assert str(caught.value) == sentence
