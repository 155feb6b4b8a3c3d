"""Which process this is, in a way that survives reused process ids and clocks that are set."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

_SAME_START_S = 0.005
"""Half of the hundredth of a second in which systems tell a start; ids carry whole milliseconds."""
_PROC_START = 19
"""`starttime` among the fields of /proc/PID/stat that follow the command's name (proc_pid_stat(5): field 22 of all)."""


_FIRST_PID_NAMESPACE = "pid:[4026531836]"
"""What every Linux calls the one that it starts with (PROC_PID_INIT_INO of the kernel's proc_ns.h)."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process on a host, as `host_name` calls it; `start` is `start_of` it."""

    host: str
    pid: int
    start: float


def this_process() -> ProcessIdentity:
    """The process that asks."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> ProcessIdentity:
    return ProcessIdentity(host_name(), pid, start_of(psutil.Process(pid)))


def host_name() -> str:
    """The machine's name. In a container that counts its own processes, the namespace is part of it: two containers may have one
    name, and a process id of one says nothing about the other. (pid_namespaces(7).)"""
    name = socket.gethostname()
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no file stands behind it
    except OSError:
        return name  # other systems have none
    return name if namespace == _FIRST_PID_NAMESPACE else f"{name}/{namespace}"


def alive(pid: int, start: float) -> bool:
    """Whether the process that began at `start` under `pid` on this host still runs (a zombie does not)."""
    if pid == os.getpid():  # asked about every second, and cheap to know
        return abs(this_process().start - start) < _SAME_START_S
    try:
        process = psutil.Process(pid)
        return abs(start_of(process) - start) < _SAME_START_S and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def start_of(process: psutil.Process) -> float:
    """When a process began, in seconds that never change while it lives: on Linux since the system's start, elsewhere since 1970.

    Linux reckons a start since 1970 from the clock of the moment it is asked, so that a clock that is set, or only kept right,
    would make a living process look like another. Raises psutil.NoSuchProcess, psutil.AccessDenied.
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
