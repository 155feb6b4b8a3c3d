"""GitHub's search language as far as the program uses it: participants of one repository, and merge times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from devtrail_tui.demo.records import PullRequestRecord
from devtrail_tui.demo.world import World

MOST_RESULTS = 1000
"""A search returns at most this many results, regardless of its count."""

OLDEST_FIRST = "sort:created-asc"
PEOPLE = ("author", "commenter", "reviewed-by")
_QUALIFIER = re.compile(r"([a-z-]+):(\S+)")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval with both ends inclusive."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end


def parse_interval(value: str) -> Interval:
    """Parse `A..B`, or one day or timestamp. A date is its whole day in UTC, as in GitHub. Raises ValueError."""
    low, _, high = value.partition("..")
    end = _moment(high or low)
    if _DAY.match(high or low):
        end += timedelta(days=1) - timedelta(microseconds=1)
    return Interval(_moment(low), end)


def _moment(value: str) -> datetime:
    if _DAY.match(value):
        return datetime.combine(date.fromisoformat(value), time.min, UTC)
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def run(world: World, text: str, viewer: str) -> Sequence[PullRequestRecord]:
    """The pull requests of the query, by creation; the caller cuts them at `MOST_RESULTS`.

    Every query must ask for merged pull requests (`is:pr is:merged`) or for those closed without a merge (`is:pr is:closed
    is:unmerged`). Raises ValueError for any other query.
    """
    pulls: Sequence[PullRequestRecord] = world.pull_requests
    for name, value in sorted(_QUALIFIER.findall(text), key=lambda qualifier: qualifier[0] not in PEOPLE):
        pulls = _matching(world, pulls, name, value, viewer)
    merged = "is:unmerged" not in text
    ended = [pull for pull in pulls if (pull.merged_at is not None) == merged and pull.closed_at is not None]
    return sorted(ended, key=lambda pull: (pull.created_at, pull.node_id), reverse=OLDEST_FIRST not in text)


def _matching(
    world: World, pulls: Sequence[PullRequestRecord], name: str, value: str, viewer: str
) -> Sequence[PullRequestRecord]:
    """Those of `pulls` that meet one qualifier. The qualifiers about people come first: they have an index."""
    if name in PEOPLE:
        login = viewer if value.casefold() in ("@me", viewer.casefold()) else value.casefold()
        return world.of_person(name, login)
    if name == "repo":
        return [pull for pull in pulls if pull.repository.full_name.casefold() == value.casefold()]
    if name in ("merged", "closed"):
        interval = parse_interval(value)
        moments = ((pull, pull.merged_at if name == "merged" else pull.closed_at) for pull in pulls)
        return [pull for pull, moment in moments if moment is not None and interval.holds(moment)]
    if name == "assignee":
        return []  # nobody is assigned anything in the demo
    if f"{name}:{value}" in ("is:pr", "is:merged", "is:closed", "is:unmerged", OLDEST_FIRST):
        return pulls
    raise ValueError(f"The demo's search does not know {name}:{value}.")
