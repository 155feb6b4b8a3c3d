"""The demo as a person sees it: one call starts the server and gives everything a first sync needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from devtrail_tui.demo.dataset import DAYS, Scale, build_world
from devtrail_tui.demo.faults import Fault
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.people import REPOSITORIES, ROBIN
from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN, DemoServer

LIFELIKE = Latency(github=0.3, claude=2.3)
"""With four calls to Claude at once, about a minute for the user's 86 pull requests."""

RATE_LIMIT_WAIT_S = 3


@dataclass(frozen=True)
class Tour:
    """A server (not started yet: use it in a with statement) and the values that go with it.

    `repositories` are the names a person would type. `since` is the first day of the data.
    """

    server: DemoServer
    login: str
    github_token: str
    claude_key: str
    repositories: tuple[str, ...]
    since: date


def start_tour(
    *, today: date | None = None, scale: Scale | None = None, latency: Latency = LIFELIKE, seed: int = 7
) -> Tour:
    """Make the demo's server, with one short wait for GitHub's limit in the middle of its first sync."""
    today = today or datetime.now(UTC).date()
    server = DemoServer(build_world(today, seed=seed, scale=scale), latency=latency)
    server.faults.next("hydrate", Fault.secondary_limit(retry_after=RATE_LIMIT_WAIT_S), after=2)
    return Tour(
        server=server,
        login=ROBIN.login,
        github_token=GITHUB_TOKEN,
        claude_key=CLAUDE_KEY,
        repositories=tuple((repository.former_names or (repository.full_name,))[0] for repository in REPOSITORIES),
        since=today - timedelta(days=DAYS),
    )
