"""The promise in numbers: at most 250 requests for 1,000 pull requests of the user among 30,000; the short form is a tenth."""

from __future__ import annotations

import pytest

from devtrail_tui.core.involvement import roles
from devtrail_tui.demo.dataset import Scale, build_world
from tests.clients.github.conftest import FAR_AHEAD, LONG_AGO, TODAY, MakeClient, Said, fetched
from tests.doubles.server import FaultyServer
from tests.doubles.worlds import involving


@pytest.mark.parametrize(
    ("scale", "most_requests", "most_points"),
    [
        (Scale(merged=3_000, involving_user=100), 30, 100),
        pytest.param(Scale.large(), 250, 1_000, marks=pytest.mark.full),
    ],
)
async def test_requests_grow_with_the_users_pull_requests_not_with_the_repositories(
    make_client: MakeClient, said: Said, scale: Scale, most_requests: int, most_points: int
) -> None:
    world = build_world(TODAY, scale=scale)
    async with FaultyServer(world) as server:
        client = make_client(server.url)
        me = (await client.account()).login
        found = []
        for repository in world.repositories:
            known = await client.repository(repository.full_name)
            refs = (await client.discover(known, me, LONG_AGO, FAR_AHEAD)).refs
            found += await fetched(client, list(refs))
        points = 5000 - said.limits[-1].remaining
        requests = len(server.requests)
    assert {each.ref.node_id for each in found} == {pull.node_id for pull in involving(world, me)}
    assert len(found) == scale.involving_user
    assert all(each.pull_request is not None and roles(each.pull_request, me) for each in found)
    print(f"{requests} requests, {points} points for {scale.involving_user:,} of {scale.merged:,}")
    assert requests <= most_requests
    assert points <= most_points
