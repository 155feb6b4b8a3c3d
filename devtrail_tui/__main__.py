"""`python -m devtrail_tui` and the console script."""

from __future__ import annotations

import gc
import os
import sys
import threading

EXIT_TIMEOUT_S = 0.2
"""How long threads of jobs may delay the end of the process once everything is closed."""


def main() -> None:
    """Run the command line and end with its exit code."""
    gc.disable()  # imports make no garbage, and collection takes a fifth of the start; commands enable it again
    try:
        from devtrail_tui import cli
        from devtrail_tui.cli.faults import watch_threads
        from devtrail_tui.cli.interruption import watch_signals

        watch_threads()
        watch_signals()
        code = cli.main()
    except KeyboardInterrupt:  # Ctrl+C while the program is still being loaded
        code = 130
    # Everything is closed. Python would wait for threads of executors, and shuts down slowly beside threads that still work; a
    # job's handler may have started both.
    if any(thread.name.startswith("job-") for thread in threading.enumerate()):
        os._exit(code)
    forced_exit = threading.Timer(EXIT_TIMEOUT_S, os._exit, (code,))
    forced_exit.daemon = True
    forced_exit.start()
    sys.exit(code)


if __name__ == "__main__":
    main()
