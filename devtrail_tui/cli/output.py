"""The output of the command line: data on stdout, messages on stderr, both without control sequences."""

from __future__ import annotations

import json
import os
import select
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.core.secret_patterns import SECRET_VARIABLES
from devtrail_tui.core.text import safe, safe_line

if TYPE_CHECKING:
    from devtrail_tui.actions import Outcome

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Add the option --json to a command."""
    import click

    return click.option("--json", "as_json", is_flag=True, help="Print data as JSON on stdout.")(command)


def max_wait_option(command: F) -> F:
    """Add the option --max-wait, the setting max_wait, to a command."""
    import click

    return click.option(
        "--max-wait",
        metavar="TIME",
        help="Longest wait for a network or service that is down, such as 90m. Default: 12h.",
    )(command)


class _Output:
    """Holds the redactor of all output. Until services exist it masks known patterns and secrets of the environment, afterwards
    all values in use, also for a final sentence after the services are closed."""

    redact = Redactor()


def redact_with(redact: Redactor | None = None) -> None:
    """Set the redactor for all further output; None: known patterns and secrets of the environment."""
    _Output.redact = redact or Redactor(os.environ.get(name, "") for name in SECRET_VARIABLES)


def redacted(text: str) -> str:
    """The text with secrets masked."""
    return _Output.redact(text)


def print_json(data: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document on stdout, in ASCII, which is independent of terminal and locale."""
    _echo(json.dumps(_Output.redact.json(data), indent=indent))


def _echo(text: str, *, err: bool = False) -> None:
    import click  # the app does not need it to start

    click.echo(text, err=err)


class OutputFailed(DevTrailError):
    """The result of a command that ran jobs could not be printed."""


@contextmanager
def result_output(otherwise: str) -> Iterator[None]:
    """Prints the result of a command that runs jobs. Raises OutputFailed, which ends with `otherwise`, if stdout is closed or
    full, so that the command does not report a success that nobody received."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise OutputFailed(f"stdout cannot be written ({error.strerror}). {otherwise}") from None


def stdout_is_closed() -> bool:
    """Whether the reader of stdout, a pipe, has gone."""
    try:
        descriptor = sys.stdout.fileno()
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return False
        poll = select.poll()
        poll.register(descriptor, select.POLLERR)
        return bool(poll.poll(0))
    except (AttributeError, OSError, ValueError):  # stdout has no file, or was closed; Windows has no poll
        return False


def say(text: str = "") -> None:
    """Print a line of data on stdout."""
    _echo(safe(redacted(text)))


def narrate(text: str) -> None:
    """Print a message on stderr."""
    _echo(safe(redacted(text)), err=True)


def report(outcome: Outcome, *, as_json: bool) -> int:
    """Print the outcome of an action and return its exit code."""
    for notice in outcome.notices:
        narrate(notice)
    if as_json:
        print_json(outcome.to_json())
    else:
        say(outcome.sentence)
    return outcome.exit_code


def print_result(data: Any, lines: Iterable[str], *, as_json: bool) -> int:
    """Print data as JSON, or its lines; returns exit code 0."""
    if as_json:
        print_json(data)
    else:
        for line in lines:
            say(line)
    return 0


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Rows as aligned lines under their headings, neither cut nor wrapped; columns in `right` are right-aligned. Widths are
    terminal cells."""
    # Not rich.table: it takes two seconds for ten thousand rows, and pads and wraps piped output.
    from rich.cells import cell_len

    lines = [list(headings), *[[safe_line(cell) for cell in row] for row in rows]]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]

    def aligned(cell: str, column: int) -> str:
        space = " " * (widths[column] - cell_len(cell))
        return space + cell if column in right else cell + space

    return ["  ".join(aligned(cell, column) for column, cell in enumerate(line)).rstrip() for line in lines]


def shortened(text: str, cells: int) -> str:
    """A line cut to `cells` terminal cells; an ellipsis marks a cut."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"
