"""What a process holds of the machine at a moment."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Holding:
    """Open files and sockets, threads, resident memory in megabytes."""

    files: int
    threads: int
    megabytes: float


def holding(pid: int) -> Holding:
    """Now."""
    process = psutil.Process(pid)
    return Holding(process.num_fds(), process.num_threads(), process.memory_info().rss / MEGABYTE)


def typical(samples: Sequence[Holding]) -> Holding:
    """The medians: what is held in between, not what a moment's work takes."""
    return Holding(
        round(statistics.median(each.files for each in samples)),
        round(statistics.median(each.threads for each in samples)),
        statistics.median(each.megabytes for each in samples),
    )
