"""Promise 2: every point is safe to die at. The process ends by `os._exit` at a named point, and the next one goes on."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from devtrail_tui.clients.claude.request import request_key
from tests.doubles.server import FaultyServer
from tests.faults.invariants import assert_nothing_lost_nothing_twice, expected_evidence
from tests.faults.launcher import DIED, POINTS
from tests.faults.processes import LAUNCHER, Site, slices

CLAUDE_CONCURRENCY = 4
"""Calls that may be under way, and are paid again, when a process dies."""
ONCE_A_JOB = {"before-claim": 2, "after-claim": 2, "before-finish": 2, "after-finish": 1}
"""These points come once a job: dying at the second of them leaves one job done, at the first of them none."""
OFTEN = 6
"""Each job comes to the other points about so often."""
SHORT = ("before-claude-answer-is-stored", "after-commit")
"""The points of the short form: each of them leaves something else half done."""


def die_at(site: Site, server: FaultyServer, points: Sequence[str], rng: random.Random, *repositories: str) -> None:
    """Let one process after another die, at these points, then let one finish; nothing may be lost or done twice."""
    days = slices(server, len(points) + 3)
    jobs = [site.sync(*repositories, since=since, until=until).id for since, until in days]
    for point in points:
        kept, asked = stored_keys(site), server.count("messages")
        times = rng.randint(1, ONCE_A_JOB.get(point, OFTEN))
        dying = site.headless("--die", point, str(times), "work", "--once", launcher=LAUNCHER)
        assert dying.wait() == DIED, f"{point}, time {times}:\n{site.said_by(dying)}"
        assert not kept & asked_keys(server, asked), "an answer that was stored was paid for again"
    kept, asked = stored_keys(site), server.count("messages")
    last = site.headless("work", "--once", "--json")
    assert last.wait() == 0, site.said_by(last)
    assert not kept & asked_keys(server, asked), "an answer that was stored was paid for again"
    everything = expected_evidence(server.world, *repositories, since=days[0][0], until=days[-1][1])
    assert_nothing_lost_nothing_twice(site, jobs, everything)
    paid = server.count("messages")
    assert len(everything) <= paid <= len(everything) + len(points) * CLAUDE_CONCURRENCY
    print(f"{len(points)} deaths at {sorted(set(points))}: {paid} paid calls for {len(everything)} pull requests")


def stored_keys(site: Site) -> set[str]:
    """The requests whose answers are stored."""
    return {str(key) for (key,) in site.rows("SELECT key FROM analyses WHERE answered_at IS NOT NULL")}


def asked_keys(server: FaultyServer, first: int) -> set[str]:
    """The requests that Claude was sent, from that number on."""
    return {request_key(each.json) for each in [each for each in server.requests if "messages" in each.routes][first:]}


def test_points_are_safe_to_die_at(site: Site, server: FaultyServer) -> None:
    die_at(site, server, SHORT, random.Random(2), "acme/web")


@pytest.mark.full
@pytest.mark.parametrize("point", POINTS)
def test_ten_deaths_at_each_point(point: str, site: Site, server: FaultyServer) -> None:
    die_at(site, server, [point] * 10, random.Random(point))
