"""The program under a wall clock that is wrong: `python -m tests.faults.skewed_clock --host NAME --offset FILE COMMAND...`

`FILE` holds the seconds by which the clock is ahead, read anew at every look at it, so that a test can set the clock while the
program runs. What counts seconds (monotonic clocks, sleeps) is as it was. `--host` gives this machine another name.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devtrail_tui import cli
from devtrail_tui.core.clock import SystemClock


def main(arguments: Sequence[str]) -> int:
    """Put the clock wrong, then run the command."""
    host_option, name, offset_option, file, *command = arguments
    if (host_option, offset_option) != ("--host", "--offset"):
        raise SystemExit(__doc__)
    socket.gethostname = lambda: name
    offset = Path(file)

    def now(_clock: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(offset.read_text()))

    SystemClock.now = now  # type: ignore[method-assign, assignment]  # the fault is built in from outside
    return cli.main(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
