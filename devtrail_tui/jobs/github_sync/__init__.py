"""GITHUB_SYNC: a person's merged pull requests become evidence, matched against their criteria."""

from __future__ import annotations

from devtrail_tui.core.job_type import JobType
from devtrail_tui.jobs.github_sync.config import GithubSyncConfig, check, describe, discloses
from devtrail_tui.jobs.github_sync.preview import preview
from devtrail_tui.jobs.github_sync.sync import run

JOB = JobType(
    name="GITHUB_SYNC",
    title="Sync pull requests",
    command="sync",
    description="Fetch your merged pull requests and match them against your criteria.",
    config=GithubSyncConfig,
    run=run,
    check=check,
    describe=describe,
    discloses=discloses,
    preview=preview,
)
