"""A command for every job type that asks for one, drawn from its settings: `sync` is one of them, a plugin's is another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import click

from devtrail_tui.actions.jobs import get_job
from devtrail_tui.actions.launching import check_config, disclosure, launch_job
from devtrail_tui.cli.output import json_option, narrate, print_json, say
from devtrail_tui.cli.run import report_end, run_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import AlreadyQueued, InvalidInput, UsageError
from devtrail_tui.core.job import job_json
from devtrail_tui.core.job_type import JobType
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


def command_for(job_type: JobType[Any]) -> click.Command:
    """The verb of a job type. Values go to the config as they were typed, so that its sentences are those of the form."""
    argument = next((each for each in job_type.settings if each.kind is Kind.REPOSITORIES), None)
    parameters: list[click.Parameter] = []
    if argument is not None:
        metavar = "OWNER/REPO..." if argument.required else "[OWNER/REPO]..."
        parameters.append(click.Argument([argument.name], nargs=-1, metavar=metavar))
    parameters += [_option(each) for each in job_type.settings if each != argument and each.kind is not Kind.SECRET]

    def start(*, as_json: bool, no_wait: bool, config_file: Any, show_prompt: bool = False, **given: Any) -> int:
        raw = _from_file(config_file) if config_file else {}
        raw.update(_given(job_type, given))
        if show_prompt:
            return _show_prompt(job_type, raw, as_json=as_json)
        return _launch(job_type, raw, no_wait=no_wait, as_json=as_json)

    command = click.Command(
        job_type.command, callback=start, params=parameters, help=job_type.description, short_help=job_type.description
    )
    for add in (json_option, _config_option, _no_wait_option):
        add(command)
    if job_type.preview is not None:
        _show_prompt_option(command)
    return command


def _show_prompt_option(command: click.Command) -> click.Command:
    return click.option(
        "--show-prompt",
        is_flag=True,
        help="Only show, on one example, exactly what would be sent to Claude; nothing is.",
    )(command)


def _no_wait_option(command: click.Command) -> click.Command:
    return click.option("--no-wait", is_flag=True, help="Only put the job in the queue; a worker runs it.")(command)


def _config_option(command: click.Command) -> click.Command:
    return click.option(
        "--config",
        "config_file",
        type=click.File("rb"),
        metavar="FILE|-",
        help="Settings as a JSON object, - for stdin; options given here win. The only way to pass a token besides "
        "the environment.",
    )(command)


def _option(each: Setting) -> click.Option:
    if each.kind is Kind.FLAG:
        names = f"--{each.flag}/--no-{each.flag}" if each.default else f"--{each.flag}"
        return click.Option([each.name, names], is_flag=True, default=None, help=_help(each))
    metavar = "|".join(each.choices) if each.kind is Kind.CHOICE else _METAVARS[each.kind]
    several = each.kind is Kind.REPOSITORIES
    return click.Option([each.name, f"--{each.flag}"], multiple=several, metavar=metavar, help=_help(each))


def _help(each: Setting) -> str:
    parts = [each.label + (f": {each.help}" if each.help else "") + "."]
    if each.default not in (None, "", (), True, False):
        parts.append(f"Default: {each.default:g}." if isinstance(each.default, float) else f"Default: {each.default}.")
    return " ".join(parts)


def _given(job_type: JobType[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, by JSON key; what was left out stays out, so that defaults and the file hold."""
    return {
        each.key: list(value) if isinstance(value, tuple) else value
        for each in job_type.settings
        if (value := values.get(each.name)) not in (None, ())
    }


def _from_file(file: Any) -> dict[str, Any]:
    name = safe_line(str(file.name), limit=80)
    try:
        data = json.loads(file.read())
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or not UTF-8
        raise UsageError(f"{name} is not JSON: {safe_line(str(error), limit=120)}.") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from None
    if not isinstance(data, dict):
        raise UsageError(f'{name} holds no settings; write a JSON object such as {{"repositories": ["acme/shop"]}}.')
    return data


def _show_prompt(job_type: JobType[Any], raw: Mapping[str, Any], *, as_json: bool) -> int:
    from devtrail_tui.actions.preview import preview_job  # loads the database layer

    with opened() as services:
        try:
            shown = asyncio.run(preview_job(services, job_type.name, raw))
        except InvalidInput as error:
            raise RefusedSettings(job_type, error.problems) from None
        if as_json:
            print_json(shown.data)
        else:
            say(shown.text)
        return 0


def _launch(job_type: JobType[Any], raw: Mapping[str, Any], *, no_wait: bool, as_json: bool) -> int:
    with opened() as services:
        try:
            if disclosed := disclosure(services, job_type, check_config(services, job_type, raw)):
                narrate(disclosed)
            job = launch_job(services, job_type.name, raw, elsewhere=no_wait)
        except InvalidInput as error:
            raise RefusedSettings(job_type, error.problems) from None
        except AlreadyQueued as twin:
            narrate(str(twin))
            job = get_job(services, twin.job_id)
        narrate(f"Job {job.id}: {job_type.title}{f' · {job.title}' if job.title else ''}")
        if not no_wait:
            return report_end(services, run_job(services, job.id), as_json=as_json)
        if as_json:
            print_json(job_json(job))
        else:
            say(f"Job {job.id} is in the queue. It runs in an open app, or with: devtrail-tui work --job {job.id}")
        return 0


class RefusedSettings(InvalidInput):
    """The same problems said by option, as a person typed them; `problems` keeps the JSON keys."""

    def __init__(self, job_type: JobType[Any], problems: Mapping[str, str]) -> None:
        super().__init__(problems)
        options = {each.key: f"--{each.flag}" for each in job_type.settings if each.kind not in _SAID_WITHOUT_OPTION}
        self.args = (" ".join(_named(options.get(key, ""), text) for key, text in problems.items()),)


_SAID_WITHOUT_OPTION = (Kind.REPOSITORIES, Kind.SECRET)


def _named(option: str, sentence: str) -> str:
    return f"{option}: {sentence}" if option else sentence
