"""What a person sees when the program itself is at fault: one sentence, and a file for whoever mends it.

A traceback with local variables shows secrets, so locals are never written, and known secret values are struck out.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from devtrail_tui.core.text import safe, safe_line


def report_text(error: BaseException, secrets: Iterable[str]) -> str:
    """The traceback without locals, harmless on a terminal, with every known secret struck out."""
    text = safe("".join(traceback.format_exception(error)))
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, "[secret]")
    return text


def write_report(folder: Path, error: BaseException, secrets: Iterable[str], now: datetime) -> Path | None:
    """Write the report where only this person can read it; None where nothing can be written."""
    path = folder / f"crash-{now:%Y%m%d-%H%M%S}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(report_text(error, secrets))
    except OSError:
        return None
    return path


def sentence(error: BaseException, path: Path | None) -> str:
    """What happened and what to do next."""
    where = f"What went wrong is written in {path}" if path else "The report could not be written"
    kind = safe_line(type(error).__name__, limit=60)
    return f"DevTrail had to stop because of a fault of its own ({kind}). {where}. Your jobs and evidence are kept; start again."
