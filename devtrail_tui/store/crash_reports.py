"""Crash reports: one sentence for the person, and a file for developers.

Local variables may hold secrets, so they are never written; the text is redacted.
"""

from __future__ import annotations

import os
import traceback
from datetime import datetime
from pathlib import Path

from devtrail_tui.core.redaction import Redact
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.store.private_files import make_private_folder


def report_crash(folder: Path, error: BaseException, redact: Redact, now: datetime) -> tuple[str, Path | None]:
    """Write the report to `folder`; returns the sentence to show, and the file (None if it could not be written)."""
    path = write_report(folder, error, redact, now)
    return sentence(error, path), path


def report_text(error: BaseException, redact: Redact) -> str:
    """The traceback without local variables, sanitised and redacted."""
    return redact(safe("".join(traceback.format_exception(error))))


def write_report(folder: Path, error: BaseException, redact: Redact, now: datetime) -> Path | None:
    """Write the report, readable by its owner only; None if it cannot be written."""
    path = folder / f"crash-{now:%Y%m%d-%H%M%S}-{os.getpid()}.log"
    try:
        make_private_folder(folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(report_text(error, redact))
    except OSError:
        return None
    return path


def sentence(error: BaseException, path: Path | None) -> str:
    """What happened and what to do next."""
    where = f"The details are in {path}" if path else "The report could not be written"
    kind = safe_line(type(error).__name__, limit=60)
    return f"DevTrail stopped because of an internal error ({kind}). {where}. Your jobs and evidence are saved; start it again."
