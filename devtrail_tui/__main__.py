"""Entry point of `python -m devtrail_tui` and the console script."""

from __future__ import annotations

import gc
import os
import sys
import threading

EXIT_TIMEOUT_S = 0.2
"""Seconds that job threads may delay the end of the process after everything is closed."""


def main() -> None:
    """Run the command line and exit with its exit code."""
    if not _has_streams():
        sys.exit(1)
    gc.disable()  # collection takes a fifth of start-up; long-running commands re-enable it
    try:
        from devtrail_tui import cli
        from devtrail_tui.cli.faults import watch_threads
        from devtrail_tui.cli.interruption import watch_signals

        watch_threads()
        watch_signals()
        code = cli.main()
    except KeyboardInterrupt:  # Ctrl+C during import
        code = 130
    # Exit without Python's shutdown: it waits for executor threads, and is slow beside running threads. A job's handler may have
    # started both.
    if any(thread.name.startswith("job-") for thread in threading.enumerate()):
        os._exit(code)
    forced_exit = threading.Timer(EXIT_TIMEOUT_S, os._exit, (code,))
    forced_exit.daemon = True
    forced_exit.start()
    sys.exit(code)


def _has_streams() -> bool:
    """Replace a closed stdin or stderr, whose number a file of ours would get; False, after a sentence, if stdout is closed."""
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        stream = open(os.devnull, "r+" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115, PTH123 - stays open
        setattr(sys, name, stream)
    if "stdout" in closed:
        sys.stderr.write("devtrail-tui: stdout is closed; redirect it to a file, or to /dev/null.\n")
    return "stdout" not in closed


if __name__ == "__main__":
    main()
