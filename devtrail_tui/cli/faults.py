"""A fault of the program itself on the command line: one sentence on stderr, a private report in the log folder, no traceback."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime

from devtrail_tui.cli.output import narrate, print_json, redacted

FAULT = 1


def report_fault(error: BaseException, *, as_json: bool) -> int:
    """Write the report, say so, and return the exit code."""
    from devtrail_tui.services import report_crash
    from devtrail_tui.settings import Folders

    sentence, _path = report_crash(Folders.of(os.environ).log, error, redacted, datetime.now(UTC))
    if as_json:
        print_json({"error": sentence, "problems": {}})
    narrate(sentence)
    return FAULT


def watch_threads() -> None:
    """A thread that ends in a fault is reported the same way; Python would print its traceback into the terminal."""

    def report(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
            report_fault(ended.exc_value, as_json=False)

    threading.excepthook = report
