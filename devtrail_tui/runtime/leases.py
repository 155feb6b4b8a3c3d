"""Renews the leases of running jobs in its own thread, independent of CPU load and blocked loops."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection

from devtrail_tui.core.errors import StoreError
from devtrail_tui.core.job import Claim
from devtrail_tui.store.queue import JobQueue

_logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews its claims every `heartbeat_s`; reports lost claims and cancel requests.

    Both callbacks run in this thread. Renewal goes through the store's writer thread, so it never waits for the event loop.
    """

    def __init__(
        self,
        queue: JobQueue,
        worker_id: str,
        *,
        lease_s: float,
        heartbeat_s: float,
        on_lost: Callable[[Collection[Claim]], None],
        on_cancel: Callable[[Collection[Claim]], None],
    ) -> None:
        self._queue = queue
        self._worker_id = worker_id
        self._lease_s = lease_s
        self._heartbeat_s = heartbeat_s
        self._on_lost = on_lost
        self._on_cancel = on_cancel
        self._claims: set[Claim] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)

    def start(self) -> None:
        """Start renewing."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; leases then expire."""
        self._stop.set()

    def add(self, claim: Claim) -> None:
        """Renew this claim from now on."""
        with self._lock:
            self._claims.add(claim)

    def remove(self, claim: Claim) -> None:
        """Stop renewing this claim."""
        with self._lock:
            self._claims.discard(claim)

    def _run(self) -> None:
        while not self._stop.wait(self._heartbeat_s):
            with self._lock:
                claims = tuple(self._claims)
            try:
                renewal = self._queue.renew(self._worker_id, claims, self._lease_s).result()
            except StoreError as error:  # retried at the next heartbeat; a lease survives two missed ones
                _logger.warning("leases could not be renewed: %s", error)
                continue
            except RuntimeError:  # the store was closed at the end of the program
                return
            if renewal.lost:
                self._on_lost(renewal.lost)
            if renewal.cancel_requested:
                self._on_cancel(renewal.cancel_requested)
