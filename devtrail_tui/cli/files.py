"""Input and output files of commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from devtrail_tui.actions.documents import DocumentExists, write_document
from devtrail_tui.cli.output import redacted
from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.typed_paths import typed_path

F = TypeVar("F", bound=Callable[..., Any])


def print_or_write(text: str, output: str | None, *, force: bool) -> None:
    """Write a document to a file, or to stdout. Raises UsageError as `write_document`."""
    text = redacted(text)
    if output in (None, "-"):
        click.echo(text, nl=False)
        return
    try:
        write_document(text, str(output), replace=force)
    except DocumentExists as error:
        raise UsageError(f"{error} Add --force to replace it, or name another file.") from None


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
