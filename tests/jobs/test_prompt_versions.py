"""A new wording of ours asks nothing again by itself, and each stored quote stands where it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devtrail_tui.clients.claude import prompt
from devtrail_tui.core.job import Status
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk

SHOP = "acme/shop"


@pytest.fixture
def plain_server() -> Iterator[FaultyServer]:
    """A repository whose pull requests all get useful answers."""
    with FaultyServer(small_world([Written(f"Back off, step {number}") for number in range(4)])) as running:
        yield running


def test_a_stored_year_is_not_billed_anew_for_a_new_prompt(
    plain_server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(plain_server, tmp_path)
    monkeypatch.setattr(prompt, "_INSTRUCTIONS", "Another wording. " + prompt._INSTRUCTIONS)
    assert desk.sync(SHOP).status is Status.COMPLETED
    assert plain_server.count("messages") == 4
    monkeypatch.undo()
    second = desk.sync(SHOP)
    assert second.spent_usd == 0
    assert "prompt version; judge again with --rejudge. It would cost about $" in desk.log(second)
    assert plain_server.count("messages") == 4
    desk.sync(SHOP, rejudge=True)
    assert plain_server.count("messages") == 8
    desk.close()


def test_a_new_language_asks_nothing_by_itself(plain_server: FaultyServer, tmp_path: Path) -> None:
    for language in (None, "Polish"):
        desk = Desk(plain_server, tmp_path, settings={"language": language})
        desk.sync(SHOP)
        desk.close()
        assert plain_server.count("messages") == 4


def test_each_quote_stands_where_it_says(desk: Desk) -> None:
    desk.sync(SHOP)
    lists = {"comment": "comments", "review": "reviews", "comment on a line": "reviewComments"}
    places = 0
    for detail in desk.evidence().values():
        content = detail.content
        for match in detail.entry.matches:
            assert len(match.quotes) == len(match.quote_places)
            for quote, place in zip(match.quotes, match.quote_places, strict=True):
                if place.kind in lists:
                    entry = content[lists[place.kind]][place.index]
                    text, by = entry["body"], entry["author"]
                else:
                    text, by = (
                        {"title": content["title"], "description": content["body"]}[place.kind],
                        content["author"],
                    )
                assert text[place.start : place.end] == quote
                assert place.by == by
                places += 1
    assert places > 10
