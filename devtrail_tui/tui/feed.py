"""Carries what is in view from the database to the screen: one thread, one snapshot message a tick, nothing when nothing changed.
A changed wish is served at once.

The screens say what they show by `want`; the thread reads exactly that. No database call is ever made on the UI thread.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from textual.message import Message

from devtrail_tui.core.errors import NotFound, StoreError
from devtrail_tui.core.job_filter import JobFilter
from devtrail_tui.core.job_row import HeaderFacts
from devtrail_tui.tui.widgets.job_table import JobTableData
from devtrail_tui.tui.widgets.log_pane import LogData
from devtrail_tui.tui.widgets.row_table import RowTableData

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.evidence import Criterion, EvidenceDetail, EvidenceEntry
    from devtrail_tui.core.job import Job

TICK_S = 0.15
"""The shortest time between two snapshots that commits cause."""
ALIVE_S = 2.0
"""How often the feed looks whether the database file is still the one it opened."""
EDGE = 60
"""Rows kept beyond the wanted ones on either side."""
FOLLOWED_LINES = 400
"""Log lines read while the reader follows the end."""
LOG_PERIOD_S = 1.0
"""A growing log is read again after so long: every line of a pane that follows it changes then."""
REREAD_SHARE = 5
"""A full list of ids is read again only after this many times what the last reading took."""


@dataclass(frozen=True, slots=True)
class EvidenceWanted:
    """What the evidence screen shows: words to look for, the lines in view, the entry opened."""

    text: str = ""
    rows: tuple[int, int] = (0, EDGE)
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the screens show. `rows` are indexes into the filtered ids; `log` are the first and last seq, None is the end."""

    job_filter: JobFilter = field(default_factory=JobFilter)
    filter_text: str = ""
    rows: tuple[int, int] = (0, EDGE)
    chosen: int | None = None
    log: tuple[int, int] | None = None
    evidence: EvidenceWanted | None = None


