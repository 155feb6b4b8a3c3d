"""Judges pull requests with one paid call per request, across all jobs and processes of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from devtrail_tui.core.context import CUT, REFUSED, Analyser, AnalysisRequest, Context
from devtrail_tui.core.errors import (
    AuthenticationError,
    DevTrailError,
    OutcomeUnknown,
    PermanentError,
    RepositoryExcluded,
    TemporaryError,
    UnknownModel,
)
from devtrail_tui.core.evidence import Analysis, AnalysisState, Criterion, Match, NewEvidence, NewJudgement
from devtrail_tui.core.job import Level
from devtrail_tui.core.wording import count_of
from devtrail_tui.jobs.matching.budget import Budget
from devtrail_tui.jobs.matching.forecast import Forecast, over_budget

FAILURES_IN_A_ROW = 3
"""After this many failed calls in a row the service is considered down."""
USELESS_IN_A_ROW = 3
"""After this many paid answers in a row that cannot be used, matching stops."""
ROOM_AFTER_A_CUT = 20_000
"""Maximum tokens of an answer to a request whose last one was cut; below the maximum of a call without streaming (21,333)."""
UNKNOWN_OUTCOMES = 3
"""Maximum sends of a request without an answer, each counted at its worst case."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of one pull request. `key` names the paid answer; `paid`: this run paid for it."""

    state: AnalysisState
    note: str = ""
    key: str | None = None
    matches: tuple[Match, ...] | None = None
    dropped: tuple[str, ...] = ()
    paid: bool = False


