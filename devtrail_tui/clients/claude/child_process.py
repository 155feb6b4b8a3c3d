"""Owns the Claude child process, which is shared by all jobs of this process, in any thread and event loop."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import devtrail_tui
from devtrail_tui.clients.claude.calls import (
    UNBILLED,
    Call,
    CallFailed,
    CallKind,
    CallResult,
    Failure,
    packed,
    read_message,
)
from devtrail_tui.core.clock import Clock

IDLE_S = 60.0
_LOOK_EVERY_S = 1.0
LATE_ANSWERS_S = 0.6
"""How long the end waits for answers under way, which are paid; a stop of the program takes two seconds at most."""
_END_S = 0.5
"""How long a child may take to end after its stdin was closed, before it is killed."""
_PROGRAM = ("-P", "-m", "devtrail_tui.clients.claude.child")
_OWN_VARIABLES = ("ANTHROPIC_", "DEVTRAIL_", "GITHUB_", "GH_")
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "API_KEY")
_ENDED = Failure(CallKind.NOT_SENT, "DevTrail is ending")
_NOT_STARTED = Failure(CallKind.NOT_SENT, "the Claude child process could not start; reinstall DevTrail")
_DIED = Failure(CallKind.UNKNOWN, "the Claude child process ended")


class ClaudeProcess:
    """A `calls.ClaudeConnection` over a child process that is started on first use or by `start`, and restarted after it ended.

    It ends after `idle_s` without a call (monotonic time of `clock`), and by `close`. Thread-safe.
    """

    def __init__(self, clock: Clock, *, environ: Mapping[str, str] = os.environ, idle_s: float = IDLE_S) -> None:
        self._clock = clock
        self._environ = environ
        self._idle_s = idle_s
        self._starting = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    def start(self) -> None:
        """Start the child early, so that its imports are done when it is needed; blocks for milliseconds. Raises CallFailed."""
        self._running()

    async def call(self, call: Call, late: Callable[[CallResult | None], None] | None = None) -> CallResult:
        """Make one call. A cancel withdraws a call that was not sent; what becomes of a sent one goes to `late` in the reading
        thread. Raises CallFailed."""
        request = asdict(call)
        while (future := self._running().submit(request)) is None:
            pass  # the child ended meanwhile: the next iteration starts another
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if late is not None:
                future.add_done_callback(lambda done: _hand_over(done, late))
            raise

    def close(self) -> None:
        """End the child; later calls are refused. Answers under way are waited for up to `LATE_ANSWERS_S`, so that what they cost
        is known. Blocks for about two seconds at most."""
        with self._starting:
            self._closed = True
            child = self._child
        if child is not None:
            child.end()

    def _running(self) -> _Child:
        with self._starting:
            if self._closed:
                raise CallFailed(_ENDED)
            if self._child is None or self._child.ended:
                try:
                    self._child = _Child(self._clock, child_environ(self._environ), self._idle_s)
                except OSError:
                    raise CallFailed(_NOT_STARTED) from None
            return self._child


class _Child:
    """One run of the child: process, unanswered calls, writer thread and reader thread."""

    def __init__(self, clock: Clock, environ: Mapping[str, str], idle_s: float) -> None:
        self._clock = clock
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[CallResult]] = {}
        self._outbox: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._ready = False
        self._used_at = clock.monotonic()
        self.ended = False
        # A separate session: the terminal's Ctrl+C must not interrupt paid calls.
        self.process = subprocess.Popen(  # noqa: S603 - our own program, constant arguments
            [sys.executable, *_PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        )
        self._writer = threading.Thread(target=self._write, name="claude-calls", daemon=True)
        self._writer.start()
        self._reader = threading.Thread(target=self._read, name="claude-answers", daemon=True)
        self._reader.start()

    def submit(self, request: Mapping[str, Any]) -> Future[CallResult] | None:
        """Send a call; None if the child has ended or is ending."""
        number, future = next(self._numbers), Future[CallResult]()
        message = packed({"number": number, "call": request})
        with self._lock:
            if self.ended:
                return None
            self._waiting[number] = future
        self._outbox.put((number, message))
        return future

    def end(self) -> None:
        """Wait a short time for answers under way, then end the process and wait for it."""
        with self._lock:
            sent = [future for future in self._waiting.values() if future.running()]
        wait(sent, LATE_ANSWERS_S)
        self._outbox.put(None)
        self._writer.join(2 * _END_S)
        self.process.kill()  # a write to a hanging child would block for ever
        self._writer.join(_END_S)
        self._reader.join(_END_S)  # it hands over the late answers

    def _write(self) -> None:
        """Send submitted calls; end the process when idle or requested. Only this thread does blocking writes."""
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(OSError):  # the child died: the reader fails the open calls
            while not self._is_idle():
                with suppress(Empty):
                    item = self._outbox.get(timeout=_LOOK_EVERY_S)
                    if item is None:
                        break
                    if self._is_sent(item[0]):
                        self.process.stdin.write(item[1])
                        self.process.stdin.flush()
        with self._lock:
            self.ended = True
        with suppress(OSError):
            self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_S)
        self.process.kill()
        self.process.wait()

    def _is_idle(self) -> bool:
        with self._lock:
            idle = not self._waiting and self._clock.monotonic() - self._used_at >= self._idle_s
            self.ended = self.ended or idle
            return self.ended

    def _is_sent(self, number: int) -> bool:
        """Whether a call is sent now; a cancelled one is withdrawn."""
        with self._lock:
            future = self._waiting.get(number)
            if future is not None and future.set_running_or_notify_cancel():
                return True
            self._waiting.pop(number, None)
            return False

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        with self.process.stdout as answers:
            while (message := read_message(answers)) is not None:
                self._take(message)
        with self._lock:
            self.ended = True
            waiting, self._waiting = self._waiting, {}
        self._outbox.put(None)
        for future in waiting.values():
            sent = future.running()
            if sent or future.set_running_or_notify_cancel():
                future.set_exception(CallFailed((_DIED if sent else _ENDED) if self._ready else _NOT_STARTED))

    def _take(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            self._ready = True
            self._used_at = self._clock.monotonic()
            future = self._waiting.pop(message.get("number", 0), None)
        if future is None:
            return
        if "answer" in message:
            future.set_result(CallResult(**message["answer"]))
        else:
            failure = message["failure"]
            future.set_exception(CallFailed(Failure(**{**failure, "kind": CallKind(failure["kind"])})))


def _hand_over(done: Future[CallResult], late: Callable[[CallResult | None], None]) -> None:
    error = None if done.cancelled() else done.exception()
    if done.cancelled() or (isinstance(error, CallFailed) and error.failure.kind in UNBILLED):
        late(None)
    elif error is None:
        late(done.result())


def child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the child: variables for network and system, no secrets."""
    allowed = {
        name: variable
        for name, variable in environ.items()
        if not name.startswith(_OWN_VARIABLES) and not any(word in name.upper() for word in _SECRET_WORDS)
    }
    home = Path(devtrail_tui.__file__).resolve().parents[1]
    if home.name not in ("site-packages", "dist-packages"):  # a checkout: -P keeps the current folder off the path
        allowed["PYTHONPATH"] = os.pathsep.join(filter(None, (str(home), allowed.get("PYTHONPATH", ""))))
    return allowed
