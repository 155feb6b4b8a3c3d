"""One run of a sync. It resumes from the data that earlier attempts of the job stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from devtrail_tui.core.components import components
from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import (
    AuthenticationError,
    LimitReached,
    PermanentError,
    ServiceUnavailable,
    TemporaryError,
)
from devtrail_tui.core.evidence import (
    AnalysisState,
    KnownPullRequest,
    NewEvidence,
    NewJudgement,
    Ownership,
    PullRequest,
)
from devtrail_tui.core.figures import figures_of
from devtrail_tui.core.involvement import roles
from devtrail_tui.core.job import Level
from devtrail_tui.core.left_out import LeftOut
from devtrail_tui.core.pull_request_source import GITHUB, PullRequestSource
from devtrail_tui.jobs.github_sync.board import Board, RepositoryWork
from devtrail_tui.jobs.github_sync.config import DEFAULT_RANGE_DAYS, GithubSyncConfig
from devtrail_tui.jobs.github_sync.discovery import SyncScope, discover
from devtrail_tui.jobs.github_sync.layouts import Layouts
from devtrail_tui.jobs.github_sync.owners import resolved
from devtrail_tui.jobs.github_sync.plan import plan
from devtrail_tui.jobs.github_sync.rejudging import judged_otherwise, look_up
from devtrail_tui.jobs.github_sync.tally import Judged, Record, Stored, counted, left_as_it_is
from devtrail_tui.jobs.github_sync.wording import closing_sentence, done_phrases, lines_of, name_of
from devtrail_tui.jobs.matching.matcher import Matcher


async def run(config: GithubSyncConfig, context: Context) -> dict[str, Any]:
    """Prepare matching, determine account and days, discover, then fetch, verify, match and store.

    An unknown model fails before anything is fetched.
    """
    matcher, reason = await _matcher(config, context)
    source = await context.source(GITHUB)
    scope = await _settle(config, context, source, judged_by=matcher.judged_by if matcher else None)
    if reason is not None:
        context.log(*reason)
    repositories = await resolved(config.repositories, context, source, scope)
    board = Board(context, repositories)
    board.budget_usd = config.budget_usd if matcher else None
    sync = Sync(context, source, board, scope, matcher)
    await sync.begin()
    await discover(context, source, board, scope)
    await sync.learn_layouts()
    if matcher is not None:
        await look_up(context, board, matcher, sync.evidence_of, rejudge=config.rejudge)
        board.judged_otherwise = await judged_otherwise(context, board, matcher, sync.evidence_of)
    if config.dry_run:
        return {"login": scope.login, **sync.closing(await plan(context, source, board, matcher, sync.evidence_of))}
    await sync.identify()
    await sync.fetch_and_match()
    sync.raise_what_stopped_matching()
    return sync.result(await context.analyses.uncertain_usd())


async def _matcher(config: GithubSyncConfig, context: Context) -> tuple[Matcher | None, tuple[str, Level] | None]:
    """The matcher, or the reason why nothing is matched."""
    if not config.analyse:
        return None, ("Matching with Claude is off; evidence is stored as not analysed.", Level.INFO)
    if not context.has_secret("anthropic"):
        sentence = "No Claude key was found; evidence is stored as not analysed and can be matched later."
        return None, (sentence, Level.WARNING)
    criteria = await context.criteria.detectable()
    if not criteria:
        return None, ("No criterion is pr_detectable; nothing is matched.", Level.WARNING)
    analyser = await context.analyser(model=config.model, about=config.user_context)
    matcher = Matcher(context, analyser, criteria, config.budget_usd)
    if not config.dry_run:
        await matcher.check()
    return matcher, None


async def _settle(
    config: GithubSyncConfig, context: Context, source: PullRequestSource, *, judged_by: str | None
) -> SyncScope:
    """Account and days of the job; they are fixed by its first attempt."""
    account = await source.account()
    saved = context.cursor.get("", {})
    earlier = saved.get("login", account.login)
    if saved.get("account", account.id) != account.id or (
        "account" not in saved and earlier.lower() != account.login.lower()
    ):
        raise PermanentError(
            f"This job began as {earlier}, but the token now belongs to {account.login}. "
            "Start a new sync for the other account."
        )
    today = context.clock.now().astimezone(context.zone).date()
    start, end = config.start_date or today - timedelta(days=DEFAULT_RANGE_DAYS), config.end_date or today
    if saved:
        start, end = date.fromisoformat(saved["start"]), date.fromisoformat(saved["end"])
    context.log(f"Logged in to {source.host} as {account.login}; merged {start} to {end}.")
    most = config.max_pull_requests
    return SyncScope(account.id, account.login, start, end, context.zone, most, judged_by, config.rejudge)


class Sync:
    """The second half of a sync: fetches, verifies, matches and stores the discovered pull requests concurrently."""

    def __init__(
        self, context: Context, source: PullRequestSource, board: Board, scope: SyncScope, matcher: Matcher | None
    ) -> None:
        self._context = context
        self._source = source
        self._board = board
        self._scope = scope
        self._matcher = matcher
        self._saving = asyncio.Lock()
        self._identified = False
        self._unanalysed = 0
        self._layouts = Layouts(context, source)

    async def begin(self) -> None:
        """The first attempt stores account and days of the job."""
        saved = self._context.cursor.get("", {})
        self._identified = saved.get("identified", False)
        # Only once: a save without progress would reset the crash count of a job that keeps crashing its workers.
        if not saved:
            await self._save(())

    async def learn_layouts(self) -> None:
        """Learn the shape of each repository from which something is fetched, for the names of components."""
        for work in self._board.works:
            if work.repository is not None:
                await self._layouts.learn(work.repository, fetch=bool(work.to_fetch))

    async def identify(self) -> None:
        """Assign stored entries to the account, once per job: a save resets the crash count, so it must be progress."""
        nodes = tuple(ref.node_id for work in self._board.works for ref in work.refs)
        ownership = Ownership(self._source.host, self._scope.account_id, self._scope.login, nodes)
        if not self._identified and await self._context.evidence.lacks_identity(ownership):
            self._identified = True
            await self._save((), ownership=ownership)

    async def fetch_and_match(self) -> None:
        """Process the board. Matching runs concurrently with fetching."""
        board = self._board
        board.enter("fetching and matching" if self._matcher else "fetching")
        if self._matcher is not None:
            self._matcher.forecast.pending = board.pending
        async with asyncio.TaskGroup() as group:
            for work in board.works:
                for stored in work.to_match:
                    group.create_task(self._match_stored(work, stored))
            for work in board.works:
                try:
                    await self._fetch(work, group)
                except (TemporaryError, AuthenticationError) as error:  # let paid calls in flight end
                    board.postponed = error
                    break
                except PermanentError as error:
                    board.leave_out(LeftOut(work.name, str(error), whole=True))
        if board.postponed is not None:
            raise board.postponed
        board.at("")
        board.enter("done")

    def evidence_of(self, pull_request: PullRequest) -> NewEvidence:
        """A pull request as evidence of this person, not analysed yet."""
        return NewEvidence(
            login=self._scope.login,
            pull_request=pull_request,
            roles=roles(pull_request, self._scope.login),
            components=components(pull_request.files, self._layouts.of(pull_request.repository)),
            figures=figures_of(pull_request),
            account_id=self._scope.account_id,
        )

    def raise_what_stopped_matching(self) -> None:
        """Raise the error that stopped matching, now that all evidence is stored: a temporary one retries the job."""
        stopped = self._matcher.stopped_by if self._matcher else None
        if stopped is None:
            return
        missing = self._board.tally.count(Judged.NOT_ANALYSED, Judged.OUTDATED)
        done = f"{', '.join(done_phrases(self._board, self._context.spent_usd))}."
        if isinstance(stopped, TemporaryError):
            kinds: tuple[type[TemporaryError], ...] = (LimitReached, ServiceUnavailable, TemporaryError)
            kind = next(kind for kind in kinds if issubclass(type(stopped), kind))
            raise kind(f"{stopped} So far {done} {missing} not analysed.", retry_after_s=stopped.retry_after_s)
        raise PermanentError(f"{done} {stopped} {missing} not analysed; retry the job to match them.")

    def result(self, uncertain_usd: float) -> dict[str, Any]:
        """The job's result over all attempts."""
        board, tally = self._board, self._board.tally
        result = {
            "login": self._scope.login,
            "found": board.found,
            "new": tally.count(Stored.NEW),
            "updated": tally.count(Stored.UPDATED),
            "alreadyStored": board.stored_before,
            "notFetched": tally.count(Stored.NOT_FETCHED),
            "notYours": tally.count(Stored.NOT_YOURS),
            "matched": tally.count(Judged.MATCHED),
            "withoutMatch": tally.count(Judged.WITHOUT_MATCH),
            "notAnalysed": tally.count(Judged.NOT_ANALYSED),
            "outdated": tally.count(Judged.OUTDATED),
            "judgedOtherwise": board.judged_otherwise,
            "failed": tally.count(Stored.NOT_FETCHED, Judged.FAILED),
            "spentUsd": round(self._context.spent_usd, 6),
            "uncertainUsd": round(uncertain_usd, 6),
            "budgetReached": bool(self._matcher and self._matcher.budget_reached),
            "repositories": board.repositories_json(),
            "message": closing_sentence(board, self._context.spent_usd, uncertain_usd),
        }
        # With a budget of 0 nobody asked for an analysis.
        asked_for = self._unanalysed > 0 and board.budget_usd != 0
        return self.closing(
            result, nothing_analysed=asked_for and not tally.count(Judged.MATCHED, Judged.WITHOUT_MATCH)
        )

    def closing(self, result: dict[str, Any], *, nothing_analysed: bool = False) -> dict[str, Any]:
        """A job's result with what was left out, in data and in its message."""
        left_out = self._board.left_out
        sentences = [result["message"], *self._board.hints, left_out.sentence()]
        return {
            **result,
            "message": " ".join(filter(None, sentences)),
            "success": not (left_out.whole or nothing_analysed),
            "leftOut": left_out.to_json(),
        }

    async def _fetch(self, work: RepositoryWork, group: asyncio.TaskGroup) -> None:
        async for hydrated in self._source.hydrate(work.to_fetch):
            self._board.at(work.name, f"#{hydrated.ref.number}")
            if hydrated.pull_request is None:
                number = f"#{hydrated.ref.number}"
                self._context.log(f"{work.name}{number}: {hydrated.problem}", Level.ERROR)
                self._board.left_out.add(LeftOut(work.name, hydrated.problem, names=(number,)))
                self._board.tally.add(hydrated.ref.node_id, Record(Stored.NOT_FETCHED))
                self._finish_unmatched(work)
                continue
            for item in hydrated.left_out:
                self._board.leave_out(item)
            entry = self.evidence_of(hydrated.pull_request)
            if entry.roles:
                await self._store(work, entry, group)
            else:
                name = name_of(entry.pull_request)
                self._context.log(f"{name}: you did not take part in it; skipped.", Level.DEBUG)
                self._board.tally.add(hydrated.ref.node_id, Record(Stored.NOT_YOURS))
                self._finish_unmatched(work)

    async def _store(self, work: RepositoryWork, entry: NewEvidence, group: asyncio.TaskGroup) -> None:
        node_id = entry.pull_request.node_id
        (stored,) = await self._save(
            (entry,), node_id, Record(Stored.UPDATED if node_id in work.known_ids else Stored.NEW)
        )
        if self._matcher is None or stored.current:
            self._board.tally.add(node_id, left_as_it_is(stored))
            self._finish_unmatched(work)
        elif stored.updated_at > entry.pull_request.updated_at:  # another job has stored a newer state
            group.create_task(self._match_stored(work, stored))
        else:
            group.create_task(self._match(work, stored, entry, self._matcher))

    def _finish_unmatched(self, work: RepositoryWork) -> None:
        if self._matcher is not None:
            self._matcher.forecast.pending -= 1
        self._board.finish_one(work)

    async def _match_stored(self, work: RepositoryWork, known: KnownPullRequest) -> None:
        assert self._matcher is not None  # noqa: S101 - discovery yields these only with a matcher
        entry = self.evidence_of(await self._context.evidence.pull_request(known.evidence_id))
        await self._match(work, known, entry, self._matcher)

    async def _match(self, work: RepositoryWork, known: KnownPullRequest, entry: NewEvidence, matcher: Matcher) -> None:
        pull_request = entry.pull_request
        judgement = await matcher.judge(entry)
        if (each_usd := matcher.forecast.each_usd) is not None:
            self._board.phase = f"matching, so far ${each_usd:.3f} each"
        judged = matcher.record(known.evidence_id, entry, judgement)
        if judgement.state is not AnalysisState.ANALYSED:
            # A useless answer that was asked for once more is no new failure.
            self._unanalysed += known.analysis_state is not AnalysisState.FAILED
            self._board.left_out.add(LeftOut("analyses", judgement.note, names=(name_of(pull_request),)))
        record, lines = counted(judgement, known), lines_of(pull_request, judgement)
        await self._save((), pull_request.node_id, record, lines, judgements=(judged,))
        self._board.at(pull_request.repository, f"#{pull_request.number}")
        self._board.finish_one(work)

    async def _save(
        self,
        entries: Sequence[NewEvidence],
        node_id: str = "",
        record: Record = Record(),  # noqa: B008 - frozen
        log: Sequence[tuple[Level, str]] = (),
        *,
        judgements: Sequence[NewJudgement] = (),
        ownership: Ownership | None = None,
    ) -> Sequence[KnownPullRequest]:
        """Store entries and the record of a pull request in one transaction, for exact counts in later attempts."""
        scope = self._scope
        own = {
            "login": scope.login,
            "account": scope.account_id,
            "start": scope.start.isoformat(),
            "end": scope.end.isoformat(),
            "identified": self._identified,
            "repositories": [work.asked for work in self._board.works],
        }
        async with self._saving:
            layouts = self._layouts.unsaved() if entries else {}
            cursor = {**layouts, "": own, **self._board.tally.cursor(node_id, record)}
            stored = await self._context.save(
                entries, judgements=judgements, ownership=ownership, cursor=cursor, log=log
            )
            self._board.tally.add(node_id, record)
        return stored
