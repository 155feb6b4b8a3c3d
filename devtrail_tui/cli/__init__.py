"""The command line. Without arguments it opens the app, and loads nothing that the app does not need."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from devtrail_tui.cli.interruption import INTERRUPTED
from devtrail_tui.cli.output import narrate, print_json, redact_with
from devtrail_tui.core.errors import DevTrailError, InvalidInput
from devtrail_tui.core.text import safe_line

PROGRAM = "devtrail-tui"
_COMPLETION = "_DEVTRAIL_TUI_COMPLETE"


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
    try:
        if not given and not os.environ.get(_COMPLETION):
            from devtrail_tui.cli.app import open_app

            return open_app()
        from devtrail_tui.cli.group import run

        gc.enable()  # see __main__; the app does so once it stands
        return run(given)
    except DevTrailError as error:
        return _refuse(str(error), error.exit_code, error.problems if isinstance(error, InvalidInput) else {}, as_json)
    except KeyboardInterrupt:
        return INTERRUPTED


def _refuse(sentence: str, exit_code: int, problems: Mapping[str, str], as_json: bool) -> int:  # noqa: FBT001 - private
    if as_json:
        print_json({"error": safe_line(sentence), "problems": dict(problems)})
    narrate(f"{PROGRAM}: {safe_line(sentence)}")
    return exit_code


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
