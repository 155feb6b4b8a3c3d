"""Opens the app; the only command line module that loads Textual."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from devtrail_tui.cli.session import prepared
from devtrail_tui.core.errors import UsageError

_HEADLESS = "Everything also works without it, such as devtrail-tui jobs list; see devtrail-tui --help."


def open_app(environ: Mapping[str, str] | None = None, *, demo: bool = False, **flags: Any) -> int:
    """Run the app and return its exit code; it opens the database off the UI thread. Raises UsageError for invalid settings, and
    without a terminal."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.__stderr__)):
        raise UsageError(f"The app needs a terminal. {_HEADLESS}")
    if (term := os.environ.get("TERM", "")) in ("", "dumb"):
        raise UsageError(f"The app needs a terminal that can place the cursor (TERM is “{term}”). {_HEADLESS}")
    with prepared(environ, demo=demo, **flags) as services:  # its notices are printed again after the app has closed
        from devtrail_tui.tui.run import START_DEMO, run_app

        code = run_app(services)
    if code == START_DEMO:  # a fresh process: this one may still hold threads of the closed app
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "devtrail_tui", "demo"])  # noqa: S606 - our own program
    return code


def app_readers() -> Mapping[str, Callable[[Any], object]]:
    """By setting, the function that validates a theme or a key."""
    from devtrail_tui.tui import keymap, themes

    return {"theme": themes.checked, "keys": keymap.check_keys}
