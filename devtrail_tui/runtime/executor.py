"""Runs one claimed job from its first line to its recorded end."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from devtrail_tui.core.errors import (
    CancelRequested,
    ClaimLost,
    DevTrailError,
    SecretMissing,
    StoreError,
    TemporaryError,
)
from devtrail_tui.core.job import Claim, Job, Level
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.retry import delay_s
from devtrail_tui.core.setting import Kind
from devtrail_tui.core.text import safe_line
from devtrail_tui.runtime.context import JobContext, JobStores
from devtrail_tui.runtime.patience import PASSES

SECRET_RETRY_S = 60.0
"""How soon a job that cannot run (its secret is missing, its store cannot be read) is tried again."""

_SAID_IN_SECONDS = 600.0
"""A longer wait is said by the moment it ends."""

_logger = logging.getLogger(__name__)


class Interruption(Enum):
    """Why a running job was told to stop from outside."""

    CANCEL = "cancel"
    STOP = "stop"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Completed:
    """The job returned its result."""

    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """The job ended with an error that no retry mends."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Troubled:
    """The job ended with an error that time can mend."""

    sentence: str
    retry_after_s: float | None


@dataclass(frozen=True, slots=True)
class Waits:
    """The job cannot run yet."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The job was stopped from outside."""

    reason: Interruption


Outcome = Completed | Failed | Troubled | Waits | Interrupted


