"""`python -m devtrail_tui` and the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    from devtrail_tui import cli
    from devtrail_tui.cli.faults import watch_threads

    watch_threads()
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
