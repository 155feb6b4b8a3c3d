"""Process identity that is safe against reused process ids and clock changes."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

_SAME_START_S = 0.005
"""Tolerance for start times: half of the 10 ms clock tick; stored ids have whole milliseconds."""
_PROC_START = 19
"""Index of `starttime` in /proc/PID/stat after the command's name (proc_pid_stat(5): field 22 of all)."""


_FIRST_PID_NAMESPACE = "pid:[4026531836]"
"""The initial PID namespace of every Linux (PROC_PID_INIT_INO of the kernel's proc_ns.h)."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process on a host: `host` is `host_name()`, `start` is `start_of()` the process."""

    host: str
    pid: int
    start: float


def this_process() -> ProcessIdentity:
    """The current process."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> ProcessIdentity:
    return ProcessIdentity(host_name(), pid, start_of(psutil.Process(pid)))


def host_name() -> str:
    """The machine's name. In a PID namespace (container) the namespace is appended: containers may share a name, and their
    process ids are unrelated. (pid_namespaces(7).)"""
    name = socket.gethostname()
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - the target is not a path
    except OSError:
        return name  # not on other systems
    return name if namespace == _FIRST_PID_NAMESPACE else f"{name}/{namespace}"


def alive(pid: int, start: float) -> bool:
    """Whether the process that started at `start` under `pid` on this host still runs (a zombie does not)."""
    if pid == os.getpid():  # called every second: avoid the look-up
        return abs(this_process().start - start) < _SAME_START_S
    try:
        process = psutil.Process(pid)
        return abs(start_of(process) - start) < _SAME_START_S and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def start_of(process: psutil.Process) -> float:
    """The start time of a process in seconds, constant while it lives: since boot on Linux, since 1970 elsewhere.

    Linux computes start times since 1970 from the current clock, so a clock change would make a live process look like
    another. Raises psutil.NoSuchProcess, psutil.AccessDenied.
    """
    if not psutil.LINUX:
        return process.create_time()
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(process.pid) from None
    except PermissionError:
        raise psutil.AccessDenied(process.pid) from None
    return int(stat.rpartition(")")[2].split()[_PROC_START]) / os.sysconf("SC_CLK_TCK")
