"""GITHUB_SYNC: a person's merged pull requests become evidence, matched against their criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devtrail_tui.core.job_type import JobType
from devtrail_tui.jobs.github_sync.config import GithubSyncConfig, check, describe, discloses, unique_key

if TYPE_CHECKING:
    from devtrail_tui.core.context import Context, Preview, PreviewContext


async def run(config: GithubSyncConfig, context: Context) -> dict[str, Any]:
    """See sync.py, which is imported when a job runs: a form needs only the config."""
    from devtrail_tui.jobs.github_sync import sync

    return await sync.run(config, context)


async def preview(config: GithubSyncConfig, door: PreviewContext) -> Preview:
    """See example.py, imported when a person asks; its name is another, so that this function does not stand before it."""
    from devtrail_tui.jobs.github_sync import example

    return await example.preview(config, door)


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
