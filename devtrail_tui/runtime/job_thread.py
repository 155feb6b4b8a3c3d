"""A thread with an event loop of its own for one run of a handler, so that whatever the handler does it does to itself."""

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
"""So many threads that do not end are borne."""
SWITCH_S = 0.0005
"""How often threads that compute give way once a handler was told to end: it may be in an endless loop, and by Python's own 5 ms
each step of its recorded end would wait for that."""
_CLOSING_TRIES = 20
_logger = logging.getLogger(__name__)
_abandoned: list[threading.Thread] = []
_unclosable: list[object] = []
"""Coroutines that go on when they are told to end: kept for good, for Python would complain on stderr when it drops them."""


def stuck_threads() -> int:
    """How many abandoned threads of this process still live."""
    return sum(thread.is_alive() for thread in tuple(_abandoned))


class JobThread(Generic[T]):
    """Runs `work` to its end, then `tidy`, then cancels what they left behind. A daemon: it never keeps the process.

    `judge` turns what `work` returned or raised into `outcome`, still in this thread; `on_change` is called there when `outcome`
    is known and again when the thread has nothing more to do. `cancel` and `abandon` may be called from any thread.
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
        """Cancel the work; to be called once, for a handler may tidy up after itself."""
        sys.setswitchinterval(SWITCH_S)
        self._call(self._task.cancel)

    def abandon(self) -> None:
        """Let nothing more happen: its loop is stopped, at once or as soon as it is no longer blocked."""
        self._abandoned = True
        _abandoned.append(self._thread)
        self._call(self._loop.stop)

    def _call(self, what: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
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
        task is cancelled, the loop run again, and that error returned."""
        fault = None
        while not task.done() and not self._abandoned:
            try:
                self._loop.run_until_complete(task)
            except BaseException as error:  # noqa: BLE001 - what the task itself raised is asked of it
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
    """What asyncio would complain of on stderr: a task that a handler did not wait for, say."""
    _logger.debug("in the loop of a job: %s", context.get("message"), exc_info=context.get("exception"))


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """End what an abandoned loop leaves in the middle, so that every `finally` is passed; then close the loop, waiting for none
    of the threads it used."""
    for coroutine in [task.get_coro() for task in asyncio.all_tasks(loop)]:
        if not inspect.iscoroutine(coroutine):
            continue
        for _ in range(_CLOSING_TRIES):
            with contextlib.suppress(BaseException):  # it goes on, or fails in its `finally`: its job has ended already
                coroutine.close()
        if inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
            _unclosable.append(coroutine)
    loop.close()
