"""Carries what is in view from the database to the screen: one thread, one snapshot message a tick, nothing when nothing changed.

A screen says what it shows by a `Reading`; the thread reads exactly that. A changed request is served at once. No database call
is ever made on the UI thread.
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
"""The shortest time between two snapshots that commits cause."""
HEALTH_PERIOD_S = 2.0
"""How often the feed checks that the database file is still the one it opened."""


class Reading(Protocol):
    """What the screens of one mode show, and how it is read. The feed's thread reads; the UI thread only replaces `request`."""

    request: Any
    """A frozen dataclass: what is to be read."""
    overdue: bool
    """Whether the last read postponed something that is to be read although nothing is committed."""

    def read(self, readers: Readers, request: Any, header: HeaderFacts, now_s: float) -> Any:
        """The data for `request`, compared with `==` to tell a change. `header` was just read; `now_s` is monotonic. Raises
        StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything in view, read at one moment; `data` is of the type that the shown mode's `Reading` reads."""

    header: HeaderFacts
    data: Any


class SnapshotReady(Message):
    """A new snapshot; one that was not handled yet is dropped for it."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    @override
    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotReady)


class FeedTrouble(Message):
    """The database cannot be read; the feed goes on trying. An empty sentence: it can again."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class FeedFault(Message):
    """The feed's thread ended by a fault of the program."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Feed:
    """The thread. `post` must be thread-safe (Textual's `post_message` is)."""

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
        """What is read now."""
        return self._reading.request

    def show(self, reading: Reading) -> None:
        """Read for another mode from now on; from the UI thread. The answer comes as a snapshot."""
        if reading is not self._reading:
            self._reading = reading
            self._wake()

    def want(self, **changes: Any) -> None:
        """Change what is read: fields of the shown mode's request; from the UI thread. The answer comes as a snapshot."""
        changed = replace(self._reading.request, **changes)
        if changed != self._reading.request:
            self._reading.request = changed
            self._wake()

    def start(self) -> None:
        """Begin; the database is open."""
        unsubscribe = self._readers.database.on_commit(self._commit.set)
        self._thread = threading.Thread(target=self._run, args=(unsubscribe,), name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End within a tick; what is being read is not posted any more."""
        self._stopping.set()
        self._wake()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, so that the database may be closed."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _wake(self) -> None:
        self._requested.set()
        self._commit.set()

    def _run(self, unsubscribe: Callable[[], None]) -> None:
        try:
            self._read_until_stopped()
        except Exception as error:  # noqa: BLE001 - a thread that dies unnoticed would leave a screen that looks alive
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
        """Read if anything was committed or requested since `current`, post if that changed the snapshot. Returns what is read
        now: the database's version, the reading and its request."""
        self._commit.clear()
        self._requested.clear()
        self._check_health()
        reading = self._reading
        request = reading.request
        # The version is taken before reading: a commit in between is read twice rather than missed.
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
        """At least so long, then until a commit or the next health check; not at all once something else is requested."""
        if not self._requested.wait(least_s) and least_s < HEALTH_PERIOD_S:
            self._commit.wait(TICK_S if self._reading.overdue else HEALTH_PERIOD_S)
