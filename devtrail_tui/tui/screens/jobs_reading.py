"""The reads of the jobs screens: the table, the selected job, its log."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from devtrail_tui.core.errors import NotFound
from devtrail_tui.core.job_filter import JobFilter
from devtrail_tui.tui.widgets.job_table import JobTableData
from devtrail_tui.tui.widgets.log_layout import LogData
from devtrail_tui.tui.widgets.row_table import EDGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtrail_tui.core.job import Attempt, Job
    from devtrail_tui.core.job_row import HeaderFacts
    from devtrail_tui.core.readers import Readers

FOLLOWED_LINES = 400
"""Log lines to read while the pane follows the end."""
LOG_PERIOD_S = 1.0
"""Minimum time between two reads of a followed log: each one redraws every line of the pane."""
REREAD_SHARE = 5
"""A filtered list is read again only after this many times the duration of its last read."""


@dataclass(frozen=True, slots=True)
class JobsRequest:
    """`rows` are indexes into the filtered ids; `log` is the first and last line number, None follows the end."""

    job_filter: JobFilter = field(default_factory=JobFilter)
    filter_text: str = ""
    rows: tuple[int, int] = (0, EDGE)
    chosen: int | None = None
    log: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class JobsData:
    """The table, and the selected job with its attempts and log."""

    request: JobsRequest
    table: JobTableData
    job: Job | None = None
    attempts: Sequence[Attempt] = ()
    log: LogData = field(default_factory=LogData)


class JobsReading:
    """Reads the data of the jobs screens; caches the ids, so that only new ones are read."""

    def __init__(self) -> None:
        self.request = JobsRequest()
        self.overdue = False
        self._filter: JobFilter | None = None
        self._ids: array[int] = array("q")
        self._ids_read_at_s = 0.0
        self._ids_took_s = 0.0
        self._log = LogData()
        self._log_read_at_s = 0.0

    def read(self, readers: Readers, request: JobsRequest, header: HeaderFacts, now_s: float) -> JobsData:
        """Read everything requested. Raises StoreError."""
        self.overdue = False
        views, total = readers.views, sum(header.counts.values())
        ids = self._job_ids(readers, request.job_filter, total, now_s)
        first, last = request.rows
        rows = views.job_rows(ids[max(first - EDGE, 0) : last + EDGE + 1])
        table = JobTableData(ids, rows, request.filter_text, total)
        job = _job(readers, request.chosen)
        if job is None:
            return JobsData(request, table)
        log = self._followed_log(readers, job, now_s) if request.log is None else _log(readers, job, request.log)
        return JobsData(request, table, job, views.attempts(job.id), log)

    def _job_ids(self, readers: Readers, job_filter: JobFilter, total: int, now_s: float) -> array[int]:
        """Without a filter only new ids are read. A filtered list can change with any commit and is read again, a long one not at
        every tick."""
        if job_filter != self._filter:
            return self._all_ids(readers, job_filter, now_s)
        if replace(job_filter, problems=()) == JobFilter():
            newer = readers.views.job_ids(job_filter, newer_than=self._ids[0] if self._ids else 0)
            if len(newer) + len(self._ids) != total:
                return self._all_ids(readers, job_filter, now_s)
            if newer:
                self._ids = newer + self._ids
            return self._ids
        if now_s - self._ids_read_at_s < REREAD_SHARE * self._ids_took_s:
            self.overdue = True
            return self._ids
        return self._all_ids(readers, job_filter, now_s)

    def _all_ids(self, readers: Readers, job_filter: JobFilter, now_s: float) -> array[int]:
        started_s = time.monotonic()
        ids = readers.views.job_ids(job_filter)
        self._filter, self._ids_read_at_s, self._ids_took_s = job_filter, now_s, time.monotonic() - started_s
        if ids != self._ids:
            self._ids = ids
        return self._ids

    def _followed_log(self, readers: Readers, job: Job, now_s: float) -> LogData:
        """The last lines, read once per period while the job runs."""
        is_early = now_s - self._log_read_at_s < LOG_PERIOD_S
        if is_early and self._log.job_id == job.id and self._log.lines and not job.status.finished:
            self.overdue = True
            return self._log
        self._log, self._log_read_at_s = _log(readers, job, None), now_s
        return self._log


def _job(readers: Readers, job_id: int | None) -> Job | None:
    if job_id is None:
        return None
    try:
        job = readers.views.job(job_id)
    except NotFound:  # deleted after the request
        return None
    return replace(job, lease_expires_at=None)  # a heartbeat must not cause a redraw


def _log(readers: Readers, job: Job, window: tuple[int, int] | None) -> LogData:
    """The lines of the window, or the last lines."""
    bounds = readers.job_log.bounds(job.id)
    if bounds is None:
        return LogData(job.id)
    first, last = bounds
    start, end = window or (last - FOLLOWED_LINES + 1, last)
    start = max(start, first)
    lines = readers.job_log.page(job.id, first_seq=start, limit=max(end - start + 1, 1))
    return LogData(job.id, first, max(last, lines[-1].seq if lines else last), lines, job.started_at)
