"""What tests ask of the demo's data."""

from __future__ import annotations

from devtrail_tui.demo.records import PullRequestRecord
from devtrail_tui.demo.world import World


def involving(world: World, login: str) -> list[PullRequestRecord]:
    """The merged pull requests that `login` wrote, commented on or reviewed."""
    return [pull for pull in world.pull_requests if pull.merged_at is not None and pull.involves(login)]
