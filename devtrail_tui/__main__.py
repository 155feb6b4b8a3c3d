"""`python -m devtrail_tui` and the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    from devtrail_tui import cli

    sys.exit(cli.main())


if __name__ == "__main__":
    main()
