"""Runs the app in this terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devtrail_tui.tui import terminal
from devtrail_tui.tui.app import LAST_RESORT_S, DevTrailApp

if TYPE_CHECKING:
    from devtrail_tui.actions import Services


START_DEMO = -1
"""Returned instead of an exit code."""


def run_app(services: Services) -> int:
    """Run the app in this terminal and close the services; returns the exit code, or START_DEMO if the demo is to follow.
    Raises UsageError for an unknown key or theme."""
    app = DevTrailApp(services)
    with terminal.terminal_restored() as restore:
        app.forced_restore = restore
        app.early_signals = terminal.EarlySignals(lambda: terminal.end_at_the_latest(LAST_RESORT_S, restore, 0))
        app.early_signals.catch()
        app.run()
    if app.feed is not None:
        app.feed.join(0.5)
        services.close()
    return START_DEMO if app.demo_wanted else app.return_code or 0
