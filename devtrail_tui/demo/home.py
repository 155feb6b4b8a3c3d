"""The demo's own folder: its database and settings, apart from the person's, used by one demo at a time."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType

import psutil

from devtrail_tui.core.errors import UsageError

_SAME_START_S = 0.05


class DemoHome:
    """`with DemoHome(folder, keep=...) as home:` gives the folder to be DEVTRAIL_HOME, emptied first unless `keep`.

    Raises UsageError where another demo that still runs uses it, or it cannot be made.
    """

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._folder = folder
        self._keep = keep
        self._owner = folder / "owner"

    def __enter__(self) -> Path:
        home = self._folder / "home"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take()
            if not self._keep and home.exists():
                shutil.rmtree(home)
            home.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The demo's folder {self._folder} cannot be used: {error.strerror}.") from None
        return home

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.unlink(missing_ok=True)

    def _take(self) -> None:
        if self._owner.exists() and _lives(self._owner.read_text()):
            raise UsageError("Another demo is running on this machine; quit it first.")
        self._owner.write_text(f"{os.getpid()} {psutil.Process().create_time()}")


def _lives(owner: str) -> bool:
    """Whether the process that wrote `owner` (pid and start time) still runs; unreadable text names nobody."""
    try:
        pid, start = owner.split()
        process = psutil.Process(int(pid))
        return abs(process.create_time() - float(start)) < _SAME_START_S and process.pid != os.getpid()
    except (ValueError, psutil.NoSuchProcess):
        return False
    except psutil.AccessDenied:
        return True
