"""Writes documents to files that a person names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.typed_paths import typed_path


class DocumentExists(UsageError):
    """The file exists and was not to be replaced."""


def write_document(text: str, name: str, *, replace: bool) -> Path:
    """Write a document to a file, atomically; returns its path. Only the owner can read a new file.

    Raises DocumentExists if the file exists, unless `replace`, and UsageError if it cannot be written; an existing file is then
    unchanged.
    """
    path = typed_path(name)
    shown = safe_line(str(path), limit=200)
    try:
        if path.is_file() and not replace:
            raise DocumentExists(f"{shown} exists.")
        if path.exists() and not path.is_file():  # a pipe or a device is written directly
            path.write_text(text, encoding="utf-8", newline="")
        else:
            _replace(path, text)
    except OSError as error:
        raise UsageError(f"{shown} cannot be written: {error.strerror}.") from None
    return path.absolute()


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(13, "it is read-only")
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.resolve().parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path.resolve())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