class Matcher:
    """Judges pull requests concurrently and never spends more than `budget_usd` (None: no limit) over the whole job.

    `stopped_by` is the error that ended all matching (a rejected key, a long limit, a failing service); `budget_reached`: the
    budget did. Either way the rest is not analysed.
    """

    def __init__(
        self, context: Context, analyser: Analyser, criteria: Sequence[Criterion], budget_usd: float | None
    ) -> None:
        self._context = context
        self._analyser = analyser
        self._criteria = criteria
        self._budget = Budget(context, analyser, budget_usd)
        self._budget_usd = budget_usd
        self.forecast = Forecast()
        self._calls = asyncio.Semaphore(analyser.concurrency)
        self._failures_in_a_row = self._useless_in_a_row = 0
        self._waited = False
        self._began_at = context.clock.now()
        self.judged_by = analyser.judged_by(criteria)
        self.stopped_by: DevTrailError | None = None

    @property
    def budget_reached(self) -> bool:
        """Whether the budget refused a call."""
        return self._budget.reached

    async def check(self) -> None:
        """Verify key and model before fetching. A rejected key only stops matching; an unknown model raises."""
        try:
            await self._analyser.check()
        except AuthenticationError as error:
            self._stop(error)

    async def judge(self, entry: NewEvidence) -> Judgement:
        """Match one pull request. Raises only for a cancel, a lost claim or a store error; other errors become a judgement."""
        judgement = await self._judgement(entry)
        self.forecast.pending -= 1
        if self.forecast.is_worth_logging():
            self._log_forecast()
        return judgement

    async def _judgement(self, entry: NewEvidence) -> Judgement:
        if self.stopped_by is not None:
            return self._not_analysed()
        try:
            request = self.request(entry)
        except RepositoryExcluded as error:
            return Judgement(AnalysisState.NOT_ANALYSED, note=str(error))
        unknown = 0
        while True:
            known = await self._known(request)
            if isinstance(known, Judgement):
                return known
            if self.forecast.request(known.price):
                self._log_forecast()
            try:
                async with self._calls:
                    judgement = await self._ask(known)
            except OutcomeUnknown as error:
                unknown += 1
                if unknown == UNKNOWN_OUTCOMES:
                    return self._failed_call(error)
                self._context.log(f"{error} The call counts with its worst-case price and is retried.", Level.WARNING)
                continue
            if judgement is not None:
                return judgement
            # Wait without slot and budget: two jobs waiting for each other's calls would otherwise deadlock.
            if not self._waited:
                self._waited = True
                self._context.log(
                    "Another job sends the same requests; waiting for its answers instead of paying twice."
                )
            await self._context.analyses.wait_for(request.key)

    async def _known(self, request: AnalysisRequest) -> Judgement | AnalysisRequest:
        """The judgement, if no call is needed for it; otherwise the request to send. After a useless answer each later job sends
        it once more, with more room if the answer was cut, but not after a refusal."""
        ledger = self._context.analyses
        stored = await ledger.find(request.key)
        if stored is not None:
            judgement = await self._read(request, stored, paid=False)
            if judgement.state is AnalysisState.ANALYSED or self._is_recent(stored):
                return judgement
        useless = await ledger.find_useless(request.key)
        if useless is None:
            return request
        verified = self._analyser.verify(request, useless)
        if self._is_recent(useless) or verified.category == REFUSED:
            return Judgement(AnalysisState.FAILED, verified.problem)
        return self._analyser.resized(request, ROOM_AFTER_A_CUT) if verified.category == CUT else request

    def _is_recent(self, analysis: Analysis) -> bool:
        """Whether this job, or another one while it ran, got the answer."""
        return analysis.job_id == self._context.job_id or analysis.created_at >= self._began_at

    def request(self, entry: NewEvidence) -> AnalysisRequest:
        """The request with its tokens and dollars; nothing is sent. Raises RepositoryExcluded."""
        return self._analyser.prepare(
            entry.pull_request, entry.components, self._criteria, login=entry.login, roles=entry.roles
        )

    def record(self, evidence_id: int, entry: NewEvidence, judgement: Judgement) -> NewJudgement:
        """The judgement in the form to save."""
        return NewJudgement(
            evidence_id=evidence_id,
            pr_updated_at=entry.pull_request.updated_at,
            state=judgement.state,
            judged_by=self.judged_by,
            note=judgement.note,
            analysis_key=judgement.key,
            matches=judgement.matches,
        )

    async def _ask(self, request: AnalysisRequest) -> Judgement | None:
        """Lease the call and make it; None if another job has it in flight."""
        sized = None if self.stopped_by is not None else await self._budget.reserve(request)
        if sized is None:
            return self._not_analysed()
        analysis: Analysis | None = None
        try:
            if self.stopped_by is not None:  # meanwhile
                return self._not_analysed()
            leased = await self._context.analyses.lease(sized)
            if isinstance(leased, Analysis):
                return await self._read(sized, leased, paid=False)
            if not leased:
                return None
            answered = await self._call(sized)
            analysis = answered if isinstance(answered, Analysis) else None
        finally:
            self._budget.release(sized, analysis)
        if not isinstance(answered, Analysis):
            return answered
        return await self._read(
            sized, answered, paid=True, reduced=sized.body["max_tokens"] < request.body["max_tokens"]
        )

    async def _call(self, request: AnalysisRequest) -> Analysis | Judgement:
        """The paid answer, stored; a judgement if the call failed."""
        ledger = self._context.analyses

        def late(analysis: Analysis | None) -> None:
            if analysis is None:
                ledger.release_late(request.key)
            else:
                ledger.keep_late(_priced(request, analysis))

        try:
            analysis = await self._analyser.answer(request, late=late)
            if analysis.cost_usd is None:
                self._context.log(
                    "The price of an answer is unknown; the worst-case price of its call is counted.", Level.WARNING
                )
            await ledger.keep(_priced(request, analysis))
        except OutcomeUnknown:
            await ledger.uncertain(request.key)
            raise
        except (AuthenticationError, UnknownModel) as error:
            await ledger.release(request.key)
            self._stop(error)
            return self._not_analysed()
        except (TemporaryError, PermanentError) as error:
            await ledger.release(request.key)
            return self._failed_call(error)
        self._failures_in_a_row = 0
        answer = _priced(request, analysis)
        self.forecast.answer(answer.cost_usd or 0.0)
        return answer

    def _log_forecast(self) -> None:
        price = self.forecast.whole(self._context.spent_usd)
        if price is None:
            return
        each_usd = self.forecast.each_usd
        if each_usd is None:
            sentence = f"{count_of(self.forecast.pending, 'pull request')} to analyse: {price.words()}"
        else:
            sentence = f"So far ${each_usd:.3f} each; the whole job will cost {price.words()}"
        self._context.log(f"{sentence}{over_budget(price, self._budget_usd)}.")

    def _failed_call(self, error: DevTrailError) -> Judgement:
        self._failures_in_a_row += 1
        # An error that names a wait concerns the account, not this pull request.
        limited = isinstance(error, TemporaryError) and error.retry_after_s is not None
        if limited or self._failures_in_a_row >= FAILURES_IN_A_ROW:
            self._stop(error)
        return Judgement(AnalysisState.NOT_ANALYSED, note=str(error))

    def _stop(self, error: DevTrailError) -> None:
        if self.stopped_by is None:
            self.stopped_by = error
            self._context.log(f"{error} Matching stops; evidence is still collected.", Level.ERROR)

    def _not_analysed(self) -> Judgement:
        if self.stopped_by is not None:
            return Judgement(AnalysisState.NOT_ANALYSED, note=str(self.stopped_by))
        return Judgement(AnalysisState.NOT_ANALYSED, note="The budget was reached.")

    async def _read(
        self, request: AnalysisRequest, analysis: Analysis, *, paid: bool, reduced: bool = False
    ) -> Judgement:
        """The judgement in an answer. A useless answer no longer answers its request, so that a later sync may ask once more.
        `reduced`: the budget gave it less room, so that a cut says nothing about the service."""
        verified = self._analyser.verify(request, analysis)
        if verified.problem:
            await self._context.analyses.discard(analysis.key)
            self._useless_in_a_row += paid and not (reduced and verified.category == CUT)
            if self._useless_in_a_row == USELESS_IN_A_ROW:
                self._stop(PermanentError(f"{USELESS_IN_A_ROW} answers in a row could not be used: {verified.problem}"))
            return Judgement(AnalysisState.FAILED, verified.problem, None, None, verified.dropped, paid)
        self._useless_in_a_row = 0
        return Judgement(AnalysisState.ANALYSED, "", analysis.key, verified.matches, verified.dropped, paid)


def _priced(request: AnalysisRequest, analysis: Analysis) -> Analysis:
    return analysis if analysis.cost_usd is not None else replace(analysis, cost_usd=request.worst_case_usd)
