"""Input and output files of commands."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from devtrail_tui.cli.output import redacted
from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.typed_paths import typed_path

F = TypeVar("F", bound=Callable[..., Any])


def write_document(text: str, output: str | None, *, force: bool) -> None:
    """Write a document to a file, atomically, or to stdout. Only the owner can read a new file.

    Raises UsageError if the file exists, unless `force`, or cannot be written; an existing file is then unchanged.
    """
    text = redacted(text)
    if output in (None, "-"):
        click.echo(text, nl=False)
        return
    path = typed_path(str(output))
    try:
        if path.is_file() and not force:
            raise UsageError(
                f"{safe_line(str(path), limit=200)} exists; add --force to replace it, or name another file."
            )
        if path.exists() and not path.is_file():  # a pipe or a device is written directly
            path.write_text(text, encoding="utf-8", newline="")
            return
        _replace(path, text)
    except OSError as error:
        raise UsageError(f"{safe_line(str(path), limit=200)} cannot be written: {error.strerror}.") from None


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


def force_option(command: F) -> F:
    """Add the option --force to a command that writes a document."""
    return click.option("--force", is_flag=True, help="Replace an existing file.")(command)


def read_document(name: str) -> bytes:
    """A file's bytes, `-` for stdin. Raises UsageError."""
    if name == "-":
        return sys.stdin.buffer.read()
    path = typed_path(name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{safe_line(str(path), limit=200)} cannot be read: {error.strerror}.") from None
