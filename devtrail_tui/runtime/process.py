"""Which process this is, in a way that survives reused process ids."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache

import psutil

_SAME_START_S = 0.05


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process on a host; `start` is its start time in seconds since 1970 as the system tells it."""

    host: str
    pid: int
    start: float


def this_process() -> ProcessIdentity:
    """The process that asks."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> ProcessIdentity:
    return ProcessIdentity(socket.gethostname(), pid, psutil.Process(pid).create_time())


def alive(pid: int, start: float) -> bool:
    """Whether the process that began at `start` under `pid` on this host still runs (a zombie does not)."""
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - start) < _SAME_START_S) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
