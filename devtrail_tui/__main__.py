"""`python -m devtrail_tui` and the console script."""

from __future__ import annotations

import gc
import os
import sys
import threading

LEFT_OVER_S = 0.2
"""How long threads of jobs may hold the process up once its work is done and everything is closed."""


def main() -> None:
    """Run the command line and end with its exit code."""
    gc.disable()  # imports make no garbage, and looking for it takes a fifth of the start; whoever runs on switches it on again
    try:
        from devtrail_tui import cli
        from devtrail_tui.cli.faults import watch_threads
        from devtrail_tui.cli.interruption import watch_signals

        watch_threads()
        watch_signals()
        code = cli.main()
    except KeyboardInterrupt:  # Ctrl+C while the program is still being loaded
        code = 130
    # Everything is closed. Python waits for the threads of executors, whatever they do, and takes its time beside those that work
    # on: a handler may have left either behind.
    if any(thread.name.startswith("job-") for thread in threading.enumerate()):
        os._exit(code)
    last_resort = threading.Timer(LEFT_OVER_S, os._exit, (code,))
    last_resort.daemon = True
    last_resort.start()
    sys.exit(code)


if __name__ == "__main__":
    main()
