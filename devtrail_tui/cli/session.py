"""One command's services: settings from the environment, the database open, the log file set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from devtrail_tui.cli.log_file import logging_to
from devtrail_tui.cli.output import narrate
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings


@contextmanager
def opened(environ: Mapping[str, str] | None = None, *, demo: bool = False, **flags: Any) -> Iterator[Services]:
    """Services with their database open, closed again at the end. `flags` as in load_settings. Raises UsageError, StoreError."""
    environ = os.environ if environ is None else environ
    services = Services(load_settings(environ, **flags), environ=environ, demo=demo)
    for notice in services.settings.notices:
        narrate(notice)
    with logging_to(services):
        services.open()
        try:
            yield services
        finally:
            services.close()
