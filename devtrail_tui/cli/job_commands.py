"""The commands of job types, built from their settings: `sync`, and those of plugins."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from devtrail_tui.actions.jobs import get_job
from devtrail_tui.actions.launching import check_config, disclosure, launch_job
from devtrail_tui.cli.output import json_option, max_wait_option, narrate, print_result
from devtrail_tui.cli.run import report_end, run_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import AlreadyQueued, InvalidInput, UsageError
from devtrail_tui.core.job import job_json
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.periods import with_periods
from devtrail_tui.core.setting import Kind, Setting
from devtrail_tui.core.text import safe_line

_METAVARS: Mapping[Kind, str] = {
    Kind.TEXT: "TEXT",
    Kind.LONG_TEXT: "TEXT",
    Kind.REPOSITORIES: "OWNER/REPO",
    Kind.DAY: "YYYY-MM-DD",
    Kind.INTEGER: "N",
    Kind.DOLLARS: "USD",
    Kind.SECONDS: "SECONDS",
}
_SHOW_PROMPT = click.option(
    "--show-prompt", is_flag=True, help="Only show the exact request to Claude for one example; send nothing."
)
_NO_WAIT = click.option("--no-wait", is_flag=True, help="Only enqueue the job; a worker runs it.")
_CONFIG = click.option(
    "--config",
    "config_file",
    type=click.File("rb"),
    metavar="FILE|-",
    help="Settings as a JSON object, - for stdin; options override it. Besides the environment, the only way to pass a "
    "token.",
)


def command_for(job_type: JobType[Any]) -> click.Command:
    """The command of a job type. Options are passed to the config as text, so errors read as in the form."""
    argument = next((setting for setting in job_type.settings if setting.kind is Kind.REPOSITORIES), None)
    parameters: list[click.Parameter] = []
    if argument is not None:
        metavar = "OWNER/REPO..." if argument.required else "[OWNER/REPO]..."
        parameters.append(click.Argument([argument.name], nargs=-1, metavar=metavar))
    parameters += [
        _option(setting) for setting in job_type.settings if setting != argument and setting.kind is not Kind.SECRET
    ]

    def start(
        *,
        as_json: bool,
        no_wait: bool,
        config_file: Any,
        max_wait: str | None,
        show_prompt: bool = False,
        **options: Any,
    ) -> int:
        raw = _from_file(config_file) if config_file else {}
        raw.update(_typed(job_type, options))
        if show_prompt:
            return _show_prompt(job_type, raw, as_json=as_json)
        return _launch(job_type, raw, no_wait=no_wait, as_json=as_json, max_wait=max_wait)

    command = click.Command(
        job_type.command, callback=start, params=parameters, help=job_type.description, short_help=job_type.description
    )
    for add_option in (json_option, _CONFIG, max_wait_option, _NO_WAIT, *([_SHOW_PROMPT] if job_type.preview else [])):
        add_option(command)
    return command


def _option(setting: Setting) -> click.Option:
    if setting.kind is Kind.FLAG:
        names = f"--{setting.flag}/--no-{setting.flag}" if setting.default else f"--{setting.flag}"
        return click.Option([setting.name, names], is_flag=True, default=None, help=_help(setting))
    metavar = "|".join(setting.choices) if setting.kind is Kind.CHOICE else _METAVARS[setting.kind]
    several = setting.kind is Kind.REPOSITORIES
    return click.Option([setting.name, f"--{setting.flag}"], multiple=several, metavar=metavar, help=_help(setting))


def _help(setting: Setting) -> str:
    sentences = [setting.label + (f": {setting.help}" if setting.help else "") + "."]
    if setting.kind is Kind.DAY:
        sentences.append("Also a period, such as last-quarter or this-year.")
    if setting.default not in (None, "", (), True, False):
        number = isinstance(setting.default, float)
        sentences.append(f"Default: {setting.default:g}." if number else f"Default: {setting.default}.")
    return " ".join(sentences)


def _typed(job_type: JobType[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The given options by JSON key; omitted ones are left to the file and the defaults."""
    given = {
        setting.key: list(option) if isinstance(option, tuple) else option
        for setting in job_type.settings
        if (option := options.get(setting.name)) not in (None, ())
    }
    first, last = ([each.key for each in job_type.settings if each.kind is Kind.DAY] + ["", ""])[:2]
    given[first], given[last] = with_periods(given.get(first), given.get(last), datetime.now(UTC).astimezone().date())
    return {key: each for key, each in given.items() if each is not None}


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key that is given twice: JSON does not say which value counts."""
    doubles = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    if doubles:
        raise ValueError(f"{', '.join(doubles)} is given twice")
    return dict(pairs)


def _from_file(file: Any) -> dict[str, Any]:
    name = safe_line(str(file.name), limit=80)
    try:
        content = json.loads(file.read(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or not UTF-8
        raise UsageError(f"{name} is not JSON: {safe_line(str(error), limit=120)}.") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from None
    if not isinstance(content, dict):
        raise UsageError(f'{name} has no settings; write a JSON object such as {{"repositories": ["acme/shop"]}}.')
    return content


def _show_prompt(job_type: JobType[Any], raw: Mapping[str, Any], *, as_json: bool) -> int:
    from devtrail_tui.actions.preview import preview_job  # loads the database layer

    with opened() as services:
        try:
            preview = asyncio.run(preview_job(services, job_type.name, raw))
        except InvalidInput as error:
            raise RefusedSettings(job_type, error.problems) from None
        return print_result(preview.data, [preview.text], as_json=as_json)


def _launch(
    job_type: JobType[Any], raw: Mapping[str, Any], *, no_wait: bool, as_json: bool, max_wait: str | None
) -> int:
    with opened(max_wait=max_wait) as services:
        try:
            if notice := disclosure(services, job_type, check_config(services, job_type, raw)):
                narrate(notice)
            job = launch_job(services, job_type.name, raw, elsewhere=no_wait)
        except InvalidInput as error:
            raise RefusedSettings(job_type, error.problems) from None
        except AlreadyQueued as twin:
            narrate(str(twin))
            job = get_job(services, twin.job_id)
        narrate(f"Job {job.id}: {job_type.title}{f' · {job.title}' if job.title else ''}")
        if not no_wait:
            return report_end(services, run_job(services, job.id), as_json=as_json)
        line = f"Job {job.id} is queued. It runs in an open app, or with: devtrail-tui work --job {job.id}"
        return print_result(job_json(job), [line], as_json=as_json)


class RefusedSettings(InvalidInput):
    """InvalidInput with command line options in the message; `problems` keeps the JSON keys."""

    def __init__(self, job_type: JobType[Any], problems: Mapping[str, str]) -> None:
        super().__init__(problems)
        options = {
            setting.key: f"--{setting.flag}" for setting in job_type.settings if setting.kind not in _WITHOUT_OPTION
        }
        sentences = (f"{options[key]}: {text}" if key in options else text for key, text in problems.items())
        self.args = (" ".join(sentences),)


_WITHOUT_OPTION = (Kind.REPOSITORIES, Kind.SECRET)
