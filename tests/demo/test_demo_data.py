"""The data of the demo: as much as was promised, the same every time, and the awkward ones as they were worked out by hand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import pytest

from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.components import components
from devtrail_tui.core.evidence import PullRequest, PullRequestRef
from devtrail_tui.core.figures import figures_of
from devtrail_tui.core.involvement import roles
from devtrail_tui.demo.dataset import Scale, build_world, written_stories
from devtrail_tui.demo.records import Person, ReviewCommentRecord
from devtrail_tui.demo.records import PullRequestRecord as Served
from devtrail_tui.demo.server import GITHUB_TOKEN
from devtrail_tui.demo.story import parse
from devtrail_tui.demo.world import World
from tests.demo.awkward import AWKWARD, LOGIN, Expected
from tests.demo.conftest import TODAY
from tests.doubles.server import FaultyServer
from tests.doubles.worlds import involving


def test_400_merged_of_a_team_and_about_90_of_the_user(world: World) -> None:
    merged = [pull for pull in world.pull_requests if pull.merged_at]
    mine = involving(world, LOGIN)
    roles_of = Counter[str]()
    for pull in mine:
        roles_of["author"] += pull.author_login == LOGIN
        roles_of["reviewer"] += pull.author_login != LOGIN and LOGIN in pull.reviewers
        roles_of["commenter only"] += pull.author_login != LOGIN and LOGIN not in pull.reviewers
    assert len(merged) == 400
    assert 80 <= len(mine) <= 100
    assert min(roles_of.values()) >= 8
    assert len({pull.author_login for pull in merged}) >= 10
    assert {pull.repository.full_name for pull in merged} == {"acme/shop", "acme/api", "acme/web", "acme/platform"}


@pytest.mark.parametrize("today", [TODAY, date(2026, 3, 1), date(2028, 2, 29), date(2027, 1, 4)])
def test_whatever_the_day_the_last_year_has_data(today: date) -> None:
    world = build_world(today)
    midnight = datetime.combine(today, time.min, UTC)
    moments = [pull.merged_at for pull in involving(world, LOGIN) if pull.merged_at]
    assert len([moment for moment in moments if moment >= midnight - timedelta(days=365)]) >= 60
    assert all(midnight - timedelta(days=426) <= moment < midnight for moment in moments)
    assert all(pull.created_at < (pull.merged_at or midnight) for pull in world.pull_requests)


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    again, other = build_world(TODAY), build_world(TODAY, seed=8)
    assert [(pull.node_id, pull.merged_at, pull.detail) for pull in again.pull_requests] == [
        (pull.node_id, pull.merged_at, pull.detail) for pull in world.pull_requests
    ]
    assert [pull.merged_at for pull in other.pull_requests] != [pull.merged_at for pull in world.pull_requests]


def test_ids_and_numbers_are_unique_and_people_say_different_things(world: World) -> None:
    pulls = world.pull_requests
    assert len({pull.node_id for pull in pulls}) == len(pulls)
    assert len({(pull.repository.full_name, pull.number) for pull in pulls}) == len(pulls)
    mine = involving(world, LOGIN)
    assert len({pull.detail.title for pull in mine}) == len(mine)
    assert len({pull.detail.body for pull in mine}) == len(mine)
    reviews = [review.node_id for pull in pulls for review in pull.detail.reviews]
    parts = [*reviews, *(comment.node_id for pull in pulls for comment in pull.detail.comments)]
    parts += [comment.node_id for pull in pulls for comment in _line_comments(pull)]
    assert len(set(parts)) == len(parts)
    assert all(world.node(part) is not None for part in reviews[::20])


def test_who_took_part_is_known_before_the_texts_are_made(world: World) -> None:
    for pull in world.pull_requests:
        writers: list[Person | None] = [comment.author for comment in pull.detail.comments]
        writers += [comment.author for comment in _line_comments(pull)]
        assert _logins(writers) == pull.commenters
        assert _logins([review.author for review in pull.detail.reviews]) == pull.reviewers


def _line_comments(pull: Served) -> list[ReviewCommentRecord]:
    return [comment for review in pull.detail.reviews for comment in review.comments]


def _logins(people: Iterable[Person | None]) -> set[str]:
    return {person.login if person else "ghost" for person in people}


@pytest.mark.parametrize(
    "scale", [Scale(merged=2_000, involving_user=150), pytest.param(Scale.large(), marks=pytest.mark.full)]
)
def test_a_larger_scale(scale: Scale) -> None:
    world = build_world(TODAY, scale=scale)
    assert sum(pull.merged_at is not None for pull in world.pull_requests) == scale.merged
    assert len(involving(world, LOGIN)) == scale.involving_user
    assert len({pull.node_id for pull in world.pull_requests}) == len(world.pull_requests)
    with pytest.raises(ValueError, match="cannot hold"):
        build_world(TODAY, scale=Scale(merged=10))


def test_every_written_story_is_about_the_user() -> None:
    for story in written_stories():
        assert LOGIN in {story.author, *story.commenters(), *story.reviewers()}, story.title
        assert story.files, story.title
        assert story.body, story.title


@pytest.mark.parametrize(
    "text",
    [
        "=== shop | T | b | l | author=robin-demo hours=1\nBody\n--- files\nno numbers\n",
        "=== shop | T | b | l | author=robin-demo hours=1\nBody\n--- files\na +1 -1\n--- talk\nsomebody said\n",
    ],
)
def test_a_story_that_cannot_be_read_names_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"no numbers|somebody said"):
        list(parse(text))


@pytest.fixture(scope="module")
def hydrated() -> dict[str, PullRequest]:
    """Every pull request of the awkward list, fetched by the product's own client, by title."""
    return asyncio.run(_hydrated())


