"""Runs one claimed job from its start to its recorded end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from devtrail_tui.core.errors import ClaimLost, StoreError
from devtrail_tui.core.job import Claim, Job, Level
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.retry import LONGEST_RETRY_AFTER_S, delay_s
from devtrail_tui.core.setting import Kind
from devtrail_tui.core.wording import span
from devtrail_tui.runtime.context import JobContext
from devtrail_tui.runtime.job_output import JobStores
from devtrail_tui.runtime.job_thread import JobThread
from devtrail_tui.runtime.outcomes import (
    CompletedRun,
    FailedRun,
    InterruptedRun,
    OutageRun,
    RetryableRun,
    RunOutcome,
    StopReason,
    WaitingRun,
    outcome_of,
)
from devtrail_tui.store.queue import failures_in_a_row

SECRET_RETRY_S = 60.0
"""The delay before a job that cannot run (missing secret, unreadable store) is tried again."""
END_GRACE_S = 0.8
"""How long a handler may take to end after a cancel, a timeout, or its own result."""
STOP_GRACE_S = 1.3
"""How long a handler may take to end after a stop: the job is then returned within 1.5 s and the program ends within two."""
CLOSING_S = 0.6
"""How long connections may take to close; included in the above."""

_SAID_IN_SECONDS = 600.0
"""A longer wait is shown as its end time."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Number of concurrent jobs; in seconds: lease length, heartbeat interval, the longest wait for a service that is down, and
    the longest wait for a limit within a running job."""

    concurrency: int = 1
    lease_s: float = 30.0
    heartbeat_s: float = 10.0
    max_wait_s: float = 12 * 3600.0
    longest_wait_s: float = math.inf


class Execution:
    """The execution of one job: `run()` is a task of the worker's loop, `interrupt()` the only way to end it early.

    The handler runs in its own thread and loop. The execution watches it, stores its output, and records its end, even if the
    handler does not end in time.
    """

    def __init__(
        self,
        job: Job,
        job_type: JobType[Any],
        stores: JobStores,
        rng: random.Random,
        pace: Pace,
    ) -> None:
        self.job = job
        self._max_wait_s = pace.max_wait_s
        self._claimed_at = stores.clock.now()
        self.claim = Claim(job.id, job.claim_no, job.worker_id or "")
        self._job_type = job_type
        self._stores = stores
        self._rng = rng
        self._context = context = JobContext(job, self.claim, _references(job_type, job), stores)
        context.output.longest_wait_s = pace.longest_wait_s
        self._interruption: StopReason | None = None
        self._changed = asyncio.Event()

    async def run(self) -> RunOutcome:
        """Run the handler and record its outcome; waits while the store is full. Raises StoreError."""
        outcome = InterruptedRun(self._interruption) if self._interruption else await self._attempt()
        if isinstance(outcome, StoreError):
            raise outcome
        await self._flush_last(outcome)
        await self._record(outcome)
        return outcome

    def interrupt(self, reason: StopReason) -> None:
        """Ask the job to stop; a lost claim overrides a stop, a stop does not override a cancel. Idempotent."""
        if self._interruption is None or reason is StopReason.LOST:
            self._interruption = reason
        self._changed.set()

    async def _attempt(self) -> RunOutcome:
        loop = asyncio.get_running_loop()

        def changed() -> None:
            with contextlib.suppress(RuntimeError):  # the worker's loop has ended
                loop.call_soon_threadsafe(self._changed.set)

        thread = JobThread(
            f"job-{self.job.id}",
            work=self._handle,
            judge=lambda result, error: outcome_of(self.job, result, error),
            tidy=self._close_clients,
            on_change=changed,
        )
        flusher = asyncio.create_task(self._context.output.keep_flushing())
        flusher.add_done_callback(lambda _: self._changed.set())
        try:
            thread.start()
            return await self._watch(thread, flusher)
        except ClaimLost as error:
            return outcome_of(self.job, None, error)
        finally:
            self._context.output.refuse()
            if not thread.ended:
                self._abandon(thread)
            flusher.cancel()
            await asyncio.gather(flusher, return_exceptions=True)

    async def _watch(self, thread: JobThread[RunOutcome], flusher: asyncio.Task[None]) -> RunOutcome:
        """Wait until the handler has ended, or was interrupted and its time limit has passed."""
        output = self._context.output
        in_time = await self._wait(
            lambda: thread.outcome or thread.ended or self._interruption or flusher.done() or output.long_wait,
            self.job.timeout_s,
        )
        if thread.outcome is None:
            thread.cancel()
        grace_s = STOP_GRACE_S if self._interruption is StopReason.STOP else END_GRACE_S
        await self._wait(lambda: thread.ended, grace_s)
        outcome = thread.outcome
        if outcome not in (None, InterruptedRun(None)):
            return outcome
        if flusher.done():
            flusher.result()  # raises its error: a lost claim, or an unusable store
        if self._interruption is not None:
            return InterruptedRun(self._interruption)
        if (wait := output.long_wait) is not None and wait.until is not None:
            return WaitingRun(f"{wait.sentence}.", (wait.until - self._stores.clock.now()).total_seconds())
        if not in_time:
            return RetryableRun(f"The job did not end within {self.job.timeout_s:g} s.")
        return FailedRun("The job cancelled itself, which is an error in its job type. Report it to its authors.")

    async def _wait(self, holds: Callable[[], object], seconds: float | None) -> bool:
        """Wait for a condition that `_changed` signals; False if it does not hold within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return bool(holds())
        return True

    def _abandon(self, thread: JobThread[RunOutcome]) -> None:
        thread.abandon()
        _logger.warning("job %d: its thread %s does not end; its calls are refused", self.job.id, thread.name)
        self._context.output.note(f"The handler does not end; its thread {thread.name} is abandoned.", Level.WARNING)

    async def _handle(self) -> dict[str, Any]:
        config = self._job_type.parse(self.job.config)
        self._context.open()
        return await self._job_type.run(config, self._context)

    async def _close_clients(self) -> None:
        try:
            async with asyncio.timeout(CLOSING_S):
                await self._context.close()
        except TimeoutError:
            _logger.warning("job %d: its connections did not close in time", self.job.id)

    async def _flush_last(self, outcome: RunOutcome) -> None:
        match outcome:
            case InterruptedRun(StopReason.LOST):
                return
            case InterruptedRun(StopReason.CANCEL):
                self._context.output.note("Cancelled. Saved results are kept.", Level.WARNING)
            case InterruptedRun(StopReason.STOP):
                self._context.output.note("Stopped with the program; resumes at the next start.", Level.WARNING)
            case FailedRun(sentence):
                self._context.output.note(sentence, Level.ERROR)
            case WaitingRun(sentence, wait_s) if (
                sentence != self.job.waiting_for
            ):  # said once, however often it is tried
                again = f" Waiting; again at {self._due(wait_s):%Y-%m-%d %H:%M} UTC." if wait_s is not None else ""
                self._context.output.note(sentence + again, Level.WARNING)
        try:
            await self._context.output.flush()
        except ClaimLost:
            _logger.warning("job %d: another worker owns it now", self.job.id)

    async def _record(self, outcome: RunOutcome) -> None:
        queue, claim, write = self._stores.queue, self.claim, self._stores.store_retry.write
        match outcome:
            case CompletedRun(result):
                await write(lambda: queue.finish(claim, result))
            case FailedRun(sentence):
                await write(lambda: queue.fail(claim, sentence))
            case RetryableRun(sentence, retry_after_s):
                await self._retry_or_fail(sentence, retry_after_s)
            case OutageRun(sentence, retry_after_s):
                await self._wait_out(sentence, retry_after_s)
            case WaitingRun(sentence, wait_s):
                due = self._due(SECRET_RETRY_S if wait_s is None else wait_s)
                await write(lambda: queue.release(claim, waiting_for=sentence, run_at=due))
            case InterruptedRun(StopReason.CANCEL):
                await write(lambda: queue.cancelled(claim, "Cancelled by you."))
            case InterruptedRun(StopReason.STOP):
                await write(lambda: queue.release(claim))
            case InterruptedRun(StopReason.LOST):
                _logger.warning("job %d was taken over by another worker; its writes are refused", self.job.id)

    def _due(self, wait_s: float) -> datetime:
        return self._stores.clock.now() + timedelta(seconds=min(wait_s, LONGEST_RETRY_AFTER_S))

    async def _retry_or_fail(self, sentence: str, retry_after_s: float | None) -> None:
        queue, job, write = self._stores.queue, self.job, self._stores.store_retry.write
        progressed = self._context.progressed
        if job.attempt >= job.max_attempts and not progressed:
            await self._note(Level.ERROR, sentence)
            await write(lambda: queue.fail(self.claim, f"{sentence} Given up after {job.attempt} tries."))
            return
        failures = await asyncio.to_thread(failures_in_a_row, self._stores.database, job.id)
        due, when = self._pause(failures.count, retry_after_s)
        counted = "It made progress, so no try is counted" if progressed else f"Try {job.attempt} of {job.max_attempts}"
        await self._note(Level.WARNING, f"{sentence} {counted}; again {when}.")
        await write(lambda: queue.retry_later(self.claim, sentence, due, progressed=progressed))

    async def _wait_out(self, sentence: str, retry_after_s: float | None) -> None:
        """Return the job until the network or the service is back; fail it once the outage has lasted too long."""
        queue, write, progressed = self._stores.queue, self._stores.store_retry.write, self._context.progressed
        failures = await asyncio.to_thread(failures_in_a_row, self._stores.database, self.job.id)
        now = self._stores.clock.now()
        since = now if progressed else failures.outage_since or self._claimed_at
        left_s = self._max_wait_s - (now - since).total_seconds()
        if left_s <= 0 or (retry_after_s or 0) > left_s:
            await self._note(Level.ERROR, sentence)
            given_up = f"{sentence} Given up after {span(self._max_wait_s)} of waiting; retry the job when it is back."
            await write(lambda: queue.fail(self.claim, given_up))
            return
        due, when = self._pause(failures.count, retry_after_s, longest_s=left_s)
        last = now + timedelta(seconds=left_s)
        await self._note(
            Level.WARNING,
            f"{sentence} Again {when}; waiting until {last:%Y-%m-%d %H:%M} UTC at most. Cancel the job to stop.",
        )
        await write(lambda: queue.retry_later(self.claim, sentence, due, outage=True, progressed=progressed))

    def _pause(
        self, failures: int, retry_after_s: float | None, longest_s: float = LONGEST_RETRY_AFTER_S
    ) -> tuple[datetime, str]:
        """The time of the next try after so many failures in a row before this one, and its words."""
        wait = min(delay_s(failures + 1, self._rng, retry_after_s=retry_after_s), longest_s)
        due = self._stores.clock.now() + timedelta(seconds=wait)
        return due, f"in {wait:.0f} s" if wait < _SAID_IN_SECONDS else f"at {due:%Y-%m-%d %H:%M} UTC"

    async def _note(self, level: Level, line: str) -> None:
        now = self._stores.clock.now()
        await self._stores.store_retry.write(lambda: self._stores.job_log.append(self.claim, [(now, level, line)]))


def _references(job_type: JobType[Any], job: Job) -> dict[str, str]:
    """The job's secret references by secret name; those of the standard sources are omitted."""
    return {
        setting.secret_name: str(job.config[setting.key])
        for setting in job_type.settings
        if setting.kind is Kind.SECRET and job.config.get(setting.key)
    }
