"""The program's own log file: what is too much for a sentence, without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from devtrail_tui.cli.output import redact_with
from devtrail_tui.core.redaction import Redact
from devtrail_tui.services import Services, make_private_folder

_LARGEST_BYTES = 1_000_000
_KEPT_FILES = 3


class PrivateFileHandler(RotatingFileHandler):
    """A log that only its owner can read, made when the first line is written."""

    def _open(self) -> object:  # type: ignore[override]  # logging types the stream more narrowly than it uses it
        path = Path(self.baseFilename)
        make_private_folder(path.parent)
        path.touch(mode=0o600)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A log that cannot be written (a full disk) is done without: logging's own way is a traceback over the screen."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class WithoutSecrets(logging.Formatter):
    """Formats a record, its traceback included, with every secret in use replaced."""

    def __init__(self, redact: Redact) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


@contextmanager
def logging_to(services: Services) -> Iterator[None]:
    """Send what is at least as serious as the setting `log_level` says to `devtrail.log` in the log folder, instead of the
    terminal, while the block runs. What is printed passes the services' redactor from now on."""
    path = services.settings.folders.log / "devtrail.log"
    handler = PrivateFileHandler(path, maxBytes=_LARGEST_BYTES, backupCount=_KEPT_FILES, delay=True, encoding="utf-8")
    redact_with(services.secrets.redact)
    handler.setFormatter(WithoutSecrets(services.secrets.redact))
    level = logging.getLevelNamesMapping()[services.settings.log_level.upper()]
    handler.setLevel(level)
    root = logging.getLogger()
    before = root.level
    root.setLevel(min(level, before))
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()
