"""Generates the pull requests without a written story: the rest of the team's work, and the large scale.

An `Outline` fixes the participants at once; title, description, files and conversation are generated on demand from its seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from devtrail_tui.demo.people import ROBIN, TEAM
from devtrail_tui.demo.records import Detail, FileRecord, PullRequestRecord
from devtrail_tui.demo.story import Story, Turn, detail_of
from devtrail_tui.demo.vocabulary import (
    ANYWHERE,
    AREAS,
    ASIDES,
    BEHIND,
    CHANGES,
    ON_SCREENS,
    REMARKS,
    VERDICTS,
    Area,
    Change,
)

MOST_TRIES = 40
_FITTING = {area.noun: tuple(change for change in CHANGES if change.fits(area)) for area in AREAS}
_PLACES = {True: (*ANYWHERE, *ON_SCREENS), False: (*ANYWHERE, *BEHIND)}


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """A planned turn of a conversation, with its number of line comments."""

    sign: str
    login: str
    remarks: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """A planned pull request: repository, author, participants, and the seed of the rest."""

    area: Area
    change: Change
    place: str
    author: str
    hours: float
    turns: tuple[TurnPlan, ...]
    seed: int

    @property
    def repository(self) -> str:
        return self.area.repository

    @property
    def title(self) -> str:
        return self.change.title.format(noun=self.area.noun, place=self.place)

    def commenters(self) -> frozenset[str]:
        return frozenset(turn.login for turn in self.turns if turn.sign == "?" or turn.remarks)

    def reviewers(self) -> frozenset[str]:
        return frozenset(turn.login for turn in self.turns if turn.sign != "?")

    def make_detail(self, pull: PullRequestRecord) -> Detail:
        """The complete detail of its page."""
        return detail_of(_story(self), pull)


def _idea(rng: random.Random) -> tuple[Area, Change, str, str]:
    area = rng.choice(AREAS)
    change = rng.choice(_FITTING[area.noun])
    place = rng.choice(_PLACES[area.has_screen])
    return area, change, place, change.title.format(noun=area.noun, place=place)


def outline(rng: random.Random, *, with_user: bool, titles: set[str]) -> Outline:
    """A new outline, with or without the user. `titles` collects the titles to avoid repetitions."""
    area, change, place, title = _idea(rng)
    for _ in range(MOST_TRIES - 1):
        if title not in titles:
            break
        area, change, place, title = _idea(rng)
    titles.add(title)
    author, *others = rng.sample([person.login for person in TEAM], 4)
    role = rng.choices(("author", "reviewer", "commenter"), (5, 3, 2))[0] if with_user else ""
    if role == "author":
        author = ROBIN.login
    reviewer = ROBIN.login if role == "reviewer" else others[0]
    turns = _turns(rng, author, reviewer, others[1])
    if role == "commenter":
        turns.insert(rng.randint(0, len(turns)), TurnPlan("?", ROBIN.login))
    hours = max(0.4, rng.lognormvariate(2.6, 1.1))
    return Outline(area, change, place, author, min(hours, 700.0), tuple(turns), rng.getrandbits(48))


def _turns(rng: random.Random, author: str, reviewer: str, second: str) -> list[TurnPlan]:
    turns: list[TurnPlan] = []
    for _ in range(rng.choices((0, 1, 2), (6, 3, 1))[0]):
        turns += [TurnPlan("x", reviewer, rng.randint(1, 4)), TurnPlan("?", author)]
    if rng.random() < 0.35:
        turns.append(TurnPlan("~", second, rng.randint(1, 2)))
    if rng.random() < 0.3:
        turns.append(TurnPlan("?", second))
    if reviewer == ROBIN.login or rng.random() < 0.94:
        turns.append(TurnPlan("+", reviewer))
    return turns


def _story(outline: Outline) -> Story:
    rng = random.Random(outline.seed)  # noqa: S311 - made-up data, not a secret
    area, change = outline.area, outline.change
    names = {"noun": area.noun, "place": outline.place, "days": rng.randint(2, 9), "share": rng.randint(11, 68)}
    names |= {"count": rng.randint(3, 48), "milliseconds": rng.randint(120, 2400)}
    paragraphs = [sentence.format(**names) for sentence in rng.sample(change.why, 1)]
    paragraphs.append(
        " ".join(sentence.format(**names) for sentence in rng.sample(change.how, min(2, len(change.how))))
    )
    if rng.random() < 0.6:
        paragraphs.append(rng.choice(change.checks).format(**names))
    files = _files(rng, area, change)
    return Story(
        repository=area.repository,
        title=outline.title,
        branch=f"{change.prefix}/{'-'.join(area.noun.lower().replace(',', '').split()[-2:])}-{outline.seed % 997}",
        labels=tuple(rng.sample((change.prefix, *area.labels), rng.randint(0, 1 + len(area.labels)))),
        author=outline.author,
        hours=outline.hours,
        body="\n\n".join(map(_with_capitals, paragraphs)),
        files=files,
        talk=tuple(_turn(rng, plan, area, files) for plan in outline.turns),
    )


def _with_capitals(text: str) -> str:
    """The text with capital letters at the start of sentences that begin with a place."""
    return re.sub(r"(^|[.?!] )([a-z])", lambda match: match.group(1) + match.group(2).upper(), text)


def _files(rng: random.Random, area: Area, change: Change) -> tuple[FileRecord, ...]:
    paths = rng.sample(area.paths, rng.randint(1, min(5, len(area.paths))))
    return tuple(FileRecord(path, rng.randint(1, change.size), rng.randint(0, change.size // 2 + 1)) for path in paths)


def _turn(rng: random.Random, plan: TurnPlan, area: Area, files: Sequence[FileRecord]) -> Turn:
    names = {"noun": area.noun, "person": rng.choice(TEAM).name.split()[0]}
    texts = ASIDES if plan.sign == "?" else VERDICTS[plan.sign]
    turn = Turn(plan.sign, plan.login, rng.choice(texts).format(**names))
    for remark in rng.sample(REMARKS, plan.remarks):
        turn.remarks.append((rng.choice(files).path, remark.format(**names)))
    return turn
