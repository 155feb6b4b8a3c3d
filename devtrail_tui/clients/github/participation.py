"""The repositories in which a person took part: GitHub's contributions by repository, a year a request, and a search for
comments, which are not contributions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from devtrail_tui.clients.github.calls import Calls
from devtrail_tui.clients.github.limiter import Narrate
from devtrail_tui.clients.github.search import Discovery
from devtrail_tui.clients.github.shapes import Node, child, list_of, text, whole_number
from devtrail_tui.core.left_out import LeftOut
from devtrail_tui.core.pull_request_source import Participation, RepositoryActivity
from devtrail_tui.core.text import safe_line

MOST_REPOSITORIES = 100
"""GitHub's maximum of repositories in one list of contributions."""
_YEAR = timedelta(days=365)
"""Not more than a year a request, by GitHub's rule."""
_KINDS = {
    "pull_requests": "pullRequestContributionsByRepository",
    "reviews": "pullRequestReviewContributionsByRepository",
}


async def participation(
    calls: Calls, narrate: Narrate, login: str, start: datetime, end: datetime, excluded: Callable[[str], bool]
) -> Participation:
    """The repositories of the token's owner in [`start`, `end`), most active first."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in (*_KINDS, "comments")}
    hidden, capped = 0, False
    first = start
    while first < end:
        last = min(first + _YEAR, end)
        variables = {"from": first.isoformat(), "to": (last - timedelta(seconds=1)).isoformat()}
        answer = await calls.graph("Contributions", variables)
        collection = child(child(answer.data, "viewer"), "contributionsCollection")
        hidden += whole_number(collection, "restrictedContributionsCount")
        for kind, field in _KINDS.items():
            listed = list_of(collection, field)
            capped = capped or len(listed) >= MOST_REPOSITORIES
            counts[kind].update(
                {_name(item): whole_number(child(item, "contributions"), "totalCount") for item in listed}
            )
        first = last
    commented = await Discovery(calls, narrate, None, login).commented(start, end)
    counts["comments"].update(ref.repository for ref in commented.refs)
    names = {name for counter in counts.values() for name in counter if not excluded(name)}
    activities = [
        RepositoryActivity(name, **{kind: counter[name] for kind, counter in counts.items()}) for name in names
    ]
    left_out = list(commented.left_out)
    if hidden:
        left_out.append(
            LeftOut("contributions", "They are in private repositories that this token cannot see.", hidden)
        )
    if capped:
        reason = f"GitHub lists {MOST_REPOSITORIES} of a year. Name the others yourself, or ask for fewer days."
        left_out.append(LeftOut("some repositories", reason))
    return Participation(sorted(activities, key=lambda each: (-each.total, each.repository.casefold())), left_out)


def _name(item: Node) -> str:
    return safe_line(text(child(item, "repository"), "nameWithOwner"), limit=140)
