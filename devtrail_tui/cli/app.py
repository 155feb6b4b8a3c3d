"""Opens the app; the only door from the command line to Textual."""

from __future__ import annotations

import os

from devtrail_tui.cli.log_file import logging_to
from devtrail_tui.cli.output import narrate
from devtrail_tui.services import Services
from devtrail_tui.settings import Settings, load_settings


def open_app() -> int:
    """Run the app until the person quits, and return its exit code. Raises UsageError for settings that do not fit."""
    services = Services(load_settings(os.environ), environ=os.environ)
    for notice in services.settings.notices:  # seen again when the app has given the terminal back
        narrate(notice)
    return run_app(services)


def app_problems(settings: Settings) -> dict[str, str]:
    """By place, what the app would refuse: a theme or a key that does not exist."""
    from devtrail_tui.tui import keymap, themes

    return settings.problems({"theme": themes.checked, "keys": keymap.check_keys})


def run_app(services: Services) -> int:
    """Run the app over services, which it opens itself off the UI thread."""
    from devtrail_tui.tui.app import run_app as run_in_terminal

    with logging_to(services):
        return run_in_terminal(services)
