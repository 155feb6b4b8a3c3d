"""`python -m devtrail_tui` and the console script."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    gc.disable()  # imports make no garbage, and looking for it takes a fifth of the start; whoever runs on switches it on again
    from devtrail_tui import cli
    from devtrail_tui.cli.faults import watch_threads
    from devtrail_tui.cli.interruption import watch_signals

    watch_threads()
    watch_signals()
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
