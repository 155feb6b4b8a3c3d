"""A running job's access to the ledger: its payments, and its waits for calls of other jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Claim
from devtrail_tui.runtime.store_retry import StoreRetry
from devtrail_tui.store.analyses import Analyses

LOOK_S = 0.2
"""How often calls of other jobs are checked, for all of a job's waits together."""


class Ledger:
    """`core.context.AnalysisLedger` for one claim; `add_spent` receives dollars that the job paid or may have paid."""

    def __init__(
        self, claim: Claim, store: Analyses, store_retry: StoreRetry, clock: Clock, add_spent: Callable[[float], None]
    ) -> None:
        self._claim = claim
        self._store = store
        self._store_retry = store_retry
        self._clock = clock
        self._add_spent = add_spent
        self._leased_usd: dict[str, float] = {}
        self._waited_for: dict[str, asyncio.Event] = {}
        self._looking = asyncio.Lock()

    async def find(self, key: str) -> Analysis | None:
        return await asyncio.to_thread(self._store.find, key)

    async def find_useless(self, key: str) -> Analysis | None:
        return await asyncio.to_thread(self._store.find_useless, key)

    async def discard(self, key: str) -> None:
        await self._store_retry.write(lambda: self._store.discard(key))

    async def uncertain_usd(self) -> float:
        return await asyncio.to_thread(self._store.uncertain_usd, self._claim.job_id)

    async def lease(self, request: AnalysisRequest) -> Analysis | bool:
        key, worst_usd, model = request.key, request.worst_case_usd or 0.0, str(request.body.get("model", ""))
        leased = await self._store_retry.write(lambda: self._store.lease(self._claim, key, model, worst_usd))
        if leased is True:
            self._leased_usd[key] = worst_usd
        return leased

    async def wait_for(self, key: str) -> None:
        event = self._waited_for.setdefault(key, asyncio.Event())
        while not event.is_set():
            async with self._looking:  # the task with the lock checks for all waiting tasks
                if not event.is_set():
                    await self._look()

    async def keep(self, analysis: Analysis) -> None:
        self._add_spent(analysis.cost_usd or 0.0)
        await self._store_retry.write(lambda: self._keep(analysis))

    def release_late(self, key: str) -> None:
        self._store.release(self._claim, key, self._leased_usd[key])

    def keep_late(self, analysis: Analysis) -> None:
        self._keep(analysis)  # if it cannot be stored now, the uncertain cost remains

    async def release(self, key: str) -> None:
        await self._store_retry.write(lambda: self._store.release(self._claim, key, self._leased_usd[key]))

    async def uncertain(self, key: str) -> None:
        call_usd = self._leased_usd[key]
        self._add_spent(call_usd)
        await self._store_retry.write(lambda: self._store.uncertain(self._claim, key, call_usd))

    def _keep(self, analysis: Analysis) -> Future[None]:
        call_usd = self._leased_usd.get(analysis.key)
        return self._store.keep(replace(analysis, job_id=self._claim.job_id), self._claim, call_usd)

    async def _look(self) -> None:
        waited_for = tuple(self._waited_for)
        under_way = await asyncio.to_thread(self._store.under_way, waited_for)
        for key in waited_for:
            if key not in under_way:
                self._waited_for.pop(key).set()
        if under_way:
            await self._clock.sleep(LOOK_S)
