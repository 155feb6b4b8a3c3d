"""The worker: claims jobs, runs several at once, wakes up on commits, rescues orphans, cancels and stops.

Independent of Textual and click. `run()` creates its own event loop in the calling thread: a Textual thread worker in the app,
a thread named `worker` in `devtrail-tui work`. `stop()` and `wake()` may be called from any thread.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from devtrail_tui.core.errors import StoreError
from devtrail_tui.core.job import Claim, Job
from devtrail_tui.core.job_type import JobType
from devtrail_tui.runtime.executor import STOP_GRACE_S, Execution, Pace
from devtrail_tui.runtime.foreign_jobs import ForeignJobs
from devtrail_tui.runtime.job_output import JobStores
from devtrail_tui.runtime.job_thread import MOST_STUCK, stuck_threads
from devtrail_tui.runtime.leases import LeaseKeeper
from devtrail_tui.runtime.outcomes import StopReason, Summary
from devtrail_tui.runtime.process import this_process
from devtrail_tui.runtime.store_retry import AGAIN_S, PASSES
from devtrail_tui.runtime.upkeep import duties_of_worker
from devtrail_tui.store import workers
from devtrail_tui.store.database import await_commit
from devtrail_tui.store.queue import cancel_requested, due_of_other_types, next_due_at

GIVE_BACK_S = STOP_GRACE_S + 0.3
"""How long a stop waits until running jobs are returned; remaining ones are left to their leases."""
STUCK = (
    f"{MOST_STUCK} ended jobs still run in the background and cannot be stopped, so no other job is started; "
    "restart the program."
)
_NEVER = datetime.max.replace(tzinfo=UTC)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerDependencies(JobStores):
    """The stores, clients and job types of a worker."""

    worker_id: str
    catalogue: Mapping[str, JobType[Any]]


class Worker:
    """One worker of this process."""

    def __init__(
        self,
        dependencies: WorkerDependencies,
        pace: Pace,
        *,
        job_id: int | None = None,
        once: bool = False,
        rng: random.Random | None = None,
    ) -> None:
        self._dependencies = dependencies
        self._pace = pace
        self._job_id = job_id
        self._once = once
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self._stuck = ""
        self._registered = False
        self._no_room = ""
        self._not_before = 0.0
        database, clock = dependencies.database, dependencies.clock
        self._duties = duties_of_worker(database, dependencies.queue, clock, pace.lease_s, self._claims)
        self._foreign = ForeignJobs(database, dependencies.worker_id, dependencies.catalogue, clock)
        self._claim_at = datetime.min.replace(tzinfo=UTC)
        self._running: dict[asyncio.Task[None], Execution] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None
        self._stopping = False
        self._summary = Summary()

    def run(self) -> Summary:
        """Run until stopped (or, with `once` or `job_id`, until there is nothing to do). Blocks the calling thread.

        Raises StoreError if the database becomes unusable.
        """
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(self._main())
        finally:
            self._loop = None
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def stop(self) -> None:
        """Return running jobs and end; thread-safe and idempotent."""
        self._stopping = True
        self._call(self._interrupt_all, StopReason.STOP)
        self.wake()

    def wake(self) -> None:
        """Check the queue now; thread-safe."""
        self._call(self._set_woken)

    def left_alone(self) -> Sequence[int]:
        """The due jobs that this version cannot run; blocks."""
        dependencies = self._dependencies
        types, now = tuple(dependencies.catalogue), dependencies.clock.now()
        others = due_of_other_types(dependencies.database, dependencies.worker_id, types, now)
        return [*self._foreign.ids, *others]

    @property
    def busy(self) -> bool:
        """Whether a job is running in this worker; thread-safe."""
        return bool(self._running)

    @property
    def trouble(self) -> str:
        """Why nothing can be written (a full disk, for example) or started now; empty if all is well. The worker continues on its
        own afterwards. Thread-safe."""
        return self._no_room or self._dependencies.store_retry.sentence or self._stuck

    def _call(self, what: Callable[..., None], *arguments: object) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:  # the loop ended between check and call
            _logger.debug("the worker has already ended")

    async def _main(self) -> Summary:
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        dependencies, pace = self._dependencies, self._pace
        keeper = LeaseKeeper(
            dependencies.queue,
            dependencies.worker_id,
            lease_s=pace.lease_s,
            heartbeat_s=pace.heartbeat_s,
            on_lost=lambda claims: self._call(self._interrupt_claims, claims, StopReason.LOST),
            on_cancel=lambda claims: self._call(self._interrupt_claims, claims, StopReason.CANCEL),
        )
        unsubscribe = dependencies.database.on_commit(self.wake)
        keeper.start()
        try:
            await self._work(keeper)
        finally:
            await self._give_back()
            unsubscribe()
            keeper.stop()
            await self._forget()
        return self._summary

    async def _register(self) -> None:
        """Store this worker's row; if the disk is full, the next round tries again."""
        try:
            row = self._described()
            await await_commit(self._dependencies.database.write(lambda connection: workers.register(connection, row)))
        except PASSES as error:
            self._no_room_yet(error)
        else:
            self._registered = True

    def _no_room_yet(self, error: StoreError) -> None:
        if str(error) != self._no_room:
            _logger.warning("nothing can be written now: %s", error)
        self._no_room, self._not_before = str(error), self._dependencies.clock.monotonic() + AGAIN_S
        self._claim_at = self._dependencies.clock.now() + timedelta(seconds=AGAIN_S)

    async def _forget(self) -> None:
        try:
            identity = self._dependencies.worker_id
            await await_commit(
                self._dependencies.database.write(lambda connection: workers.forget(connection, identity))
            )
        except StoreError as error:  # the row expires
            _logger.warning("the worker's end could not be stored: %s", error)

    def _described(self) -> workers.WorkerRow:
        process, now = this_process(), self._dependencies.clock.now()
        return workers.WorkerRow(
            id=self._dependencies.worker_id,
            host=process.host,
            pid=process.pid,
            process_started_at=process.start,
            title="",
            started_at=now,
            last_seen_at=now,
            concurrency=self._pace.concurrency,
        )

    async def _work(self, keeper: LeaseKeeper) -> None:
        while not self._stopping:
            try:
                claimed = await self._round(keeper)
            except PASSES as error:
                claimed = False
                self._no_room_yet(error)
            one_round = self._once or self._job_id is not None
            if one_round and not self._running and not claimed and not self._no_room:
                return
            await self._wait()

    async def _round(self, keeper: LeaseKeeper) -> bool:
        """Run the due duties. After a commit, or when a job becomes due, also check for cancel requests and claim jobs.

        Returns whether a job was claimed.
        """
        assert self._woken is not None  # noqa: S101 - set before any work
        await self._duties.run_due()
        if not self._woken.is_set() and self._dependencies.clock.now() < self._claim_at:
            return False
        self._woken.clear()
        self._look_for_cancels()
        return await self._claim_what_fits(keeper)

    async def _claim_what_fits(self, keeper: LeaseKeeper) -> bool:
        claimed, self._claim_at = False, _NEVER
        while not self._stopping and self._has_place():
            job = await self._claim()
            if job is None:
                break
            claimed = True
            self._start(job, keeper)
        if self._stuck:  # the end of a stuck thread is not signalled
            self._claim_at = self._dependencies.clock.now() + timedelta(seconds=AGAIN_S)
        return claimed

    def _has_place(self) -> bool:
        """Whether another job may start. A job whose worker died runs alone: others would be blamed for its next crash."""
        stuck = STUCK if stuck_threads() >= MOST_STUCK else ""
        if stuck and not self._stuck:
            _logger.error(stuck)
        self._stuck = stuck
        running = self._running.values()
        return not stuck and len(running) < self._pace.concurrency and not any(run.job.crashes for run in running)

    async def _claim(self) -> Job | None:
        dependencies = self._dependencies
        types = tuple(dependencies.catalogue)
        rest_s = self._not_before - dependencies.clock.monotonic()
        if rest_s > 0:
            self._claim_at = dependencies.clock.now() + timedelta(seconds=rest_s)
            return None
        if not self._registered:
            await self._register()
        if not self._registered:
            return None
        if not self._foreign.any_due(idle=not self._running):
            self._no_room = ""
            self._claim_at = (
                next_due_at(dependencies.database, dependencies.worker_id, types, dependencies.clock.now()) or _NEVER
            )
            return None
        try:
            job = await await_commit(
                dependencies.queue.claim(
                    dependencies.worker_id,
                    lease_s=self._pace.lease_s,
                    types=types,
                    job_id=self._job_id,
                    idle=not self._running,
                    excluded=self._foreign.ids,
                )
            )
            if job is not None and self._foreign.includes(job.id, job.type, job.config):
                await await_commit(dependencies.queue.release(Claim(job.id, job.claim_no, dependencies.worker_id)))
                return await self._claim()
        except PASSES as error:
            self._no_room_yet(error)
            return None
        self._no_room = ""
        return job

    def _start(self, job: Job, keeper: LeaseKeeper) -> None:
        job_type = self._dependencies.catalogue[job.type]
        execution = Execution(job, job_type, self._dependencies, self._rng, self._pace)
        keeper.add(execution.claim)
        task = asyncio.create_task(self._see_through(execution, keeper), name=f"job-{job.id}")
        self._running[task] = execution

    async def _see_through(self, execution: Execution, keeper: LeaseKeeper) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this runs in a task
        try:
            self._summary.note(execution.job.id, await execution.run())
        except StoreError as error:  # the job's end was not recorded: it is returned when its lease expires
            self._summary.lost.append(execution.job.id)
            _logger.error("job %d: its end could not be stored: %s", execution.job.id, error)  # noqa: TRY400 - a sentence is enough
        except Exception:  # an unexpected error must not stop the other jobs
            self._summary.lost.append(execution.job.id)
            _logger.exception("job %d: its end could not be stored", execution.job.id)
        finally:
            keeper.remove(execution.claim)
            self._running.pop(task, None)
            self._set_woken()

    def _claims(self) -> tuple[Claim, ...]:
        return tuple(execution.claim for execution in self._running.values())

    def _look_for_cancels(self) -> None:
        running = {execution.claim.job_id: execution for execution in self._running.values()}
        if running:
            for job_id in cancel_requested(self._dependencies.database, running):
                running[job_id].interrupt(StopReason.CANCEL)

    async def _wait(self) -> None:
        """Sleep until woken, or until a duty or a job is due."""
        assert self._woken is not None  # noqa: S101 - set before any work
        until_claim_s = (self._claim_at - self._dependencies.clock.now()).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self._duties.wait_s(), until_claim_s)):
                await self._woken.wait()

    async def _give_back(self) -> None:
        self._interrupt_all(StopReason.STOP)
        tasks = tuple(self._running)
        if tasks:
            _done, unfinished = await asyncio.wait(tasks, timeout=GIVE_BACK_S)
            for task in unfinished:
                _logger.warning("job %d did not end in time; its lease returns it", self._running[task].job.id)

    def _interrupt_all(self, reason: StopReason) -> None:
        for execution in self._running.values():
            execution.interrupt(reason)

    def _interrupt_claims(self, claims: Collection[Claim], reason: StopReason) -> None:
        for execution in self._running.values():
            if execution.claim in claims:
                execution.interrupt(reason)

    def _set_woken(self) -> None:
        if self._woken is not None:
            self._woken.set()