@dataclass(frozen=True, slots=True)
class EvidenceData:
    """The list, and the entry that is opened, with the criteria its matches speak of, by id."""

    table: RowTableData[EvidenceEntry]
    detail: EvidenceDetail | None = None
    criteria: Mapping[str, Criterion] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything in view, read at one moment."""

    wanted: Wanted
    table: JobTableData
    header: HeaderFacts
    job: Job | None = None
    log: LogData = field(default_factory=LogData)
    evidence: EvidenceData | None = None


class SnapshotReady(Message):
    """A new snapshot; one that was not handled yet is dropped for it."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

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
        self, services: Services, post: Callable[[Message], Any], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._services = services
        self._post = post
        self._monotonic = monotonic
        self._reader = _Reader(services, monotonic)
        self._lock = threading.Lock()
        self._wanted = Wanted()
        self._hint = threading.Event()
        self._wish = threading.Event()
        self._posted: Snapshot | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def wanted(self) -> Wanted:
        """What the feed reads now."""
        return self._wanted

    def want(self, **changes: Any) -> None:
        """Change what is read; fields as in Wanted. Any thread; the answer comes as a snapshot."""
        with self._lock:
            wanted = replace(self._wanted, **changes)
            changed, self._wanted = wanted != self._wanted, wanted
        if changed:
            self._wish.set()
            self._hint.set()

    def start(self) -> None:
        """Begin; the database is open."""
        unsubscribe = self._services.database.on_commit(self._hint.set)
        self._thread = threading.Thread(target=self._run, args=(unsubscribe,), name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End within a tick; what is being read is not posted any more."""
        self._stopping.set()
        self._wish.set()
        self._hint.set()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, so that the database may be closed."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, unsubscribe: Callable[[], None]) -> None:
        try:
            self._read_until_stopped()
        except Exception as error:  # noqa: BLE001 - a thread that dies unseen would leave a screen that looks alive
            if not self._stopping.is_set():
                self._post(FeedFault(error))
        finally:
            unsubscribe()

    def _read_until_stopped(self) -> None:
        trouble = ""
        shown: tuple[int, Wanted] | None = None
        while not self._stopping.is_set():
            try:
                shown = self._tick(shown)
                said = ""
            except StoreError as error:
                said, shown = str(error), None
            if said != trouble:
                trouble = said
                self._post(FeedTrouble(said))
            self._rest(TICK_S if not said else ALIVE_S)

    def _tick(self, shown: tuple[int, Wanted] | None) -> tuple[int, Wanted]:
        """Read if anything was committed since `shown`, post if that changed the snapshot; returns what is shown now."""
        self._hint.clear()
        self._wish.clear()
        self._reader.check_alive()
        wanted = self._wanted
        # The version is taken before reading: a commit in between is read twice rather than missed.
        current = (self._services.database.version(), wanted)
        if current == shown and not self._reader.owes:
            return current
        snapshot = self._reader.read(wanted)
        if snapshot != self._posted and not self._stopping.is_set():
            self._posted = snapshot
            self._post(SnapshotReady(snapshot))
        return current

    def _rest(self, least_s: float) -> None:
        """At least so long, then until a commit or the next look at the file; not at all once something else is wanted."""
        if not self._wish.wait(least_s) and least_s < ALIVE_S:
            self._hint.wait(TICK_S if self._reader.owes else ALIVE_S)


class _Reader:
    """Reads a snapshot; remembers the id lists so that they are read again only where they may have changed."""

    def __init__(self, services: Services, monotonic: Callable[[], float]) -> None:
        self._services = services
        self._monotonic = monotonic
        self._filter: JobFilter | None = None
        self._ids: array[int] = array("q")
        self._ids_read_at = 0.0
        self._ids_took_s = 0.0
        self._alive_at = 0.0
        self._followed = LogData()
        self._followed_read_at = 0.0
        self.owes = False
        """Something was left as it is known, and should be read although nothing is committed."""

    def check_alive(self) -> None:
        """Raises DatabaseUnusable when the file was deleted, replaced, damaged or made read-only."""
        if self._monotonic() - self._alive_at >= ALIVE_S:
            self._services.database.check_health()
            self._alive_at = self._monotonic()

    def read(self, wanted: Wanted) -> Snapshot:
        """Everything that is wanted."""
        self.owes = False
        views = self._services.views
        header = views.header_facts()
        total = sum(header.counts.values())
        ids = self._job_ids(wanted.job_filter, total)
        first, last = wanted.rows
        rows = views.job_rows(ids[max(first - EDGE, 0) : last + EDGE + 1])
        job = self._job(wanted.chosen)
        return Snapshot(
            wanted=wanted,
            table=JobTableData(ids, rows, wanted.filter_text, total),
            header=header,
            job=job,
            log=self._log(job, wanted.log) if job else LogData(),
            evidence=self._evidence(wanted.evidence) if wanted.evidence else None,
        )

    def _job_ids(self, job_filter: JobFilter, total: int) -> array[int]:
        """Without a filter, only the new ids are read. A filter's list may change with any commit, so it is read again, but a
        long one not at every tick."""
        views = self._services.views
        now = self._monotonic()
        if job_filter != self._filter:
            return self._all_ids(job_filter)
        if replace(job_filter, problems=()) == JobFilter():
            newer = views.job_ids(job_filter, newer_than=self._ids[0] if self._ids else 0)
            if len(newer) + len(self._ids) != total:
                return self._all_ids(job_filter)
            if newer:
                self._ids = newer + self._ids
            return self._ids
        if now - self._ids_read_at < REREAD_SHARE * self._ids_took_s:
            self.owes = True
            return self._ids
        return self._all_ids(job_filter)

    def _all_ids(self, job_filter: JobFilter) -> array[int]:
        start = self._monotonic()
        ids = self._services.views.job_ids(job_filter)
        self._filter = job_filter
        self._ids_read_at = self._monotonic()
        self._ids_took_s = self._ids_read_at - start
        if ids != self._ids:
            self._ids = ids
        return self._ids

    def _job(self, job_id: int | None) -> Job | None:
        if job_id is None:
            return None
        try:
            job = self._services.views.job(job_id)
        except NotFound:  # deleted since the screen asked for it
            return None
        return replace(job, lease_expires_at=None)  # a heartbeat changes nothing that is shown

    def _log(self, job: Job, window: tuple[int, int] | None) -> LogData:
        """The lines of the window, or the last ones, which are read once a period while the job runs."""
        now, last_read = self._monotonic(), self._followed
        early = now - self._followed_read_at < LOG_PERIOD_S
        if early and window is None and last_read.job_id == job.id and last_read.lines and not job.status.finished:
            self.owes = True
            return last_read
        data = self._read_log(job, window)
        self._followed, self._followed_read_at = data if window is None else LogData(), now
        return data

    def _read_log(self, job: Job, window: tuple[int, int] | None) -> LogData:
        log = self._services.job_log
        bounds = log.bounds(job.id)
        if bounds is None:
            return LogData(job.id)
        first, last = bounds
        start, end = window or (last - FOLLOWED_LINES + 1, last)
        start = max(start, first)
        lines = log.page(job.id, first_seq=start, limit=max(end - start + 1, 1))
        return LogData(job.id, first, max(last, lines[-1].seq if lines else last), lines, job.started_at)

    def _evidence(self, wanted: EvidenceWanted) -> EvidenceData:
        store = self._services.evidence
        ids = store.ids(text=wanted.text)
        total = store.count() if wanted.text else len(ids)
        first, last = wanted.rows
        rows = store.rows(ids[max(first - EDGE, 0) : last + EDGE + 1])
        table = RowTableData(ids, rows, wanted.text, total)
        if wanted.chosen is None:
            return EvidenceData(table)
        try:
            detail = store.detail(wanted.chosen)
        except NotFound:  # deleted since the screen asked for it
            return EvidenceData(table)
        criteria = {each.id: each for each in self._services.criteria.list(include_retired=True)}
        return EvidenceData(table, detail, criteria)
