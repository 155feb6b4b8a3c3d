"""Launches jobs: validates a config, replaces its secrets by references, enqueues the job."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from devtrail_tui.core.errors import AlreadyQueued, InvalidInput, SecretMissing
from devtrail_tui.core.job import TIME_ZONE, NewJob
from devtrail_tui.core.setting import Kind, config_json, parse_config
from devtrail_tui.core.time_zones import zone_of
from devtrail_tui.store.secrets import MEMORY, PREFIX

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.clock import Clock
    from devtrail_tui.core.job import Job
    from devtrail_tui.core.job_type import JobType
    from devtrail_tui.store.secrets import FoundSecret

_logger = logging.getLogger(__name__)
_EXAMPLES: Mapping[Kind, Any] = {Kind.REPOSITORIES: ["owner/name"], Kind.DAY: "2026-01-01", Kind.TEXT: "…"}
"""For the disclosure of an incomplete form."""


@dataclass(frozen=True, slots=True)
class FormFacts:
    """The content of a form besides its settings: sources of secrets by name (None: not found), repositories to suggest."""

    secrets: Mapping[str, FoundSecret | None]
    repositories: Sequence[str]


def form_facts(services: Services, job_type: JobType[Any]) -> FormFacts:
    """The content of a job type's form besides its settings. Raises StoreError."""
    names = {setting.secret_name for setting in job_type.settings if setting.secret}
    return FormFacts({name: services.secrets.find(name) for name in names}, services.views.known_repositories())


def check_config(services: Services, job_type: JobType[Any], raw: Mapping[str, Any]) -> Any:
    """The typed config from a form or a command; stores nothing. Raises InvalidInput with a sentence per field."""
    config, problems = None, {}
    try:
        config = job_type.parse(raw)
        problems = {**job_type.check(config, services.surroundings), **_missing_secrets(services, job_type, config)}
    except InvalidInput as error:
        problems = dict(error.problems)
    if problems:
        raise InvalidInput(_with_origins(job_type, raw, services.settings.origins, problems))
    return config


def _missing_secrets(services: Services, job_type: JobType[Any], config: Any) -> dict[str, str]:
    problems = {}
    for setting in job_type.settings:
        if setting.secret and setting.required and not getattr(config, setting.name):
            try:
                services.secrets.resolve(setting.secret_name, "")
            except SecretMissing as error:
                problems[setting.key] = str(error)
    return problems


@dataclass(frozen=True, slots=True)
class FormCheck:
    """The problems of a form by key, and the disclosure of its job."""

    problems: Mapping[str, str]
    disclosure: str


def check_form(services: Services, job_type: JobType[Any], raw: Mapping[str, Any]) -> FormCheck:
    """Check a form while it is filled in. If there are problems, the disclosure covers the valid fields, with examples for
    missing required ones."""
    try:
        return FormCheck({}, disclosure(services, job_type, check_config(services, job_type, raw)))
    except InvalidInput as error:
        problems = error.problems
    examples = {
        setting.key: _EXAMPLES[setting.kind]
        for setting in job_type.settings
        if setting.required and setting.kind in _EXAMPLES
    }
    try:
        config = job_type.parse(examples | {key: raw_value for key, raw_value in raw.items() if key not in problems})
    except InvalidInput:
        return FormCheck(problems, "")
    return FormCheck(problems, disclosure(services, job_type, config))


def disclosure(services: Services, job_type: JobType[Any], config: Any) -> str:
    """What a job will send to which host, for review before it starts; empty if it sends nothing."""
    return job_type.discloses(config, services.surroundings) if job_type.discloses else ""


def launch_job(
    services: Services, type_name: str, raw: Mapping[str, Any], *, elsewhere: bool = False, **job_fields: Any
) -> Job:
    """Validate, replace secrets by references, and enqueue. `elsewhere`: another process will run the job, so a secret known to
    this process only is rejected. `job_fields` are fields of NewJob such as `priority`.

    Raises InvalidInput before anything is stored, AlreadyQueued if an active job does the same.
    """
    job_type = services.catalogue.named(type_name)
    config = check_config(services, job_type, raw)
    new = _new_job(services, job_type, config, elsewhere=elsewhere, **job_fields)
    try:
        return services.queue.enqueue(new).result()
    except AlreadyQueued as twin:
        sentence = _already_queued(job_type, config, services.views.job(twin.job_id))
        raise AlreadyQueued(sentence, job_id=twin.job_id) from None


