"""The demo's folder with its own database and settings, locked for one demo at a time."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from types import TracebackType

from devtrail_tui.core.errors import UsageError


class DemoHome:
    """`with DemoHome(folder, keep=...) as home:` yields the folder for DEVTRAIL_HOME, emptied first unless `keep`.

    Raises UsageError if another demo uses it, or it cannot be created.
    """

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._folder = folder
        self._keep = keep
        self._lock: sqlite3.Connection | None = None

    def __enter__(self) -> Path:
        home = self._folder / "home"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _locked(self._folder / "lock")
            if not self._keep and home.exists():
                shutil.rmtree(home)
            home.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            self._unlock()
            raise UsageError(f"The demo's folder {self._folder} cannot be used: {error.strerror}.") from None
        return home

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(path: Path) -> sqlite3.Connection:
    """A lock that ends with its process on every system: SQLite's own, on an empty file."""
    lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise UsageError("Another demo is running on this machine; quit it first.") from None
        raise UsageError(f"The demo's folder {path.parent} cannot be used: {error}.") from None
    return lock
