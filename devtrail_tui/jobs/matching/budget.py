"""A job's budget in dollars: reserved before a call, released when it has ended."""

from __future__ import annotations

import asyncio
import math

from devtrail_tui.core.context import Analyser, AnalysisRequest, Context
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Level

FEWEST_TOKENS = 1_000
"""The least room for an answer before the job has any: three matches take about 700."""
_PERCENTILE = 0.95


class Budget:
    """Limits a job's cost over all attempts, with calls in flight at their worst case; a limit of None is none.

    Calls are decided one after another, in the order in which they asked. One that does not fit waits until those in flight have
    settled, then gets less room for its answer, and is refused only if what is left is too little for nearly all answers of the
    job so far. The first call of a job is sent alone, so that the common part of all requests is written to the cache once.
    """

    def __init__(self, context: Context, analyser: Analyser, limit_usd: float | None) -> None:
        self._context = context
        self._analyser = analyser
        self._limit_usd = limit_usd
        self._reserved: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()
        self._output_tokens: list[int] = []
        self._first_settled = False
        self.reached = False

    async def reserve(self, request: AnalysisRequest) -> AnalysisRequest | None:
        """The request to send, perhaps with less room, with its worst case reserved; None if the budget does not allow it."""
        async with self._turn:
            while True:
                self._settled.clear()
                fitting = None
                if self._first_settled or not self._reserved:
                    fitting = await self._fitted(request, alone=not self._reserved)
                if fitting is not None:
                    self._reserved[request.key] = fitting.worst_case_usd or 0.0
                    return fitting
                if not self._reserved:
                    self._say_reached()
                    return None
                await self._settled.wait()

    def release(self, request: AnalysisRequest, analysis: Analysis | None) -> None:
        """Release the reservation of an ended call, whose cost is now in the job's `spent_usd`; `analysis` is its answer."""
        self._reserved.pop(request.key, None)
        self._first_settled = True
        if analysis is not None:
            self._output_tokens.append(analysis.usage.get("output_tokens", 0))
        self._settled.set()

    async def _fitted(self, request: AnalysisRequest, *, alone: bool) -> AnalysisRequest | None:
        """The request as it fits into what is left; with less room, or its input counted, only if nothing else is in flight."""
        if self._limit_usd is None:
            return request
        left_usd = self._limit_usd - self._context.spent_usd - sum(self._reserved.values())
        if (request.worst_case_usd or 0.0) <= left_usd:
            return request
        if not alone:
            return None
        smaller = self._smaller(request, left_usd)
        return smaller or self._smaller(await self._analyser.counted(request), left_usd)

    def _smaller(self, request: AnalysisRequest, left_usd: float) -> AnalysisRequest | None:
        """The request with as much room as `left_usd` pays for; None if that is too little."""
        full = int(request.body["max_tokens"])
        input_usd = self._analyser.resized(request, 0).worst_case_usd or 0.0
        token_usd = ((self._analyser.resized(request, full).worst_case_usd or 0.0) - input_usd) / full
        room = min(full, math.floor((left_usd - input_usd) / token_usd)) if token_usd > 0 else full
        return self._analyser.resized(request, room) if room >= self._fewest_tokens() else None

    def _fewest_tokens(self) -> int:
        if not self._output_tokens:
            return FEWEST_TOKENS
        ranked = sorted(self._output_tokens)
        return ranked[math.floor(_PERCENTILE * (len(ranked) - 1))]

    def _say_reached(self) -> None:
        if not self.reached:
            self._context.log(
                f"The next call could exceed the budget of ${self._limit_usd:.2f}. What does not fit is left out and can be "
                "analysed later.",
                Level.WARNING,
            )
        self.reached = True