def _with_origins(
    job_type: JobType[Any], raw: Mapping[str, Any], origins: Mapping[str, str], problems: Mapping[str, str]
) -> dict[str, str]:
    """The problems of a job's settings; the origin is added to problems of values from config.toml."""
    not_own = {
        setting.key: origins[setting.default_from]
        for setting in job_type.settings
        if setting.default_from in origins and raw.get(setting.key) in (None, "", setting.default)
    }
    return {key: f"{text} It comes from {not_own[key]}." if key in not_own else text for key, text in problems.items()}


def _new_job(services: Services, job_type: JobType[Any], config: Any, *, elsewhere: bool, **job_fields: Any) -> NewJob:
    config, memory_only_key = _without_secrets(services, job_type, config)
    if memory_only_key and elsewhere:
        raise InvalidInput(
            {
                memory_only_key: "This secret is known to this command only, but another process would run the job. "
                "Set it in the environment of the worker, or omit --no-wait."
            }
        )
    zone = {TIME_ZONE: local_zone(services.clock)} if any(each.kind is Kind.DAY for each in job_type.settings) else {}
    return NewJob(
        type=job_type.name,
        config={**config_json(config), **zone},
        title=job_type.describe(config),
        max_attempts=job_type.max_attempts,
        timeout_s=job_type.timeout_s,
        unique_key=_unique_key(services, job_type, config),
        needs_worker=services.worker_id if memory_only_key else None,
        **job_fields,
    )


def local_zone(clock: Clock) -> str:
    """The name of this machine's time zone; its present offset from UTC if it has no name, as for `TZ=JST-9`."""
    import tzlocal

    now = clock.now().astimezone()
    try:
        name = str(tzlocal.get_localzone_name() or "")
        if now.astimezone(zone_of(name)).utcoffset() == now.utcoffset():
            return name
    except (LookupError, OSError, ValueError, InvalidInput) as error:
        _logger.debug("the time zone has no name: %s", error)
    offset = f"{now:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


def _already_queued(job_type: JobType[Any], config: Any, active: Job) -> str:
    """The sentence about an active job with the same work: its number, its limits, and the settings that differ."""
    active_config = parse_config(job_type.config, active.config)
    phrases = [f"Already queued as job {active.id}"]
    differing = []
    for setting in job_type.settings:
        active_value = getattr(active_config, setting.name)
        if setting.kind is Kind.DOLLARS and active_value is not None:
            phrases.append(f"{setting.label.partition(' (')[0].lower()} ${active_value:g}")
        elif (
            not setting.secret
            and active_value != getattr(config, setting.name)
            and setting.kind is not Kind.REPOSITORIES
        ):
            differing.append(setting.label)
    phrases += [f"with another “{label}”" for label in differing]
    return ", ".join(phrases) + "."


def _unique_key(services: Services, job_type: JobType[Any], config: Any) -> str | None:
    if job_type.unique_key is None:
        return None
    shared = {
        setting.name: ""
        for setting in job_type.settings
        if setting.secret and not getattr(config, setting.name).startswith(PREFIX + MEMORY)
    }
    return job_type.unique_key(replace(config, **shared), services.surroundings)


def _without_secrets(services: Services, job_type: JobType[Any], config: Any) -> tuple[Any, str]:
    """The config with references for secrets, and the key of a setting whose secret only this process knows."""
    references: dict[str, str] = {}
    memory_only_key = ""
    for setting in job_type.settings:
        secret = getattr(config, setting.name)
        if setting.secret and secret and not secret.startswith(PREFIX):
            references[setting.name] = services.secrets.keep(setting.secret_name, secret)
            if references[setting.name].startswith(PREFIX + MEMORY):
                memory_only_key = setting.key
    return replace(config, **references), memory_only_key
