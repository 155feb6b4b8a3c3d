"""The job types, one file or package each, and their discovery, plugins included."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

from typing_extensions import override

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.plain_values import described
from devtrail_tui.core.setting import Kind
from devtrail_tui.core.text import safe_line

SHARED = "matching"
"""The one module beside the job types that is not a job type."""
ENTRY_POINT_GROUP = "devtrail_tui.jobs"


class Catalogue(Mapping[str, JobType[Any]]):
    """All job types by name, in alphabetical order. `problems` are sentences about plugins that cannot be used."""

    def __init__(self, types: Mapping[str, JobType[Any]], problems: Sequence[str] = ()) -> None:
        self._types = dict(sorted(types.items()))
        self.problems = tuple(problems)

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
    """Each sibling module's `JOB` and those of plugins. `defaults` are config.toml's values, if known. A plugin that cannot be
    used is left out and named in `problems`."""
    types: dict[str, JobType[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != SHARED:
            job_type = importlib.import_module(f"{__name__}.{module.name}").JOB
            types[job_type.name] = _ready(job_type, types, defaults)
    problems = []
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            job_type = _ready(point.load(), types, defaults)
        except UsageError as error:
            problems.append(_unusable(point.value, str(error).rstrip(".")))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does at its import, the rest works
            problems.append(_unusable(point.value, f"{type(error).__name__}: {error}"))
        else:
            types[job_type.name] = job_type
    return Catalogue(types, problems)


def _unusable(origin: str, reason: str) -> str:
    reason = safe_line(reason, limit=200)
    return f"The plugin {safe_line(origin, limit=80)} cannot be used ({reason}); update or uninstall it."


def _ready(job_type: Any, others: Mapping[str, JobType[Any]], defaults: Mapping[str, Any] | None) -> JobType[Any]:
    """The job type with its defaults. Raises UsageError if it is none, if its name or command is taken (one of the types could
    never run), and for an invalid setting."""
    if not isinstance(job_type, JobType):
        raise UsageError(f"it is {described(job_type)}, not a JobType")
    if job_type.name in others:
        raise UsageError(f"the job type {job_type.name} exists already")
    if job_type.command and any(job_type.command == other.command for other in others.values()):
        raise UsageError(f"the command {job_type.command} exists already")
    _ = job_type.settings  # a field that is not described raises TypeError
    return job_type if defaults is None else _with_defaults(job_type, defaults)


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
