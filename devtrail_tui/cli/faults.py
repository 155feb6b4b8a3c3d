"""Unexpected errors on the command line: one sentence on stderr, a private report in the log folder, no traceback."""

from __future__ import annotations

import os
import threading

from devtrail_tui.cli.output import narrate, print_json, redacted

FAULT = 1


def report_fault(error: BaseException, *, as_json: bool) -> int:
    """Write the report, print the sentence, return the exit code."""
    from devtrail_tui.actions.crash_report import write_crash_report

    sentence, _path = write_crash_report(error, redacted, os.environ)
    if as_json:
        print_json({"error": sentence, "problems": {}})
    narrate(sentence)
    return FAULT


def watch_threads() -> None:
    """Report unexpected errors of threads the same way; Python would print a traceback."""

    def report(end: threading.ExceptHookArgs) -> None:
        if end.exc_value is not None and not isinstance(end.exc_value, SystemExit):
            report_fault(end.exc_value, as_json=False)

    threading.excepthook = report
