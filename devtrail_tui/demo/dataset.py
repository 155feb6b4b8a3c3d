"""Builds the demo's world, deterministically for a day and a seed.

The user's own work and the awkward pull requests are written stories; the rest of the team's is generated. Everything is within
the 14 months before `today`, so that the last year always has data.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from importlib import resources

from devtrail_tui.demo import awkward, compose
from devtrail_tui.demo.people import BY_NAME, GHOST, REPOSITORIES, ROBIN, person
from devtrail_tui.demo.records import PullRequestRecord
from devtrail_tui.demo.story import Story, detail_of, parse
from devtrail_tui.demo.world import World

DAYS = 425
"""The time range of the data: 14 months."""

FIRST_NUMBERS = {"shop": 2140, "api": 1388, "web": 871, "platform": 604}


@dataclass(frozen=True, slots=True)
class Scale:
    """The amount of data: `merged` pull requests in total, `involving_user` of them with the user in a role.

    The written stories are always included and are the minimum.
    """

    merged: int = 400
    involving_user: int | None = None

    @classmethod
    def large(cls) -> Scale:
        """The scale of `--scale`: 1,000 of the user's among 30,000."""
        return cls(merged=30_000, involving_user=1_000)


def written_stories() -> list[Story]:
    """The stories of the package, in a stable order."""
    folder = resources.files("devtrail_tui.demo").joinpath("stories")
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".txt")), key=lambda item: item.name)
    return [story for item in files for story in parse(item.read_text("utf-8"))]


def build_world(today: date | None = None, *, seed: int = 7, scale: Scale | None = None) -> World:
    """The complete world. `today` defaults to today's date in UTC; nothing is merged on it or later.

    Raises ValueError for a scale below the written stories.
    """
    today = today or datetime.now(UTC).date()
    scale = scale or Scale()
    rng = random.Random(seed)  # noqa: S311 - made-up data, not a secret
    drafts = list(_written(today, rng))
    drafts += [_draft(story, moment) for story, moment in awkward.cases(today)]
    drafts += _composed(today, rng, scale, drafts)
    drafts += _unmerged(today, rng)
    return World(
        viewer=ROBIN,
        repositories=REPOSITORIES,
        pull_requests=list(_numbered(drafts, rng)),
        oddities=awkward.ODDITIES,
    )


def _written(today: date, rng: random.Random) -> Iterator[PullRequestRecord]:
    """The written stories, spread evenly over the months, with the repositories mixed."""
    stories = written_stories()
    rng.shuffle(stories)
    for index, story in enumerate(stories):
        ago = DAYS - 2 - (DAYS - 4) * (index + rng.random()) / len(stories)
        yield _draft(story, working_time(today, ago, rng))


def _draft(story: Story, merged_at: datetime) -> PullRequestRecord:
    return PullRequestRecord(
        repository=BY_NAME[story.repository],
        author=person(story.author),
        created_at=merged_at - timedelta(seconds=int(story.hours * 3600)),
        merged_at=merged_at,
        closed_at=merged_at,
        commenters=story.commenters(),
        reviewers=story.reviewers(),
        make_detail=partial(detail_of, story),
    )


def _composed(
    today: date, rng: random.Random, scale: Scale, written: Sequence[PullRequestRecord]
) -> Iterator[PullRequestRecord]:
    missing = scale.merged - len(written)
    with_user = 0
    if scale.involving_user is not None:
        with_user = scale.involving_user - sum(draft.involves(ROBIN.login) for draft in written)
    if not 0 <= with_user <= missing:
        raise ValueError(
            f"A scale of {scale.merged} with {scale.involving_user} of the user's cannot hold the written stories."
        )
    chosen = set(rng.sample(range(missing), with_user))
    titles: set[str] = set()
    for index in range(missing):
        moment = working_time(today, rng.uniform(1, DAYS - 1), rng)
        outline = compose.outline(rng, with_user=index in chosen, titles=titles)
        yield _from_outline(outline, moment, moment)


def _unmerged(today: date, rng: random.Random) -> Iterator[PullRequestRecord]:
    """Some open and some closed pull requests, which no search for merged ones may return."""
    titles: set[str] = set()
    for index in range(14):
        outline = compose.outline(rng, with_user=index % 2 == 0, titles=titles)
        if index < 6:
            yield _from_outline(outline, None, None, opened=working_time(today, rng.uniform(1, 20), rng))
        else:
            moment = working_time(today, rng.uniform(20, DAYS - 20), rng)
            yield _from_outline(outline, None, moment)


def _from_outline(
    outline: compose.Outline, merged_at: datetime | None, closed_at: datetime | None, opened: datetime | None = None
) -> PullRequestRecord:
    end = merged_at or closed_at
    created_at = opened if end is None else end - timedelta(seconds=int(outline.hours * 3600))
    if created_at is None:
        raise ValueError("An open pull request needs the time it was opened.")
    return PullRequestRecord(
        repository=BY_NAME[outline.repository],
        author=person(outline.author),
        created_at=created_at,
        merged_at=merged_at,
        closed_at=closed_at,
        commenters=outline.commenters(),
        reviewers=outline.reviewers(),
        make_detail=outline.make_detail,
    )


def _numbered(drafts: Iterable[PullRequestRecord], rng: random.Random) -> Iterator[PullRequestRecord]:
    """Assigns numbers in order of creation per repository, with gaps for issues, and the ids derived from them."""
    numbers = dict(FIRST_NUMBERS)
    for draft in sorted(drafts, key=lambda item: (item.created_at, item.repository.name, item.author_login or GHOST)):
        number = numbers[draft.repository.name] + rng.choice((1, 1, 1, 2, 2, 3, 5))
        numbers[draft.repository.name] = number
        node_id = f"PR_kwDO{draft.repository.number % 0xFFFFFF:06x}{number:08x}"
        yield replace(draft, number=number, node_id=node_id)


def working_time(today: date, days_ago: float, rng: random.Random) -> datetime:
    """A second in the working hours (UTC) of the day `days_ago`; weekends move to the Friday before, or to the Monday after if
    that is outside the 14 months."""
    day = today - timedelta(days=max(1, round(days_ago)))
    if day.weekday() >= 5:
        day -= timedelta(days=day.weekday() - 4)
    if (today - day).days > DAYS:
        day += timedelta(days=3)
    seconds = rng.randint(8 * 3600, 18 * 3600)
    return datetime.combine(day, time.min, UTC) + timedelta(seconds=seconds)
