"""Crash reports for unexpected errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devtrail_tui.core.errors import UsageError
from devtrail_tui.settings import Folders
from devtrail_tui.store.crash_reports import report_crash

if TYPE_CHECKING:
    from devtrail_tui.core.redaction import Redact


def write_crash_report(error: BaseException, redact: Redact, environ: Mapping[str, str]) -> tuple[str, Path | None]:
    """Write the redacted traceback to the log folder. Returns the sentence to show, and the file (None if it could not be
    written)."""
    try:
        folder = Folders.of(environ).log
    except UsageError as no_home:
        return str(no_home), None
    return report_crash(folder, error, redact, datetime.now(UTC))
