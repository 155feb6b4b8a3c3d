"""The group of all commands. A command is imported when used; other names are commands of job types."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence

import click
from typing_extensions import override

from devtrail_tui import __version__
from devtrail_tui.cli import COMPLETION, PROGRAM
from devtrail_tui.cli.interruption import INTERRUPTED
from devtrail_tui.core.errors import UsageError

_COMMANDS = {
    "auth": "devtrail_tui.cli.auth:auth",
    "config": "devtrail_tui.cli.config:config",
    "criteria": "devtrail_tui.cli.criteria:criteria",
    "db": "devtrail_tui.cli.database:db",
    "demo": "devtrail_tui.cli.demo:demo",
    "doctor": "devtrail_tui.cli.doctor:doctor",
    "evidence": "devtrail_tui.cli.evidence:evidence",
    "jobs": "devtrail_tui.cli.jobs:jobs",
    "repositories": "devtrail_tui.cli.repositories:repositories",
    "logs": "devtrail_tui.cli.logs:logs",
    "work": "devtrail_tui.cli.work:work",
}


class LazyGroup(click.Group):
    """Imports a command when it is used; unknown names are commands of job types."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        from devtrail_tui.actions.job_types import job_commands

        return sorted({*_COMMANDS, *job_commands()})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        from devtrail_tui.actions.job_types import job_type_of_command

        job_type = job_type_of_command(cmd_name, os.environ) if cmd_name else None
        if job_type is None:
            return None
        from devtrail_tui.cli.job_commands import command_for

        return command_for(job_type)


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def program(context: click.Context) -> int:
    """Collects the evidence of your year: pull requests matched against the criteria you are judged by.

    Without a command it opens the app.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    if context.invoked_subcommand is not None:
        return 0
    from devtrail_tui.cli.app import open_app

    return open_app()


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Raises DevTrailError; click's errors become UsageError."""
    if os.environ.get(COMPLETION):
        program.main(list(arguments), prog_name=PROGRAM)  # prints the completions and exits
    try:
        # Not click's `main`, which exits with 1 if the reader of stdout has closed it.
        with program.make_context(PROGRAM, list(arguments)) as context:
            code = program.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        raise UsageError(_sentence(error)) from None
    except click.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _sentence(error: click.ClickException) -> str:
    """Click's message, with a pointer to the help."""
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} See: {context.command_path} --help" if context else message
