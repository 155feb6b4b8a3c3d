"""A thread with its own event loop for one run of a handler, which isolates the handler's faults."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MOST_STUCK = 3
"""Maximum number of threads that do not end; above it no job is started."""
SWITCH_S = 0.0005
"""The interpreter's switch interval after a handler was told to end: it may be in an endless loop, and with Python's 5 ms
each step of recording its end would be delayed."""
_CLOSING_TRIES = 20
_logger = logging.getLogger(__name__)
_abandoned: list[threading.Thread] = []
_unclosable: list[object] = []
"""Coroutines that ignored their cancellation: kept referenced, because Python writes to stderr when it frees them."""


def stuck_threads() -> int:
    """The number of abandoned threads of this process that still run."""
    return sum(thread.is_alive() for thread in tuple(_abandoned))


class JobThread(Generic[T]):
    """Runs `work`, then `tidy`, then cancels remaining tasks. A daemon thread: it never blocks process exit.

    `judge` converts the result or error of `work` into `outcome`, in this thread; `on_change` is called there when `outcome` is
    set, and when the thread is finished. `cancel` and `abandon` may be called from any thread.
    """

    def __init__(
        self,
        name: str,
        *,
        work: Callable[[], Coroutine[Any, Any, Any]],
        judge: Callable[[object, BaseException | None], T],
        tidy: Callable[[], Coroutine[Any, Any, None]],
        on_change: Callable[[], None],
    ) -> None:
        self.name = name
        self.outcome: T | None = None
        self.ended = False
        self._judge = judge
        self._tidy = tidy
        self._on_change = on_change
        self._abandoned = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_note)
        self._task = self._loop.create_task(work(), name=name)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Cancel the work; call it once, because a handler may clean up."""
        sys.setswitchinterval(SWITCH_S)
        self._call(self._task.cancel)

    def abandon(self) -> None:
        """Stop the loop, at once or as soon as it is no longer blocked."""
        self._abandoned = True
        _abandoned.append(self._thread)
        self._call(self._loop.stop)

    def _call(self, what: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(what)

    def _run(self) -> None:
        try:
            fault = self._drive(self._task)
            if self._task.done():
                self.outcome = self._judged(fault)
                self._on_change()
                self._drive(self._loop.create_task(self._tidy()))
            while not self._abandoned and (open_tasks := asyncio.all_tasks(self._loop)):
                for task in open_tasks:
                    task.cancel()
                self._drive(self._loop.create_task(_end_of(open_tasks)))
            self._drive(self._loop.create_task(self._loop.shutdown_asyncgens()))
            _close(self._loop)
        finally:
            self.ended = True
            self._on_change()

    def _drive(self, task: asyncio.Task[Any]) -> BaseException | None:
        """Run the loop until the task is done or the thread abandoned. `sys.exit()` in any task leaves the loop at once: then the
        task is cancelled, the loop runs again, and that error is returned."""
        fault = None
        while not task.done() and not self._abandoned:
            try:
                self._loop.run_until_complete(task)
            except BaseException as error:  # noqa: BLE001 - the task holds its own error
                if not task.done() and not self._abandoned:
                    fault = error
                    task.cancel()
        return fault

    def _judged(self, fault: BaseException | None) -> T:
        if fault is None:
            fault = asyncio.CancelledError() if self._task.cancelled() else self._task.exception()
        return self._judge(self._task.result() if fault is None else None, fault)


async def _end_of(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.wait(tasks)


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio would write to stderr, such as a task that was never awaited."""
    _logger.debug("in the loop of a job: %s", context.get("message"), exc_info=context.get("exception"))


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Finish the tasks of an abandoned loop, so that every `finally` runs, then close the loop without waiting for its
    threads."""
    for coroutine in [task.get_coro() for task in asyncio.all_tasks(loop)]:
        if not inspect.iscoroutine(coroutine):
            continue
        for _ in range(_CLOSING_TRIES):
            with contextlib.suppress(BaseException):  # it ignores the cancel or fails in `finally`: its job has ended
                coroutine.close()
        if inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
            _unclosable.append(coroutine)
    loop.close()
