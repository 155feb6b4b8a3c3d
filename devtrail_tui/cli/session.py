"""The services of one command: settings from the environment, the log file, the database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from devtrail_tui.cli.output import narrate, redact_with

if TYPE_CHECKING:
    from devtrail_tui.actions import Services


@contextmanager
def prepared(environ: Mapping[str, str] | None = None, *, demo: bool = False, **flags: Any) -> Iterator[Services]:
    """Services with their log file and a database that is not open yet; closed at the end. `flags` as in load_settings. Raises
    UsageError."""
    from devtrail_tui.services import Services
    from devtrail_tui.services.log_file import logging_to

    services = Services.load(os.environ if environ is None else environ, demo=demo, **flags)
    redact_with(services.secrets.redact)
    for notice in services.settings.notices:
        narrate(notice)
    with logging_to(services):
        try:
            yield services
        finally:
            services.close()


@contextmanager
def opened(environ: Mapping[str, str] | None = None, *, demo: bool = False, **flags: Any) -> Iterator[Services]:
    """Services with their database open, closed at the end. Raises UsageError, StoreError."""
    with prepared(environ, demo=demo, **flags) as services:
        services.open()
        yield services
