"""GitHub's search language, as far as it is needed to find pull requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from devtrail_tui.demo.records import PullRequest

if TYPE_CHECKING:
    from devtrail_tui.demo.world import World

MOST_RESULTS = 1000
"""A search never gives more than this many results, however many it counts."""

_TOKEN = re.compile(r'(-?)([a-z-]+):("[^"]*"|\S+)|"([^"]*)"|(\S+)')
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends included; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: datetime | None) -> bool:
        if moment is None:
            return False
        return (self.start is None or moment >= self.start) and (self.end is None or moment <= self.end)


@dataclass(frozen=True, slots=True)
class Qualifier:
    name: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    qualifiers: tuple[Qualifier, ...]
    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> SearchQuery:
        qualifiers: list[Qualifier] = []
        words: list[str] = []
        for minus, name, value, quoted, word in _TOKEN.findall(text):
            if name:
                qualifiers.append(Qualifier(name, value.strip('"'), negated=bool(minus)))
            else:
                words.append(quoted or word)
        return cls(tuple(qualifiers), tuple(words))

    def values(self, name: str) -> list[str]:
        return [item.value for item in self.qualifiers if item.name == name and not item.negated]


def parse_interval(value: str) -> Interval | None:
    """`A..B`, `>=A`, `>A`, `<=A`, `<A` or one day, of dates or timestamps; None if it is none of these.

    A date means its whole day in UTC, as at GitHub.
    """
    try:
        if ".." in value:
            low, _, high = value.partition("..")
            return Interval(None if low == "*" else _first_moment(low), None if high == "*" else _last_moment(high))
        for sign, make in _COMPARISONS:
            if value.startswith(sign):
                return make(value[len(sign) :])
        return Interval(_first_moment(value), _last_moment(value))
    except ValueError:
        return None


def _first_moment(value: str) -> datetime:
    if _DAY.match(value):
        return datetime.combine(date.fromisoformat(value), time.min, UTC)
    return _moment(value)


def _last_moment(value: str) -> datetime:
    if _DAY.match(value):
        return _first_moment(value) + timedelta(days=1) - timedelta(microseconds=1)
    return _moment(value)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_STEP = timedelta(microseconds=1)
_COMPARISONS: tuple[tuple[str, Callable[[str], Interval]], ...] = (
    (">=", lambda value: Interval(start=_first_moment(value))),
    ("<=", lambda value: Interval(end=_last_moment(value))),
    (">", lambda value: Interval(start=_last_moment(value) + _STEP)),
    ("<", lambda value: Interval(end=_first_moment(value) - _STEP)),
)

_PEOPLE: dict[str, Callable[[PullRequest, str], bool]] = {
    "author": lambda pull, login: pull.author_login == login,
    "commenter": lambda pull, login: login in pull.commenters,
    "reviewed-by": lambda pull, login: login in pull.reviewers,
    "mentions": lambda pull, login: login in pull.mentioned,
    "involves": lambda pull, login: login == pull.author_login or login in pull.commenters or login in pull.mentioned,
}
_TIMES: dict[str, Callable[[PullRequest], datetime | None]] = {
    "merged": lambda pull: pull.merged_at,
    "created": lambda pull: pull.created_at,
    "updated": lambda pull: pull.updated_at,
    "closed": lambda pull: pull.merged_at or pull.closed_at,
}
_STATES: dict[str, Callable[[PullRequest], bool]] = {
    "pr": lambda _: True,
    "pull-request": lambda _: True,
    "merged": lambda pull: pull.merged_at is not None,
    "unmerged": lambda pull: pull.merged_at is None,
    "open": lambda pull: pull.state == "OPEN",
    "closed": lambda pull: pull.state != "OPEN",
    "draft": lambda pull: pull.is_draft,
    "issue": lambda _: False,
}
_ORDERS: dict[str, Callable[[PullRequest], datetime]] = {
    "created": lambda pull: pull.created_at,
    "updated": lambda pull: pull.updated_at,
}


def run(world: World, text: str, viewer: str) -> Sequence[PullRequest]:
    """Every pull request the query finds, in its order; the caller cuts it at `MOST_RESULTS`."""
    query = SearchQuery.parse(text)
    found: Iterable[PullRequest] = _candidates(world, query, viewer)
    for qualifier in query.qualifiers:
        found = filter(_condition(qualifier, viewer), found)
    for word in query.words:
        needle = word.casefold()
        found = (pull for pull in found if needle in pull.detail.title.casefold())
    return _sorted(list(found), query.values("sort"))


def _candidates(world: World, query: SearchQuery, viewer: str) -> Sequence[PullRequest]:
    """The smallest index that holds every result."""
    repositories = {name.casefold() for name in query.values("repo")}
    known = [repository for repository in world.repositories if repository.full_name.casefold() in repositories]
    pools: list[Sequence[PullRequest]] = [world.pull_requests]
    if repositories:
        pools.append([pull for repository in known for pull in world.of_repository(repository)])
    for role in ("author", "commenter", "reviewed-by"):
        pools.extend(world.of_person(role, _login(value, viewer)) for value in query.values(role))
    smallest = min(pools, key=len)
    return [pull for pull in smallest if not repositories or pull.repository in known]


def _condition(qualifier: Qualifier, viewer: str) -> Callable[[PullRequest], bool]:
    holds = _plain_condition(qualifier.name, qualifier.value, viewer)
    if qualifier.negated:
        return lambda pull: not holds(pull)
    return holds


def _plain_condition(name: str, value: str, viewer: str) -> Callable[[PullRequest], bool]:
    if name in _PEOPLE:
        test, login = _PEOPLE[name], _login(value, viewer)
        return lambda pull: test(pull, login)
    if name in _TIMES:
        interval, moment = parse_interval(value), _TIMES[name]
        return lambda pull: interval is not None and interval.holds(moment(pull))
    if name in ("is", "type", "state"):
        return _STATES.get(value, lambda _: False)
    if name == "repo":
        return lambda _: True
    if name == "sort":
        return lambda _: True
    if name in ("org", "user"):
        return lambda pull: pull.repository.owner.login.casefold() == value.casefold()
    if name == "label":
        return lambda pull: value in pull.detail.labels
    return lambda pull: f"{name}:{value}".casefold() in pull.detail.title.casefold()


def _login(value: str, viewer: str) -> str:
    return viewer if value.casefold() in ("@me", viewer.casefold()) else value.casefold()


def _sorted(found: list[PullRequest], sorts: list[str]) -> list[PullRequest]:
    field, _, direction = (sorts[-1] if sorts else "created-desc").partition("-")
    key = _ORDERS.get(field, _ORDERS["created"])
    return sorted(found, key=lambda pull: (key(pull), pull.node_id), reverse=direction != "asc")
