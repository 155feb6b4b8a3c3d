"""Matching pull requests against the criteria within a budget: what GITHUB_SYNC and AI_ANALYSIS share. Not a job type itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from devtrail_tui.core.context import Analyser, AnalysisRequest, Context
from devtrail_tui.core.errors import (
    AuthenticationError,
    DevTrailError,
    PermanentError,
    RepositoryExcluded,
    TemporaryError,
    UnknownModel,
)
from devtrail_tui.core.evidence import Analysis, AnalysisState, Criterion, Match, PullRequest, Role
from devtrail_tui.core.job import Level

FAILURES_IN_A_ROW = 3
"""So many failed calls in a row mean that the service, not the pull request, is the trouble."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one pull request. `key` names the paid answer; `paid` whether this run paid for it."""

    state: AnalysisState
    note: str = ""
    key: str | None = None
    matches: tuple[Match, ...] | None = None
    dropped: tuple[str, ...] = ()
    paid: bool = False


class Matcher:
    """Judges pull requests, several at once, and never spends more than `budget_usd` (None: no bound) over the whole job.

    Each call's worst case is reserved before it is sent. `stopped_by` is the error that ended all matching (a refused key, a
    limit that outlasts the call's own waiting, a service in trouble); `budget_reached` says that the budget did. Both leave the
    rest not analysed.
    """

    def __init__(
        self, context: Context, analyser: Analyser, criteria: Sequence[Criterion], budget_usd: float | None
    ) -> None:
        self._context = context
        self._analyser = analyser
        self._criteria = criteria
        self._budget_usd = budget_usd
        self._reserved_usd = 0.0
        self._calls = asyncio.Semaphore(analyser.concurrency)
        self._failures_in_a_row = 0
        self.stopped_by: DevTrailError | None = None
        self.budget_reached = False

    async def check(self) -> None:
        """Prove key and model before anything is fetched. A refused key stops the matching only; an unknown model raises."""
        try:
            await self._analyser.check()
        except AuthenticationError as error:
            self._stop(error)

    async def judge(
        self, pull_request: PullRequest, components: Sequence[str], roles: Sequence[Role], login: str
    ) -> Judgement:
        """Match one pull request. Only a cancel, a lost claim and a broken store raise; everything else is a judgement."""
        if self.stopped_by is not None:
            return self._not_analysed()
        try:
            request = self._analyser.prepare(pull_request, components, self._criteria, login=login, roles=roles)
        except RepositoryExcluded as error:
            return Judgement(AnalysisState.NOT_ANALYSED, note=str(error))
        stored = await self._context.analyses.find(request.key)
        if stored is not None:
            return self._read(request, stored, paid=False)
        async with self._calls:
            return await self._ask(request)

    def estimate(
        self, pull_request: PullRequest, components: Sequence[str], roles: Sequence[Role], login: str
    ) -> AnalysisRequest:
        """The request that would be sent, with its tokens and dollars; nothing is sent."""
        return self._analyser.prepare(pull_request, components, self._criteria, login=login, roles=roles)

    async def _ask(self, request: AnalysisRequest) -> Judgement:
        if self.stopped_by is not None or not self._reserve(request):
            return self._not_analysed()
        try:
            analysis = self._priced(request, await self._analyser.answer(request))
            await self._context.analyses.keep(analysis)
        except (AuthenticationError, UnknownModel) as error:
            self._stop(error)
            return self._not_analysed()
        except (TemporaryError, PermanentError) as error:
            return self._failed_call(error)
        finally:
            self._reserved_usd -= request.worst_case_usd or 0.0
        self._failures_in_a_row = 0
        return self._read(request, analysis, paid=True)

    def _priced(self, request: AnalysisRequest, analysis: Analysis) -> Analysis:
        if analysis.cost_usd is not None:
            return analysis
        self._context.log("An answer came without its price; its worst case is counted.", Level.WARNING)
        return replace(analysis, cost_usd=request.worst_case_usd)

    def _reserve(self, request: AnalysisRequest) -> bool:
        worst = request.worst_case_usd or 0.0
        committed = self._context.spent_usd + self._reserved_usd + worst
        if self._budget_usd is not None and committed > self._budget_usd:
            if not self.budget_reached:
                self.budget_reached = True
                self._context.log(
                    f"The budget of ${self._budget_usd:.2f} would be passed by the next call; nothing more is sent to "
                    "Claude. What is not analysed can be analysed later.",
                    Level.WARNING,
                )
            return False
        self._reserved_usd += worst
        return True

    def _failed_call(self, error: DevTrailError) -> Judgement:
        self._failures_in_a_row += 1
        # Who says how long to wait speaks of the account, not of this one pull request.
        limited = isinstance(error, TemporaryError) and error.retry_after_s is not None
        if limited or self._failures_in_a_row >= FAILURES_IN_A_ROW:
            self._stop(error)
        return Judgement(AnalysisState.NOT_ANALYSED, note=str(error))

    def _stop(self, error: DevTrailError) -> None:
        if self.stopped_by is None:
            self.stopped_by = error
            self._context.log(f"{error} Matching stops here; the evidence is still collected.", Level.ERROR)

    def _not_analysed(self) -> Judgement:
        if self.stopped_by is not None:
            return Judgement(AnalysisState.NOT_ANALYSED, note=str(self.stopped_by))
        return Judgement(AnalysisState.NOT_ANALYSED, note="The budget was reached before it.")

    def _read(self, request: AnalysisRequest, analysis: Analysis, *, paid: bool) -> Judgement:
        verified = self._analyser.verify(request, analysis)
        if verified.problem:
            return Judgement(AnalysisState.FAILED, verified.problem, analysis.key, None, verified.dropped, paid)
        return Judgement(AnalysisState.ANALYSED, "", analysis.key, verified.matches, verified.dropped, paid)
