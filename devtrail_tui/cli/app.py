"""Opens the app; the only command line module that loads Textual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from devtrail_tui.cli.session import prepared


def open_app(environ: Mapping[str, str] | None = None, *, demo: bool = False, **flags: Any) -> int:
    """Run the app and return its exit code; it opens the database off the UI thread. Raises UsageError for invalid settings."""
    with prepared(environ, demo=demo, **flags) as services:  # its notices are printed again after the app has closed
        from devtrail_tui.tui.run import run_app

        return run_app(services)


def app_readers() -> Mapping[str, Callable[[Any], object]]:
    """By setting, the function that validates a theme or a key."""
    from devtrail_tui.tui import keymap, themes

    return {"theme": themes.checked, "keys": keymap.check_keys}
