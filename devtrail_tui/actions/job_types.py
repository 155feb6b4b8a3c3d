"""The job types and their commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from devtrail_tui.services.composition import job_types
from devtrail_tui.settings import read_settings

if TYPE_CHECKING:
    from devtrail_tui.core.job_type import JobType


def job_commands() -> list[str]:
    """The commands of all job types. Raises UsageError for an invalid plugin."""
    return [job_type.command for job_type in job_types().values() if job_type.command]


def job_type_of_command(command: str, environ: Mapping[str, str]) -> JobType[Any] | None:
    """The job type of a command, with config.toml's defaults. Raises UsageError."""
    return job_types(read_settings(environ)[0]).by_command(command)
