"""From what a person gave to a job in the queue: checked against the world, its secrets taken out. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devtrail_tui.core.errors import InvalidInput, SecretMissing
from devtrail_tui.core.job import NewJob
from devtrail_tui.core.setting import Kind, config_json, parse_config
from devtrail_tui.store.secrets import MEMORY, PREFIX

if TYPE_CHECKING:
    from devtrail_tui.core.job import Job
    from devtrail_tui.core.job_type import JobType
    from devtrail_tui.services.surroundings import LocalSurroundings
    from devtrail_tui.store.secrets import Secrets


def checked(job_type: JobType[Any], raw: Mapping[str, Any], surroundings: LocalSurroundings, secrets: Secrets) -> Any:
    """The typed config out of what a form or a command gave. Raises InvalidInput with a sentence per field."""
    config = job_type.parse(raw)
    problems = dict(job_type.check(config, surroundings))
    for each in job_type.settings:
        if each.secret and each.required and not getattr(config, each.name):
            try:
                secrets.resolve(each.secret_name, "")
            except SecretMissing as error:
                problems[each.key] = str(error)
    if problems:
        raise InvalidInput(problems)
    return config


def with_origins(
    job_type: JobType[Any], raw: Mapping[str, Any], origins: Mapping[str, str], problems: Mapping[str, str]
) -> dict[str, str]:
    """The problems of a job's settings; of a value that is config.toml's and not the job's own, with its origin."""
    not_own = {
        each.key: origins[each.default_from]
        for each in job_type.settings
        if each.default_from in origins and raw.get(each.key) in (None, "", each.default)
    }
    return {key: f"{text} It comes from {not_own[key]}." if key in not_own else text for key, text in problems.items()}


def new_job(
    job_type: JobType[Any],
    config: Any,
    secrets: Secrets,
    surroundings: LocalSurroundings,
    *,
    worker_id: str,
    elsewhere: bool,
    **job_fields: Any,
) -> NewJob:
    """The job for the queue, with references where secrets were. `worker_id` is this process's own worker; `elsewhere`: another
    process is to run it, so a secret that only this memory holds is refused. Raises InvalidInput."""
    config, only_here = _without_secrets(job_type, config, secrets)
    if only_here and elsewhere:
        raise InvalidInput(
            {
                only_here: "This secret is known to this command only, and the job is to run elsewhere. "
                "Set it in the environment of the worker, or leave out --no-wait."
            }
        )
    return NewJob(
        type=job_type.name,
        config=config_json(config),
        title=job_type.describe(config),
        max_attempts=job_type.max_attempts,
        timeout_s=job_type.timeout_s,
        unique_key=_unique_key(job_type, config, surroundings),
        needs_worker=worker_id if only_here else None,
        **job_fields,
    )


def already_queued(job_type: JobType[Any], config: Any, active: Job) -> str:
    """What a person is told whose launch was the same as an active job: its number, what it may spend, and where it differs."""
    its = parse_config(job_type.config, active.config)
    parts = [f"Already queued as job {active.id}"]
    differing = []
    for each in job_type.settings:
        value = getattr(its, each.name)
        if each.kind is Kind.DOLLARS and value is not None:
            parts.append(f"{each.label.partition(' (')[0].lower()} ${value:g}")
        elif not each.secret and value != getattr(config, each.name) and each.kind is not Kind.REPOSITORIES:
            differing.append(each.label)
    parts += [f"with another “{label}”" for label in differing]
    return ", ".join(parts) + "."


def _unique_key(job_type: JobType[Any], config: Any, surroundings: LocalSurroundings) -> str | None:
    if job_type.unique_key is None:
        return None
    shared = {
        each.name: ""
        for each in job_type.settings
        if each.secret and not getattr(config, each.name).startswith(PREFIX + MEMORY)
    }
    return job_type.unique_key(replace(config, **shared), surroundings)


def _without_secrets(job_type: JobType[Any], config: Any, secrets: Secrets) -> tuple[Any, str]:
    """References in the place of secrets, and the setting whose secret lives in this process alone."""
    changes: dict[str, str] = {}
    only_here = ""
    for each in job_type.settings:
        value = getattr(config, each.name)
        if each.secret and value and not value.startswith(PREFIX):
            changes[each.name] = secrets.keep(each.secret_name, value)
            if changes[each.name].startswith(PREFIX + MEMORY):
                only_here = each.key
    return replace(config, **changes), only_here
