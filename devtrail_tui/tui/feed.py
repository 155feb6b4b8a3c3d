"""Reads the data in view in one thread and posts at most one snapshot per tick, only when something changed.

A screen describes its reads by a `Reading`. A changed request is served at once. The UI thread never calls the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from textual.message import Message
from typing_extensions import override

from devtrail_tui.core.errors import StoreError

if TYPE_CHECKING:
    from devtrail_tui.core.job_row import HeaderFacts
    from devtrail_tui.core.readers import Readers

TICK_S = 0.15
"""Minimum time between two snapshots caused by commits."""
HEALTH_PERIOD_S = 2.0
"""How often the feed checks that the database file was not replaced."""


class Reading(Protocol):
    """The reads of one mode's screens. The feed's thread calls `read`; the UI thread replaces `request`."""

    request: Any
    """A frozen dataclass that says what to read."""
    overdue: bool
    """Whether the last read postponed something, to be read even without a commit."""

    def read(self, readers: Readers, request: Any, header: HeaderFacts, now_s: float) -> Any:
        """The data for `request`; changes are detected by `==`. `header` was just read; `now_s` is monotonic seconds. Raises
        StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All data in view at one time; `data` has the type that the current `Reading` returns."""

    header: HeaderFacts
    data: Any


class SnapshotReady(Message):
    """A new snapshot; it replaces one that is still queued."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    @override
    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotReady)


class FeedTrouble(Message):
    """The database cannot be read; the feed keeps trying. An empty sentence: it can be read again."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class FeedFault(Message):
    """The feed's thread ended with an unexpected error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Feed:
    """The reading thread. `post` must be thread-safe (Textual's `post_message` is)."""

    def __init__(
        self,
        readers: Readers,
        reading: Reading,
        post: Callable[[Message], Any],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readers = readers
        self._post = post
        self._monotonic = monotonic
        self._reading = reading
        self._commit = threading.Event()
        self._requested = threading.Event()
        self._posted: Snapshot | None = None
        self._checked_at_s = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def request(self) -> Any:
        """The current request."""
        return self._reading.request

    def show(self, reading: Reading) -> None:
        """Switch to another mode's reads; call it from the UI thread. The result arrives as a snapshot."""
        if reading is not self._reading:
            self._reading = reading
            self._wake()

    def want(self, **changes: Any) -> None:
        """Change fields of the current request; call it from the UI thread. The result arrives as a snapshot."""
        changed = replace(self._reading.request, **changes)
        if changed != self._reading.request:
            self._reading.request = changed
            self._wake()

    def start(self) -> None:
        """Start the thread; the database must be open."""
        unsubscribe = self._readers.database.on_commit(self._commit.set)
        self._thread = threading.Thread(target=self._run, args=(unsubscribe,), name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End within a tick; a read in progress is not posted."""
        self._stopping.set()
        self._wake()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, so that the database can be closed."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _wake(self) -> None:
        self._requested.set()
        self._commit.set()

    def _run(self, unsubscribe: Callable[[], None]) -> None:
        try:
            self._read_until_stopped()
        except Exception as error:  # noqa: BLE001 - a dead thread would leave a stale screen
            if not self._stopping.is_set():
                self._post(FeedFault(error))
        finally:
            unsubscribe()

    def _read_until_stopped(self) -> None:
        reported_trouble = ""
        current: object = None
        while not self._stopping.is_set():
            try:
                current = self._tick(current)
                trouble = ""
            except StoreError as error:
                trouble, current = str(error), None
            if trouble != reported_trouble:
                reported_trouble = trouble
                self._post(FeedTrouble(trouble))
            self._rest(HEALTH_PERIOD_S if trouble else TICK_S)

    def _tick(self, current: object) -> object:
        """Read if something was committed or requested since `current`; post the snapshot if it changed. Returns the new
        `current`: the database's version, the reading and its request."""
        self._commit.clear()
        self._requested.clear()
        self._check_health()
        reading = self._reading
        request = reading.request
        # Read the version first: a commit during the read is then read twice instead of missed.
        state = (self._readers.database.version(), reading, request)
        if state == current and not reading.overdue:
            return state
        header = self._readers.views.header_facts()
        snapshot = Snapshot(header, reading.read(self._readers, request, header, self._monotonic()))
        if snapshot != self._posted and not self._stopping.is_set():
            self._posted = snapshot
            self._post(SnapshotReady(snapshot))
        return state

    def _check_health(self) -> None:
        if self._monotonic() - self._checked_at_s >= HEALTH_PERIOD_S:
            self._readers.database.check_health()
            self._checked_at_s = self._monotonic()

    def _rest(self, least_s: float) -> None:
        """Wait at least this long, then until a commit or the next health check; a new request ends the wait."""
        if not self._requested.wait(least_s) and least_s < HEALTH_PERIOD_S:
            self._commit.wait(TICK_S if self._reading.overdue else HEALTH_PERIOD_S)