async def _hydrated() -> dict[str, PullRequest]:
    world = build_world(TODAY)
    wanted = {expected.title for expected in AWKWARD}
    async with FaultyServer(world) as server:
        client = GitHubClient(
            server.url,
            GITHUB_TOKEN,
            clock=SystemClock(),
            narrate=lambda _level, _text: None,
            waiting=lambda _why, _until: None,
            pause_s=0.0,
        )
        midnight = datetime.combine(TODAY, time.min, UTC)
        refs: list[PullRequestRef] = []
        for person in {LOGIN, "priya-narayan"}:
            for name in ("acme/shop", "acme/api", "acme/web", "acme/platform"):
                repository = await client.repository(name)
                refs += (await client.discover(repository, person, midnight - timedelta(days=430), midnight)).refs
        unique = {ref.node_id: ref for ref in refs}
        pulls = [each.pull_request async for each in client.hydrate(list(unique.values()))]
        await client.aclose()
    return {pull.title: pull for pull in pulls if pull is not None and pull.title in wanted}


@pytest.mark.xdist_group("hydrated")  # they are fetched once
@pytest.mark.parametrize("expected", AWKWARD, ids=lambda expected: expected.title[:40])
def test_the_awkward_ones_are_what_was_worked_out_by_hand(expected: Expected, hydrated: dict[str, PullRequest]) -> None:
    pull = hydrated[expected.title]
    measured = figures_of(pull)
    assert pull.repository == expected.repository
    assert (pull.author, pull.author_kind) == (expected.author, expected.author_kind)
    assert tuple(role.value for role in roles(pull, LOGIN)) == expected.roles
    assert (pull.changed_files, len(pull.files)) == (expected.changed_files, expected.changed_files)
    assert (pull.additions, pull.deletions) == (expected.additions, expected.deletions)
    assert measured["review_rounds"] == expected.review_rounds
    assert len(pull.comments) == expected.comments
    assert len(pull.review_comments) == expected.review_comments
    assert set(expected.components) <= set(components(pull.files))
