"""`python -m devtrail_tui` and the console script."""

from __future__ import annotations

import gc
import sys


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
    sys.exit(code)


if __name__ == "__main__":
    main()
