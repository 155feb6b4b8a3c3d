"""The demo's server with the values for a first sync."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from devtrail_tui.demo.answers import HttpResponse, secondary_limit
from devtrail_tui.demo.dataset import DAYS, Scale, build_world
from devtrail_tui.demo.http1 import Request
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.people import REPOSITORIES
from devtrail_tui.demo.server import DemoServer, Intercept

LIFELIKE = Latency(github=0.3, claude=2.3)
"""With four concurrent calls, about a minute for the user's 86 pull requests."""

LIMITED_BATCH = 3
RATE_LIMIT_WAIT_S = 3


@dataclass(frozen=True)
class Tour:
    """A server (not started: use it in a with statement) with its values.

    `repositories` are the names for a sync. `since` is the first day of the data.
    """

    server: DemoServer
    repositories: tuple[str, ...]
    since: date


def make_tour(
    *, today: date | None = None, scale: Scale | None = None, latency: Latency = LIFELIKE, seed: int = 7
) -> Tour:
    """Create the demo's server, with one short rate limit in the middle of its first sync."""
    today = today or datetime.now(UTC).date()
    world = build_world(today, seed=seed, scale=scale)
    return Tour(
        server=DemoServer(world, latency=latency, intercept=_one_limit()),
        repositories=tuple((repository.former_names or (repository.full_name,))[0] for repository in REPOSITORIES),
        since=today - timedelta(days=DAYS),
    )


def _one_limit() -> Intercept:
    """Answers the third query of nodes by id with GitHub's limit on bursts."""
    batches = itertools.count(1)

    async def intercept(request: Request) -> HttpResponse | None:
        is_batch = request.path == "/graphql" and not {"id", "ids"}.isdisjoint(request.json["variables"])
        return secondary_limit(RATE_LIMIT_WAIT_S) if is_batch and next(batches) == LIMITED_BATCH else None

    return intercept
