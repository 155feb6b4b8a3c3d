"""Processes with a worker in them, to be killed, stopped and hung up: the app in a pseudo-terminal, or a command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from select import select
from typing import TYPE_CHECKING, Any

from tests.acceptance.terminal import Terminal

if TYPE_CHECKING:
    from tests.faults.processes import Site

PATIENCE_S = 60.0
"""How long a test waits for another process before it gives up; a sign of a fault, never part of what is measured."""
LOOK_S = 0.01
"""How often a condition that another process makes true is looked at."""


class WorkerProcess(ABC):
    """A process with a worker in it. Signals go to the process itself, not to its group."""

    pid: int

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether it still runs; an ended process is reaped by the question."""

    @abstractmethod
    def wait(self) -> int:
        """Wait for its end; the exit code, negative for the signal that killed it."""

    @abstractmethod
    def close(self) -> None:
        """End it whatever it does, and let go of what belongs to it."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`, and wait until nothing is left of it."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """SIGSTOP, and wait until the system has stopped it."""
        self.send(signal.SIGSTOP)
        self._site.wait_until(lambda: _state_of(self.pid) == "T", "the process to be stopped")

    def go_on(self) -> None:
        """SIGCONT."""
        self.send(signal.SIGCONT)

    def worker_id(self) -> str:
        """The id its worker registered under; waits until it has."""
        found: list[Any] = []

        def registered() -> bool:
            found[:] = self._site.rows(
                "SELECT id FROM workers WHERE pid = :pid ORDER BY started_at DESC LIMIT 1", pid=self.pid
            )
            assert found or self.alive, f"the worker ended before it registered:\n{self._site.said_by(self)}"
            return bool(found)

        self._site.wait_until(registered, "the worker to register")
        return str(found[0][0])


class HeadlessWorker(WorkerProcess):
    """`devtrail-tui work` or any other command; what it says goes to a file."""

    def __init__(self, site: Site, command: Sequence[str], environ: Mapping[str, str], said: Path) -> None:
        super().__init__(site)
        self.said = said
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a stopped process may bring SIGHUP upon all of its group
            )
        self.pid = self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.alive:
            self.process.kill()
        self.process.wait(PATIENCE_S)


class AppWorker(WorkerProcess):
    """The app in a pseudo-terminal that a thread reads for as long as the app lives, so that it never waits to be read."""

    def __init__(self, site: Site, command: Sequence[str], environ: Mapping[str, str]) -> None:
        super().__init__(site)
        self._child = Terminal(command, environ).child
        self.pid = int(self._child.pid)
        self._reader = threading.Thread(target=self._read_on, name="terminal-reader", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        running: bool = self._child.ptyproc.isalive()
        return running

    def wait(self) -> int:
        self._site.wait_until(lambda: not self.alive, "the app to end")
        process = self._child.ptyproc
        return -int(process.signalstatus) if process.signalstatus is not None else int(process.exitstatus)

    def type(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def close(self) -> None:
        if self.alive:
            self.send(signal.SIGKILL)
            self.wait()
        self._reader.join(PATIENCE_S)
        self._child.close(force=True)

    def _read_on(self) -> None:
        descriptor = self._child.child_fd
        with contextlib.suppress(OSError):  # Linux: EIO once the other side is closed
            while True:
                ready, _, _ = select([descriptor], [], [], 0.2)
                if ready and not os.read(descriptor, 65536):
                    return
                if not ready and not _exists(self.pid):
                    return


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE_S) -> float:
    """Look again until `holds`; the seconds that took. Fails after `seconds`."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(LOOK_S)
    return time.monotonic() - began


def _state_of(pid: int) -> str:
    """The letter the system gives a process's state: R, S, T (stopped), Z."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
