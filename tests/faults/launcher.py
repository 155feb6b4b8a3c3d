"""The program with a fault built in from outside.

    python -m tests.faults.launcher [--host NAME] [--mute] [--die POINT K] COMMAND...

`--host` gives this machine another name, so that its worker seems to run elsewhere. `--mute` leaves the heartbeat out, so that a
worker hears of a lost claim from nothing but the refusal of its writes. `--die` ends the process by `os._exit` when
it comes to a named point for the K-th time: nothing is flushed, no handler runs, an open transaction is never committed.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from devtrail_tui import cli
from devtrail_tui.clients.github.transport import Transport
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.runtime.leases import LeaseKeeper
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.queue import JobQueue

DIED = 137
"""The exit code of a process that died at its point."""


class Fate:
    """Ends the process when it is met for the K-th time, in whatever thread."""

    def __init__(self, times: int) -> None:
        self._left = times
        self._lock = threading.Lock()

    def meet(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os._exit(DIED)


def before(owner: Any, name: str) -> Callable[[Fate], None]:
    """The point just before a method does anything."""

    def install(fate: Fate) -> None:
        original = getattr(owner, name)

        def method(*arguments: Any, **named: Any) -> Any:
            fate.meet()
            return original(*arguments, **named)

        setattr(owner, name, method)

    return install


def after(owner: Any, name: str) -> Callable[[Fate], None]:
    """The point just after what a method queued is committed, met in the writer's thread before anybody else hears of it. What
    came to nothing (no job to claim, a claim that is lost) does not count."""

    def install(fate: Fate) -> None:
        original = getattr(owner, name)

        def committed(future: Future[Any]) -> None:
            if future.exception() is None and future.result() not in (None, False):
                fate.meet()

        def method(*arguments: Any, **named: Any) -> Any:
            future = original(*arguments, **named)
            future.add_done_callback(committed)
            return future

        setattr(owner, name, method)

    return install


def kept(fate: Fate) -> None:
    """The point just after a paid answer is committed; that future holds nothing."""
    original = Analyses.keep

    def keep(ledger: Analyses, analysis: Analysis, *call: Any) -> Future[None]:
        future = original(ledger, analysis, *call)
        future.add_done_callback(lambda done: fate.meet() if done.exception() is None else None)
        return future

    Analyses.keep = keep  # type: ignore[method-assign, assignment]  # the fault is built in from outside


def uncommitted(fate: Fate) -> None:
    """The point where evidence, cursor and log are written and not yet committed."""

    class Dying:
        def __init__(self, database: Any) -> None:
            self._database = database

        def __getattr__(self, name: str) -> Any:
            return getattr(self._database, name)

        def write(self, work: Callable[[Any], Any]) -> Any:
            def all_but_committed(connection: Any) -> Any:
                result = work(connection)
                fate.meet()
                return result

            return self._database.write(all_but_committed)

    original = EvidenceStore.__init__

    def made(store: EvidenceStore, database: Any, *others: Any) -> None:
        dying: Any = Dying(database)
        original(store, dying, *others)

    EvidenceStore.__init__ = made  # type: ignore[method-assign, assignment]  # the fault is built in from outside


def answered(fate: Fate) -> None:
    """The point where GitHub's whole answer has arrived and nothing is done with it yet."""
    original = Transport.exchange

    async def exchange(*arguments: Any, **named: Any) -> Any:
        answer = await original(*arguments, **named)
        fate.meet()
        return answer

    Transport.exchange = exchange  # type: ignore[method-assign]  # the fault is built in from outside


POINTS: dict[str, Callable[[Fate], None]] = {
    "before-claim": before(JobQueue, "claim"),
    "after-claim": after(JobQueue, "claim"),
    "after-github-answer": answered,
    "before-claude-answer-is-stored": before(Analyses, "keep"),
    "after-claude-answer-is-stored": kept,
    "before-commit": uncommitted,
    "after-commit": after(EvidenceStore, "save"),
    "before-finish": before(JobQueue, "finish"),
    "after-finish": after(JobQueue, "finish"),
}


def main(arguments: Sequence[str]) -> int:
    """Build the faults in, then run the command."""
    given = list(arguments)
    if given[:1] == ["--host"]:
        name = given[1]
        socket.gethostname = lambda: name
        given = given[2:]
    if given[:1] == ["--mute"]:
        LeaseKeeper.start = lambda _keeper: None  # type: ignore[method-assign, assignment]  # the fault is built in from outside
        given = given[1:]
    if given[:1] == ["--die"]:
        POINTS[given[1]](Fate(int(given[2])))
        given = given[3:]
    return cli.main(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
