"""Discovery: the ids of the merged pull requests of a repository in which a login took part.

The searches of the three roles share the first request; only those with more pages continue. GitHub's search returns at most
1,000 results per query, so a larger span is halved until it fits. It may also return fewer results than it counts (its index
timed out): then both halves of the span are searched again, and results that are still missing are reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from devtrail_tui.clients.github import parsing
from devtrail_tui.clients.github.answers import FORBIDDEN, GraphAnswer
from devtrail_tui.clients.github.calls import MOST_TRIES, Calls
from devtrail_tui.clients.github.failures import RequestRefused, TooHeavy
from devtrail_tui.clients.github.limiter import Narrate
from devtrail_tui.clients.github.shapes import Node, child, children, list_of, next_cursor, whole_number
from devtrail_tui.core.errors import PermanentError
from devtrail_tui.core.evidence import PullRequestRef
from devtrail_tui.core.job import Level
from devtrail_tui.core.left_out import LeftOut
from devtrail_tui.core.pull_request_source import DiscoveredPullRequests, MergedCounts, Repository

MOST_HALVINGS = 5
"""How often the days of a search that is too heavy are halved, a year to about eleven days, before it counts as an outage."""
MOST_RESULTS = 1000
QUALIFIERS: Mapping[str, str] = {"author": "author", "commenter": "commenter", "reviewer": "reviewed-by"}
"""Alias in documents.DISCOVER -> search qualifier."""
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\[bot\])?")
_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SECOND = timedelta(seconds=1)
PERMISSION = "Let it read pull requests there (fine-grained token: Pull requests, read; classic token: the scope repo)."


@dataclass(frozen=True, slots=True)
class Span:
    """A span in whole seconds, both ends inclusive, as in GitHub's `merged:A..B`."""

    first: datetime
    last: datetime

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Span:
        """The span [`start`, `end`)."""
        return cls(_whole_second(start), _whole_second(end) - _SECOND)

    @property
    def empty(self) -> bool:
        """Whether it contains no second."""
        return self.last < self.first

    @property
    def divisible(self) -> bool:
        """Whether it can be halved."""
        return self.last > self.first

    def halves(self) -> tuple[Span, Span]:
        """The two halves of a divisible span."""
        middle = self.first + timedelta(seconds=(self.last - self.first) // _SECOND // 2)
        return Span(self.first, middle), Span(middle + _SECOND, self.last)

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is inside, at the resolution of a second."""
        return self.first <= moment < self.last + _SECOND


@dataclass(slots=True)
class _RoleResults:
    """The results of one role's search: refs by node id, all returned ids (matching or not), and how many
    results are hidden from the token."""

    refs: dict[str, PullRequestRef] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    hidden: int = 0

    @property
    def returned(self) -> int:
        return len(self.ids) + self.hidden

    def add(self, other: _RoleResults) -> None:
        self.refs.update(other.refs)
        self.ids.update(other.ids)
        self.hidden += other.hidden


class Discovery:
    """Discovers the pull requests of one login in one repository, or, without it, in all that the token can see."""

    def __init__(self, calls: Calls, narrate: Narrate, repository: Repository | None, login: str) -> None:
        self._name = repository.name if repository else "all repositories"
        if not _LOGIN.fullmatch(login) or (repository and not _NAME.fullmatch(repository.name)):
            raise PermanentError(f"GitHub cannot be searched for {login} in {self._name}: that is not a valid login.")
        self._calls = calls
        self._narrate = narrate
        self._scope = f"repo:{repository.name} is:pr" if repository else "is:pr"
        self._repository = repository
        self._login = login
        self._refusal: RequestRefused | None = None

    async def run(self, start: datetime, end: datetime) -> DiscoveredPullRequests:
        """All pull requests merged in [`start`, `end`), each once, newest merge first. Raises RequestRefused if the token may see
        none of them."""
        span = Span.between(start, end)
        if span.empty:
            return DiscoveredPullRequests([])
        refs: dict[str, PullRequestRef] = {}
        hidden = 0
        firsts = await self._first_pages(span)
        for role in QUALIFIERS:
            if (first := firsts.get(role)) is None:
                results = await self._opened(role, span, look_again=True)
            else:
                results = await self._whole(role, span, first, look_again=True)
            refs.update(results.refs)
            hidden = max(hidden, results.hidden)  # the roles overlap
        newest_first = sorted(refs.values(), key=lambda ref: (ref.merged_at, ref.number), reverse=True)
        if self._refusal is None:
            return DiscoveredPullRequests(newest_first)
        if not refs:
            raise self._refused()
        left_out = LeftOut(f"pull requests of {self._name}", str(self._refused()), max(hidden, 1))
        return DiscoveredPullRequests(newest_first, (left_out,))

    async def commented(self, start: datetime, end: datetime) -> DiscoveredPullRequests:
        """Those merged in [`start`, `end`) that the login commented on."""
        span = Span.between(start, end)
        results = await self._opened("commenter", span, look_again=True)
        left_out = [LeftOut("pull requests", str(self._refused()), max(results.hidden, 1))] if self._refusal else []
        return DiscoveredPullRequests(list(results.refs.values()), left_out)

    async def merged_counts(self, start: datetime, end: datetime) -> MergedCounts:
        """How many pull requests the repository has in [`start`, `end`), for a person of whom it has none. One request."""
        span = Span.between(start, end)
        days = f"{_stamp(span.first)}..{_stamp(span.last)}"
        queries = {
            "merged": f"{self._scope} is:merged merged:{days}",
            "closed": f"{self._scope} is:closed is:unmerged author:{self._login} closed:{days}",
            "assigned": f"{self._scope} is:merged assignee:{self._login} merged:{days}",
        }
        answer = await self._asked("NothingFound", queries, tries=2)
        return MergedCounts(**{name: whole_number(child(answer.data, name), "issueCount") for name in queries})

    async def _first_pages(self, span: Span) -> dict[str, Node]:
        """The first page of each role in one request; empty if that is too heavy."""
        variables = {role: self._query(role, span) for role in QUALIFIERS}
        try:
            document = (await self._asked("Discover", variables, tries=2)).data
            return {role: self._result(document, role) for role in QUALIFIERS}
        except TooHeavy:
            return {}

    async def _opened(self, role: str, span: Span, *, look_again: bool, halvings: int = MOST_HALVINGS) -> _RoleResults:
        """All results of a role. A search that is too heavy is asked for half of the days, up to `halvings` times."""
        tries = MOST_TRIES if halvings == MOST_HALVINGS else 2
        try:
            page = await self._page(role, span, None, tries=tries)
        except TooHeavy:
            if not halvings or not span.divisible:
                raise
            return await self._halved(role, span, look_again=look_again, halvings=halvings - 1)
        return await self._whole(role, span, page, look_again=look_again)

    async def _whole(self, role: str, span: Span, page: Node, *, look_again: bool) -> _RoleResults:
        count = whole_number(page, "issueCount")
        if count > MOST_RESULTS and span.divisible:
            return await self._halved(role, span, look_again=look_again)
        collected = _RoleResults()
        self._take(page, span, collected)
        while (cursor := next_cursor(page)) is not None:
            page = await self._page(role, span, cursor)
            count_before = collected.returned
            self._take(page, span, collected)
            if collected.returned == count_before:
                break  # a page without new results could repeat for ever
        if collected.returned < count and look_again and span.divisible:
            collected.add(await self._halved(role, span, look_again=False))
        if collected.returned < count and look_again:
            self._say_incomplete(role, span, collected.returned, count)
        return collected

    async def _halved(self, role: str, span: Span, *, look_again: bool, halvings: int = MOST_HALVINGS) -> _RoleResults:
        collected = _RoleResults()
        for half in span.halves():
            collected.add(await self._opened(role, half, look_again=look_again, halvings=halvings))
        return collected

    async def _page(self, role: str, span: Span, after: str | None, *, tries: int = MOST_TRIES) -> Node:
        answer = await self._asked("Search", {"query": self._query(role, span), "after": after}, tries=tries)
        return self._result(answer.data, "found")

    def _result(self, document: Node, alias: str) -> Node:
        if document.get(alias) is None and self._refusal is not None:
            raise self._refused()
        return child(document, alias)

    def _refused(self) -> RequestRefused:
        reason = f"The token cannot search {self._name}: {self._refusal}."
        return RequestRefused(f"{reason} {PERMISSION}", kind=FORBIDDEN)

    async def _asked(self, name: str, variables: Mapping[str, object], *, tries: int) -> GraphAnswer:
        """A search answer. Retried if GitHub timed out, because a page may then lack results; a refusal only hides some."""
        failures = 0
        while True:
            answer = await self._calls.graph(name, variables, tries=tries)
            heavy_errors = [error for error in answer.errors if error.heavy]
            if not heavy_errors:
                if answer.errors and self._refusal is None:
                    self._refusal = RequestRefused(answer.errors[0].message.rstrip("."), kind=answer.errors[0].kind)
                return answer
            failure = TooHeavy(
                f"{self._calls.endpoint.api_host} could not finish the request: {heavy_errors[0].message}"
            )
            failures += 1
            if failures >= tries:
                raise failure
            await self._calls.back_off(failures, failure)

    def _take(self, page: Node, span: Span, seen: _RoleResults) -> None:
        seen.hidden += len(list_of(page)) - len(children(page))
        for node in children(page):
            ref = parsing.found(node)
            node_id = node.get("id")
            if isinstance(node_id, str):
                seen.ids.add(node_id)
            if ref is not None and span.holds(ref.merged_at) and self._is_ours(ref):
                seen.refs[ref.node_id] = ref

    def _is_ours(self, ref: PullRequestRef) -> bool:
        return self._repository is None or ref.repository.casefold() == self._name.casefold()

    def _query(self, role: str, span: Span) -> str:
        """The query; sorted, so that pages are stable."""
        return (
            f"{self._scope} is:merged {QUALIFIERS[role]}:{self._login} "
            f"merged:{_stamp(span.first)}..{_stamp(span.last)} sort:created-asc"
        )

    def _say_incomplete(self, role: str, span: Span, seen: int, count: int) -> None:
        self._narrate(
            Level.WARNING,
            f"{self._name}: GitHub's search counts {count} pull requests ({role}) from {span.first:%Y-%m-%d} to "
            f"{span.last:%Y-%m-%d} but returned {seen}; sync again later for the rest.",
        )


def _whole_second(moment: datetime) -> datetime:
    """The moment rounded up to a whole second."""
    moment = moment.astimezone(UTC)
    second = moment.replace(microsecond=0)
    return second if second == moment else second + _SECOND


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
