"""The job types, one file or package each, and their discovery, plugins included."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

from typing_extensions import override

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind
from devtrail_tui.core.text import safe_line

SHARED = "matching"
"""The one module beside the job types that is not a job type."""
ENTRY_POINT_GROUP = "devtrail_tui.jobs"


class Catalogue(Mapping[str, JobType[Any]]):
    """All job types by name, in alphabetical order."""

    def __init__(self, types: Mapping[str, JobType[Any]]) -> None:
        self._types = dict(sorted(types.items()))

    @override
    def __getitem__(self, name: str) -> JobType[Any]:
        return self._types[name]

    def named(self, name: str) -> JobType[Any]:
        """The type with that name. Raises UsageError with the known names."""
        if name not in self._types:
            raise UsageError(
                f"There is no job type {safe_line(name, limit=40)}. The job types are: {', '.join(self._types)}."
            )
        return self._types[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    @override
    def __len__(self) -> int:
        return len(self._types)

    def by_command(self, command: str) -> JobType[Any] | None:
        """The type started by a command line verb, or None."""
        return next((job_type for job_type in self.values() if job_type.command == command), None)


def catalogue(defaults: Mapping[str, Any] | None = None) -> Catalogue:
    """Each sibling module's `JOB` and those of plugins. `defaults` are config.toml's values, if known.

    Raises UsageError for a duplicate name (one of the types could never run) and for an invalid setting.
    """
    types: dict[str, JobType[Any]] = {}
    for origin, job_type in _found():
        if job_type.name in types:
            raise UsageError(f"The job type {job_type.name} exists twice; the second comes from {origin}. Remove one.")
        types[job_type.name] = job_type if defaults is None else _with_defaults(job_type, defaults)
    return Catalogue(types)


def _with_defaults(job_type: JobType[Any], defaults: Mapping[str, Any]) -> JobType[Any]:
    for setting in job_type.settings:
        if (
            setting.default_from not in ("", *defaults)
            or setting.kind in (Kind.PATTERNS, Kind.TABLE, Kind.PRICES)
            or setting.environment
        ):
            raise UsageError(
                f"{job_type.name}: its setting {setting.name} is invalid: its default is not a setting of config.toml, "
                "or its declaration is only allowed there."
            )
    return replace(job_type, defaults=defaults)


def _found() -> Iterator[tuple[str, JobType[Any]]]:
    for module in pkgutil.iter_modules(__path__):
        if module.name != SHARED:
            yield module.name, importlib.import_module(f"{__name__}.{module.name}").JOB
    for point in entry_points(group=ENTRY_POINT_GROUP):
        yield point.value, point.load()
