"""GITHUB_SYNC: stores a person's merged pull requests as evidence, matched against their criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devtrail_tui.core.job_type import JobType
from devtrail_tui.jobs.github_sync.config import GithubSyncConfig, check, describe, discloses, unique_key

if TYPE_CHECKING:
    from devtrail_tui.core.context import Context, Preview, PreviewContext


async def run(config: GithubSyncConfig, context: Context) -> dict[str, Any]:
    """Run a sync. sync.py is imported here, because a form needs only the config."""
    from devtrail_tui.jobs.github_sync import sync

    return await sync.run(config, context)


async def preview(config: GithubSyncConfig, context: PreviewContext) -> Preview:
    """Preview the Claude request. example.py, imported on demand, has another name so that it does not shadow this function."""
    from devtrail_tui.jobs.github_sync import example

    return await example.preview(config, context)


JOB = JobType(
    name="GITHUB_SYNC",
    title="Sync pull requests",
    command="sync",
    description="Fetch your merged pull requests and match them against your criteria.",
    config=GithubSyncConfig,
    run=run,
    check=check,
    describe=describe,
    unique_key=unique_key,
    discloses=discloses,
    preview=preview,
)
