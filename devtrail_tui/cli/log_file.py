"""The program's own log file: what is too much for a sentence, without secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from devtrail_tui.services import Services

_LARGEST_BYTES = 1_000_000
_KEPT_FILES = 3
_SHORTEST_SECRET = 6
"""A shorter value is a word that stands in ordinary text too; hiding it would only make the log unreadable."""


class PrivateFileHandler(RotatingFileHandler):
    """A log that only its owner can read, made when the first line is written."""

    def _open(self) -> object:  # type: ignore[override]  # logging types the stream more narrowly than it uses it
        path = Path(self.baseFilename)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return super()._open()


class WithoutSecrets(logging.Formatter):
    """Formats a record, its traceback included, with every secret in use replaced."""

    def __init__(self, services: Services) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._services = services

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for value in self._services.secrets.in_use():
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, "[secret]")
        return text


@contextmanager
def logging_to(services: Services) -> Iterator[None]:
    """Send warnings and worse to `devtrail.log` in the log folder, instead of the terminal, while the block runs."""
    path = services.settings.folders.log / "devtrail.log"
    handler = PrivateFileHandler(path, maxBytes=_LARGEST_BYTES, backupCount=_KEPT_FILES, delay=True, encoding="utf-8")
    handler.setFormatter(WithoutSecrets(services))
    handler.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