class Execution:
    """One job on its way: `run()` is the task, `interrupt()` the only way to end it early."""

    def __init__(self, job: Job, job_type: JobType[Any], stores: JobStores, rng: random.Random) -> None:
        self.job = job
        self.claim = Claim(job.id, job.claim_no, job.worker_id or "")
        self._job_type = job_type
        self._stores = stores
        self._rng = rng
        self._context = JobContext(job, self.claim, _references(job_type, job), stores)
        self._work: asyncio.Task[dict[str, Any]] | None = None
        self._interruption: Interruption | None = None

    async def run(self) -> Outcome:
        """Run the handler and record how it ended; a store that is full for now is waited for. Raises StoreError."""
        try:
            outcome = await self._attempt()
        finally:
            await self._close_clients()
        await self._flush_last(outcome)
        await self._record(outcome)
        return outcome

    def interrupt(self, reason: Interruption) -> None:
        """Tell the job to stop; a lost claim outranks a stop, a stop does not undo a cancel. Repeated calls are harmless."""
        if self._interruption is None or reason is Interruption.LOST:
            self._interruption = reason
        if self._work is not None:
            self._work.cancel()

    async def _attempt(self) -> Outcome:
        if self._interruption is not None:
            return Interrupted(self._interruption)
        flusher = asyncio.create_task(self._context.keep_flushing())
        self._work = asyncio.create_task(self._handle())
        try:
            await asyncio.wait({flusher, self._work}, return_when=asyncio.FIRST_COMPLETED)
            if not self._work.done():  # only a lost claim or a broken store ends the flusher first
                self._work.cancel()
                await asyncio.wait({self._work})
                await flusher
            return await self._outcome()
        except ClaimLost:
            return Interrupted(Interruption.LOST)
        finally:
            flusher.cancel()
            await asyncio.gather(flusher, return_exceptions=True)

    async def _handle(self) -> dict[str, Any]:
        config = self._job_type.parse(self.job.config)
        await self._context.open()
        async with asyncio.timeout(self.job.timeout_s) as deadline:
            try:
                return await self._job_type.run(config, self._context)
            except BaseExceptionGroup as group:
                raise _first_error(group) from group
            except TimeoutError as error:
                if deadline.expired():
                    raise
                raise TemporaryError(
                    f"A call took too long: {safe_line(str(error)) or 'no answer in time'}."
                ) from error

    async def _outcome(self) -> Outcome:
        assert self._work is not None  # noqa: S101 - set by the only caller
        try:
            return Completed(await self._work)
        except asyncio.CancelledError:
            if self._interruption is None:
                return Failed("The job cancelled itself, which is a fault in its job type. Report it to its authors.")
            return Interrupted(self._interruption)
        except CancelRequested:
            return Interrupted(Interruption.CANCEL)
        except ClaimLost:
            return Interrupted(Interruption.LOST)
        except PASSES as error:  # of a read; writes wait by themselves
            return Waits(str(error))
        except StoreError:
            raise  # no fault of the job: nothing can be recorded, and its lease gives it back
        except SecretMissing as error:
            return Waits(str(error))
        except TemporaryError as error:
            return Troubled(str(error), error.retry_after_s)
        except TimeoutError:
            return Troubled(f"The job did not end within {self.job.timeout_s:g} s.", None)
        except DevTrailError as error:
            return Failed(str(error))
        except Exception as error:  # a handler's fault ends its job, not the worker
            _logger.exception("job %d failed unexpectedly", self.job.id)
            return Failed(
                f"Unexpected {type(error).__name__}: {safe_line(str(error), limit=300)}. "
                "This is a fault in DevTrail or a plugin; the log file has the details."
            )

    async def _close_clients(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._context.close()
        except TimeoutError:
            _logger.warning("job %d: its connections did not close in time", self.job.id)

    async def _flush_last(self, outcome: Outcome) -> None:
        match outcome:
            case Interrupted(Interruption.LOST):
                return
            case Interrupted(Interruption.CANCEL):
                self._context.log("Cancelled. Everything found so far is kept.", Level.WARNING)
            case Interrupted(Interruption.STOP):
                self._context.log("Stopped with the program; it goes on from here next time.", Level.WARNING)
            case Failed(sentence) | Waits(sentence):
                self._context.log(sentence, Level.ERROR if isinstance(outcome, Failed) else Level.WARNING)
        try:
            await self._context.flush()
        except ClaimLost:
            _logger.warning("job %d: another worker owns it now", self.job.id)

    async def _record(self, outcome: Outcome) -> None:
        queue, claim, write = self._stores.queue, self.claim, self._stores.patience.write
        match outcome:
            case Completed(result):
                await write(lambda: queue.finish(claim, result))
            case Failed(sentence):
                await write(lambda: queue.fail(claim, sentence))
            case Troubled(sentence, retry_after_s):
                await self._retry_or_fail(sentence, retry_after_s)
            case Waits(sentence):
                again = self._stores.clock.now() + timedelta(seconds=SECRET_RETRY_S)
                await write(lambda: queue.release(claim, waiting_for=sentence, run_at=again))
            case Interrupted(Interruption.CANCEL):
                await write(lambda: queue.cancelled(claim, "Cancelled by you."))
            case Interrupted(Interruption.STOP):
                await write(lambda: queue.release(claim))
            case Interrupted(Interruption.LOST):
                _logger.warning("job %d was taken over by another worker; nothing more is written for it", self.job.id)

    async def _retry_or_fail(self, sentence: str, retry_after_s: float | None) -> None:
        queue, job, write = self._stores.queue, self.job, self._stores.patience.write
        if job.attempt >= job.max_attempts:
            await self._note(Level.ERROR, sentence)
            await write(lambda: queue.fail(self.claim, f"{sentence} Given up after {job.attempt} tries."))
            return
        wait = delay_s(job.attempt, self._rng, retry_after_s=retry_after_s)
        due = self._stores.clock.now() + timedelta(seconds=wait)
        when = f"in {wait:.0f} s" if wait < _SAID_IN_SECONDS else f"at {due:%Y-%m-%d %H:%M} UTC"
        await self._note(Level.WARNING, f"{sentence} Try {job.attempt} of {job.max_attempts}; again {when}.")
        await write(lambda: queue.retry_later(self.claim, sentence, due))

    async def _note(self, level: Level, line: str) -> None:
        now = self._stores.clock.now()
        await self._stores.patience.write(lambda: self._stores.job_log.append(self.claim, [(now, level, line)]))


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that decides when several tasks of a job ended badly: a lost claim before all, else the first."""
    lost = group.subgroup(ClaimLost)
    error: BaseException = lost or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _references(job_type: JobType[Any], job: Job) -> dict[str, str]:
    """The job's secret references by secret name; absent where the standard sources are meant."""
    return {
        each.secret_name: str(job.config[each.key])
        for each in job_type.settings
        if each.kind is Kind.SECRET and job.config.get(each.key)
    }
