"""Runs this process's worker in a thread worker of the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textual.message import Message

from devtrail_tui.core.errors import StoreError

if TYPE_CHECKING:
    from textual.app import App


class JobWorker(Protocol):
    """The worker's interface for the app; `trouble` is a sentence while it cannot work."""

    @property
    def busy(self) -> bool: ...

    @property
    def trouble(self) -> str: ...

    def run(self) -> object: ...

    def stop(self) -> None: ...


class WorkerEnded(Message):
    """The worker's thread ended; a sentence if it failed."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class WorkerHost:
    """The worker, its thread, and its waits. `report` stores a crash report and returns its path."""

    def __init__(
        self, app: App[None], report: Callable[[BaseException], Path | None], redact: Callable[[str], str]
    ) -> None:
        self._app = app
        self._report = report
        self._redact = redact
        self._worker: JobWorker | None = None
        self._reported_trouble = ""
        self.trouble = ""
        """Why the worker does not work, as a sentence; empty while it works."""
        self.ended = asyncio.Event()
        self.ended.set()

    @property
    def busy(self) -> bool:
        """Whether it runs a job."""
        return self._worker is not None and not self.ended.is_set() and self._worker.busy

    def start(self, worker: JobWorker) -> None:
        """Run it in a thread; `WorkerEnded` is posted to the app when it ends."""
        self._worker = worker
        self.trouble = self._reported_trouble = ""
        self.ended.clear()
        self._app.run_worker(lambda: self._run(worker), thread=True, group="job-worker")

    def stop(self) -> None:
        """Return running jobs to the queue; thread-safe."""
        if self._worker is not None:
            self._worker.stop()

    def changed_trouble(self) -> str | None:
        """The sentence to notify if the worker started or stopped waiting for a person (full disk, for example), else None."""
        if self._worker is None or self.ended.is_set() or self._worker.trouble == self._reported_trouble:
            return None
        self._reported_trouble = self.trouble = self._worker.trouble
        return self.trouble or "The delayed data is stored; the worker continues."

    def _run(self, worker: JobWorker) -> None:
        sentence = ""
        try:
            worker.run()
        except StoreError as error:
            sentence = str(error)
        except Exception as error:  # noqa: BLE001 - a worker's error must not end the app
            path = self._report(error)
            report = f"the report is in {path}" if path else "no report was written: the log folder is not writable"
            sentence = f"An internal error ended the worker ({type(error).__name__}); {report}."
        self._app.post_message(WorkerEnded(self._redact(sentence)))
