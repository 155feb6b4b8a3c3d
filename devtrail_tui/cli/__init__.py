"""The command line: one group, whose commands are imported when they are used. No command opens the app."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import click

from devtrail_tui import __version__
from devtrail_tui.cli.interruption import INTERRUPTED
from devtrail_tui.cli.output import narrate, print_json, redact_with
from devtrail_tui.core.errors import DevTrailError, InvalidInput
from devtrail_tui.core.text import safe_line

PROGRAM = "devtrail-tui"
_COMPLETION = "_DEVTRAIL_TUI_COMPLETE"

_COMMANDS = {
    "auth": "devtrail_tui.cli.auth:auth",
    "criteria": "devtrail_tui.cli.criteria:criteria",
    "db": "devtrail_tui.cli.database:db",
    "demo": "devtrail_tui.cli.demo:demo",
    "doctor": "devtrail_tui.cli.doctor:doctor",
    "evidence": "devtrail_tui.cli.evidence:evidence",
    "jobs": "devtrail_tui.cli.jobs:jobs",
    "logs": "devtrail_tui.cli.logs:logs",
    "work": "devtrail_tui.cli.work:work",
}


class LazyGroup(click.Group):
    """Imports a command when it is asked for; verbs it does not know belong to job types."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        from devtrail_tui.services import job_types

        verbs = (each.command for each in job_types().values() if each.command)
        return sorted({*_COMMANDS, *verbs})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        from devtrail_tui.services import job_types

        job_type = job_types().by_command(cmd_name) if cmd_name else None
        if job_type is None:
            return None
        from devtrail_tui.cli.job_commands import command_for

        return command_for(job_type)


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def program(context: click.Context) -> int:
    """Collects the evidence of your year: pull requests matched against the criteria you are judged by.

    Without a command the app opens.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    return _open_app() if context.invoked_subcommand is None else 0


def _open_app() -> int:
    from devtrail_tui.cli.app import open_app

    return open_app()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; what went wrong is one sentence on stderr (with --json: on stdout)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        _never_refuse_a_character(stream)
    as_json = "--json" in given
    redact_with(None)
    try:
        code = _run(given, as_json=as_json)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):  # EIO: the terminal was closed
            return _report(error, as_json=as_json)
        _let_go_of_output()
        return 0 if error.errno == errno.EPIPE else INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, whoever mends it the report
        return _report(error, as_json=as_json)
    return code


def _report(error: Exception, *, as_json: bool) -> int:
    from devtrail_tui.cli.faults import report_fault

    return report_fault(error, as_json=as_json)


def _run(given: list[str], *, as_json: bool) -> int:
    if os.environ.get(_COMPLETION):
        program.main(given, prog_name=PROGRAM)  # prints what the shell asked for, and exits
    try:
        # Not click's own `main`: it ends the process with 1 where a reader has left early.
        with program.make_context(PROGRAM, given) as context:
            code = program.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except DevTrailError as error:
        return _refuse(str(error), error.exit_code, error.problems if isinstance(error, InvalidInput) else {}, as_json)
    except click.ClickException as error:
        return _refuse(_sentence(error), error.exit_code, {}, as_json)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _refuse(sentence: str, exit_code: int, problems: Mapping[str, str], as_json: bool) -> int:  # noqa: FBT001 - private
    if as_json:
        print_json({"error": safe_line(sentence), "problems": dict(problems)})
    narrate(f"{PROGRAM}: {safe_line(sentence)}")
    return exit_code


def _sentence(error: click.ClickException) -> str:
    """Click's message, with the help to look at."""
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} See: {context.command_path} --help" if context else message


def _never_refuse_a_character(stream: TextIO) -> None:
    """A terminal that cannot show a sign gets a question mark, not a traceback."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _let_go_of_output() -> None:
    """The reader has gone (`| head`); nothing more is printed, not even at the interpreter's end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):  # a stream without a file
            continue
