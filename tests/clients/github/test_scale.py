"""The promise in numbers: at most 250 requests for 1,000 pull requests of the user among 30,000."""

from __future__ import annotations

from devtrail_tui.core.involvement import roles
from devtrail_tui.demo.server import DemoServer
from tests.clients.github.conftest import FAR_AHEAD, LONG_AGO, MakeClient, fetched
from tests.demo.large_world import ONE_PROCESS, large_world


@ONE_PROCESS
async def test_a_thousand_of_thirty_thousand(make_client: MakeClient) -> None:
    world = large_world()
    async with DemoServer(world) as server:
        client = make_client(server.github_url)
        me = (await client.account()).login
        found = []
        for repository in world.repositories:
            known = await client.repository(repository.full_name)
            refs = await client.discover(known, me, LONG_AGO, FAR_AHEAD)
            found += await fetched(client, list(refs))
        points = 5000 - (client.limit.remaining if client.limit is not None else 0)
        requests = len(server.requests)
    assert {each.ref.node_id for each in found} == {pull.node_id for pull in world.involving(me)}
    assert len(found) == 1000
    assert all(each.pull_request is not None and roles(each.pull_request, me) for each in found)
    assert requests <= 250
    assert points <= 1000
