"""A job's log: read and search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job import LogLine

_PAGE_LINES = 500


def log_lines(services: Services, job_id: int, first_seq: int = 1) -> Iterator[LogLine]:
    """The lines of a job from `first_seq` on, read in pages."""
    while page := services.job_log.page(job_id, first_seq=first_seq, limit=_PAGE_LINES):
        yield from page
        first_seq = page[-1].seq + 1


def next_seq(services: Services, job_id: int) -> int:
    """The `seq` of a job's next log line."""
    bounds = services.job_log.bounds(job_id)
    return bounds[1] + 1 if bounds else 1


def find_in_log(services: Services, job_id: int, text: str, *, after_seq: int, backwards: bool = False) -> int | None:
    """The `seq` of the next line after `after_seq` (backwards: before it) that contains `text`, wrapping around once; None if
    there is none."""
    seq = services.job_log.find(job_id, text, after_seq=after_seq, backwards=backwards)
    if seq is None:
        start = next_seq(services, job_id) if backwards else 0
        seq = services.job_log.find(job_id, text, after_seq=start, backwards=backwards)
    return seq
