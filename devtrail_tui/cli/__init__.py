"""The command line. Without arguments it opens the app and loads nothing that the app does not need."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TextIO

from devtrail_tui.cli.faults import report_fault
from devtrail_tui.cli.interruption import INTERRUPTED
from devtrail_tui.cli.output import OutputFailed, narrate, print_json, redact_with
from devtrail_tui.core.errors import DevTrailError, InvalidInput
from devtrail_tui.core.text import safe_line

_OUTPUT_ERRORS = (errno.EPIPE, errno.EIO, errno.ENOSPC)
"""Errors of stdout: its reader has gone, its terminal was closed, its disk is full."""
PROGRAM = "devtrail-tui"
COMPLETION = "_DEVTRAIL_TUI_COMPLETE"
"""Set by a shell that requests completions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; an error is one sentence on stderr (with --json: on stdout)."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        _replace_unencodable(stream)
    as_json = "--json" in arguments
    redact_with(None)
    try:
        code = _run(arguments, as_json=as_json)
        sys.stdout.flush()
    except OutputFailed as error:
        _discard_output(sys.stdout)
        return _refuse(str(error), error.exit_code, {}, as_json=False)
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            return report_fault(error, as_json=as_json)
        _discard_output(sys.stdout)
        if error.errno == errno.ENOSPC:
            return _refuse("stdout cannot be written: the disk is full.", 1, {}, as_json=False)
        _discard_output(sys.stderr)
        return 0 if error.errno == errno.EPIPE else INTERRUPTED
    except Exception as error:  # noqa: BLE001 - people get a sentence, developers the report
        return report_fault(error, as_json=as_json)
    return code


def _run(arguments: list[str], *, as_json: bool) -> int:
    try:
        if not arguments and not os.environ.get(COMPLETION):
            from devtrail_tui.cli.app import open_app

            return open_app()
        from devtrail_tui.cli.group import run

        gc.enable()  # see __main__; the app does so after its first screen
        return run(arguments)
    except OutputFailed:
        raise
    except DevTrailError as error:
        return _refuse(str(error), error.exit_code, error.problems if isinstance(error, InvalidInput) else {}, as_json)
    except KeyboardInterrupt:
        return INTERRUPTED


def _refuse(sentence: str, exit_code: int, problems: Mapping[str, str], as_json: bool) -> int:  # noqa: FBT001 - private
    if as_json:
        print_json({"error": safe_line(sentence), "problems": dict(problems)})
    narrate(f"{PROGRAM}: {safe_line(sentence)}")
    return exit_code


def _replace_unencodable(stream: TextIO) -> None:
    """Print a question mark for characters that the terminal cannot encode, instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _discard_output(stream: TextIO) -> None:
    """Suppress all further output of a stream, also at interpreter exit: the reader closed the pipe (`| head`)."""
    with suppress(OSError, ValueError):  # the stream has no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
