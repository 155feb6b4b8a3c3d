"""Keeps the leases of running jobs alive from a thread of its own, which neither CPU work nor a blocked loop can starve."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection

from devtrail_tui.core.errors import StoreError
from devtrail_tui.core.job import Claim
from devtrail_tui.store.queue import JobQueue

_logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews every claim it was given, each `heartbeat_s`; reports what was lost and what a person asked to cancel.

    The two callbacks run in this thread. The renewal goes through the store's writer thread, so a lease never waits for the
    event loop.
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
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; leases then run out by themselves."""
        self._stop.set()

    def add(self, claim: Claim) -> None:
        """Keep this one alive from now on."""
        with self._lock:
            self._claims.add(claim)

    def remove(self, claim: Claim) -> None:
        """This one has ended."""
        with self._lock:
            self._claims.discard(claim)

    def _run(self) -> None:
        while not self._stop.wait(self._heartbeat_s):
            with self._lock:
                claims = tuple(self._claims)
            try:
                renewal = self._queue.renew(self._worker_id, claims, self._lease_s).result()
            except StoreError as error:  # the next heartbeat tries again; a lease outlives two missed ones
                _logger.warning("leases could not be renewed: %s", error)
                continue
            except RuntimeError:  # the store was closed under us at the end of the program
                return
            if renewal.lost:
                self._on_lost(renewal.lost)
            if renewal.cancel_requested:
                self._on_cancel(renewal.cancel_requested)
