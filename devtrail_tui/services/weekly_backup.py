"""The weekly backup of one running program, in a thread beside its work."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from devtrail_tui.core.errors import StoreError

if TYPE_CHECKING:
    from devtrail_tui.store.sqlite.maintenance import DatabaseMaintenance

_ABORT_S = 0.5
"""How long an aborted backup may take to remove its unfinished copy."""
_logger = logging.getLogger(__name__)


class WeeklyBackup:
    """Makes the backup if it is due; `start` and `finish` may be called repeatedly."""

    def __init__(self, maintenance: DatabaseMaintenance) -> None:
        self._maintenance = maintenance
        self._aborted = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the backup, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="weekly-backup", daemon=True)
            self._thread.start()

    def finish(self, within_s: float) -> bool:
        """Wait for the backup, then abort it; no half copy is left. Whether it was done in time."""
        if self._thread is None:
            return True
        self._thread.join(within_s)
        done = not self._thread.is_alive()
        self._aborted.set()
        self._thread.join(_ABORT_S)
        return done

    def _run(self) -> None:
        try:
            self._maintenance.weekly_backup(self._aborted.is_set)
        except StoreError as error:  # retried at the next start; doctor shows the age of the newest backup
            _logger.warning("the weekly backup was not made: %s", error)
