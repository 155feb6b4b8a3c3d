"""The program's log file: redacted details for developers."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from devtrail_tui.core.redaction import Redact
from devtrail_tui.store.private_files import make_private_folder

if TYPE_CHECKING:
    from devtrail_tui.services import Services

_FILE_BYTES = 1_000_000
_OLD_FILES = 3


class PrivateFileHandler(RotatingFileHandler):
    """A log file that only its owner can read, created with its first line."""

    @override
    def _open(self) -> object:  # type: ignore[override]  # logging's type is too narrow
        path = Path(self.baseFilename)
        make_private_folder(path.parent)
        path.touch(mode=0o600)
        return super()._open()

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore a log that cannot be written (full disk): logging would print a traceback over the screen."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class WithoutSecrets(logging.Formatter):
    """Formats a record and its traceback with all known secrets masked."""

    def __init__(self, redact: Redact) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redact = redact

    @override
    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


@contextmanager
def logging_to(services: Services) -> Iterator[None]:
    """A context in which records from `log_level` up go to `devtrail.log` in the log folder, and none to the terminal."""
    path = services.settings.folders.log / "devtrail.log"
    handler = PrivateFileHandler(path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, delay=True, encoding="utf-8")
    handler.setFormatter(WithoutSecrets(services.secrets.redact))
    level = logging.getLevelNamesMapping()[services.settings.log_level.upper()]
    handler.setLevel(level)
    root = logging.getLogger()
    root_level = root.level
    root.setLevel(min(level, root_level))
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(root_level)
        handler.close()
