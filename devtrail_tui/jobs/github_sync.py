"""GITHUB_SYNC: a person's merged pull requests become evidence, matched against their criteria."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from devtrail_tui.core.components import components
from devtrail_tui.core.context import Analyser, Context, PullRequestSource, Repository
from devtrail_tui.core.errors import DevTrailError, PermanentError, RepositoryNotFound, TemporaryError
from devtrail_tui.core.evidence import (
    AnalysisState,
    KnownPullRequest,
    NewEvidence,
    PullRequest,
    PullRequestRef,
)
from devtrail_tui.core.involvement import roles
from devtrail_tui.core.job import Level, Progress, RepositoryProgress
from devtrail_tui.core.job_type import JobType, Kind, Surroundings, setting
from devtrail_tui.core.metrics import metrics
from devtrail_tui.jobs._matching import Judgement, Matcher

DEFAULT_MODEL = "claude-sonnet-5-5"
DEFAULT_RANGE_DAYS = 365
SAMPLE_SIZE = 20
"""Pull requests a dry run reads per repository to estimate the price of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSyncConfig:
    """What to fetch, for which days, and what may be spent."""

    repositories: tuple[str, ...] = setting(
        "Repositories",
        Kind.REPOSITORIES,
        default=(),
        required=True,
        help="owner/name, several with spaces between",
    )
    start_date: date | None = setting(
        "From", Kind.DAY, flag="since", help="first day of merging; a year ago if left out"
    )
    end_date: date | None = setting(
        "To", Kind.DAY, flag="until", help="last day of merging, included; today if left out"
    )
    github_token: str = setting(
        "GitHub token",
        Kind.SECRET,
        default="",
        required=True,
        secret_name="github",  # noqa: S106 - the secret's name
        help="reads pull requests; used for this job only",
    )
    anthropic_api_key: str = setting(
        "Claude key",
        Kind.SECRET,
        default="",
        secret_name="anthropic",  # noqa: S106 - the secret's name
        help="without one the evidence is stored and can be matched later",
    )
    user_context: str = setting(
        "About you",
        Kind.LONG_TEXT,
        default="",
        flag="context",
        maximum=4_000,
        help="role, level, goals: what Claude should know when it judges",
    )
    analyse: bool = setting("Match with Claude", Kind.FLAG, default=True, help="off: only collect the evidence")
    model: str = setting("Model", Kind.TEXT, default=DEFAULT_MODEL, maximum=100, help="Claude's model")
    budget_usd: float = setting(
        "Budget (USD)",
        Kind.DOLLARS,
        default=5.0,
        flag="budget",
        minimum=0,
        maximum=10_000,
        help="the job never spends more",
    )
    dry_run: bool = setting(
        "Dry run", Kind.FLAG, default=False, help="only say what would be fetched and what it would cost"
    )
    max_pull_requests: int | None = setting(
        "At most",
        Kind.INTEGER,
        flag="max-pull-requests",
        minimum=1,
        maximum=100_000,
        advanced=True,
        help="pull requests per repository, newest first; all if left out",
    )


def check(config: GithubSyncConfig, surroundings: Surroundings) -> Mapping[str, str]:
    """Problems between fields, and with the world: days the wrong way round, a future start, a model without a price."""
    problems: dict[str, str] = {}
    start, end, today = config.start_date, config.end_date, surroundings.today
    if start is not None and start > today:
        problems["startDate"] = f"{start} is in the future; choose a day up to {today}."
    elif start is not None and end is not None and start > end:
        problems["startDate"] = f"{start} is after the last day, {end}."
    elif start is None and end is not None and end < today - timedelta(days=DEFAULT_RANGE_DAYS):
        problems["startDate"] = f"The last day, {end}, is over a year ago; say from which day on."
    if config.analyse and not surroundings.price_known(config.model):
        problems["model"] = (
            f"The price of {config.model or 'this model'} is not known, so the budget could not be kept. "
            f"Choose another, such as {DEFAULT_MODEL}."
        )
    return problems


def describe(config: GithubSyncConfig) -> str:
    """`acme/shop +2 · 2025-11-23 to today`."""
    first, *others = config.repositories
    what = f"{first} +{len(others)}" if others else first
    if config.start_date is None and config.end_date is None:
        days = "last year"
    else:
        days = f"{config.start_date or 'a year ago'} to {config.end_date or 'today'}"
    return f"{what} · {days}{' · dry run' if config.dry_run else ''}"


def discloses(config: GithubSyncConfig) -> str:
    """What leaves the machine, and where to."""
    asked = "GitHub is asked for your merged pull requests."
    if not config.analyse or config.dry_run:
        return f"{asked} Nothing is sent to Claude."
    return (
        f"{asked} Their titles, descriptions, comments, reviews and file names (no code) are sent to Claude "
        f"({config.model}), for at most ${config.budget_usd:.2f}."
    )


@dataclass(slots=True)
class RepositoryWork:
    """One repository on its way: what was found and what is still to do."""

    asked: str
    repository: Repository | None = None
    note: str = ""
    refs: Sequence[PullRequestRef] = ()
    to_fetch: list[PullRequestRef] = field(default_factory=list)
    to_match: list[KnownPullRequest] = field(default_factory=list)
    stored_before: int = 0
    updated_ids: frozenset[str] = frozenset()
    done: int = 0

    @property
    def name(self) -> str:
        """As GitHub spells it now, or as it was asked for."""
        return self.repository.name if self.repository else self.asked


@dataclass(slots=True)
class Tally:
    """Pull requests counted over the whole job, earlier attempts included."""

    new: int = 0
    updated: int = 0
    matched: int = 0
    without_match: int = 0
    not_analysed: int = 0
    failed: int = 0

    def plus(self, other: Tally) -> Tally:
        """Both counts added up."""
        return Tally(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)})

    def carried(self) -> dict[str, int]:
        """What a later attempt of this job goes on counting from."""
        return {"new": self.new, "updated": self.updated, "matched": self.matched, "withoutMatch": self.without_match}

    @classmethod
    def resumed(cls, saved: Mapping[str, Any]) -> Tally:
        """The inverse of `carried`."""
        return cls(
            new=saved.get("new", 0),
            updated=saved.get("updated", 0),
            matched=saved.get("matched", 0),
            without_match=saved.get("withoutMatch", 0),
        )


async def run(config: GithubSyncConfig, context: Context) -> dict[str, Any]:
    """Discover, fetch, verify, match and store; see `Sync`."""
    return await Sync(config, context).run()


class Sync:
    """One run of a sync. It goes on from what earlier attempts of the job stored."""

    def __init__(self, config: GithubSyncConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._matcher: Matcher | None = None
        self._login = ""
        self._works = [RepositoryWork(asked=name) for name in config.repositories]
        self._tally, self._carried = Tally(), Tally()
        self._saving = asyncio.Lock()
        self._fetch_error: DevTrailError | None = None
        self._phase = "starting"
        self._current = ("", "")

    async def run(self) -> dict[str, Any]:
        """The job's steps, in order."""
        await self._prepare_matching()
        self._source = await self._context.client(PullRequestSource)
        await self._settle_who_and_when()
        await self._discover()
        if self._config.dry_run:
            return await self._plan()
        await self._fetch_and_match()
        self._raise_what_stopped_matching()
        return self._result()

    async def _prepare_matching(self) -> None:
        if not self._config.analyse:
            self._context.log("Matching with Claude is switched off; the evidence is stored as not analysed.")
            return
        if not self._context.has_secret("anthropic"):
            self._context.log(
                "No Claude key was found; the evidence is stored as not analysed and can be matched later.",
                Level.WARNING,
            )
            return
        criteria = await self._context.criteria.detectable()
        if not criteria:
            self._context.log("No criterion can be seen in pull requests; nothing is matched.", Level.WARNING)
            return
        analyser = await self._context.client(
            Analyser, model=self._config.model, user_context=self._config.user_context
        )
        self._matcher = Matcher(self._context, analyser, criteria, self._config.budget_usd)
        if not self._config.dry_run:
            await self._matcher.check()

    async def _settle_who_and_when(self) -> None:
        account = await self._source.account()
        saved = self._context.cursor.get("", {})
        earlier = saved.get("login", account.login)
        if earlier.lower() != account.login.lower():
            raise PermanentError(
                f"This job began as {earlier}, but the token now belongs to {account.login}. "
                "Start a new sync for the other account."
            )
        today = self._context.clock.now().astimezone().date()
        end = date.fromisoformat(saved["end"]) if "end" in saved else self._config.end_date or today
        start = (
            date.fromisoformat(saved["start"])
            if "start" in saved
            else self._config.start_date or today - timedelta(days=DEFAULT_RANGE_DAYS)
        )
        self._login, self._start, self._end = account.login, _day_begins(start), _day_begins(end + timedelta(days=1))
        self._tally, self._carried = Tally.resumed(saved), Tally.resumed(saved)
        self._context.log(f"Signed in to {self._source.host} as {account.login}; merged {start} to {end}.")
        self._own = {"login": account.login, "start": start.isoformat(), "end": end.isoformat()}
        await self._save((), Tally())

    async def _discover(self) -> None:
        self._phase = "looking for pull requests"
        for work in self._works:
            self._current = (work.asked, "")
            self._show()
            try:
                work.repository = await self._source.repository(work.asked)
            except RepositoryNotFound as error:
                work.note = "not found"
                self._context.log(str(error), Level.ERROR)
                continue
            await self._discover_one(work, work.repository)
        if all(work.repository is None for work in self._works):
            raise PermanentError(
                "None of the repositories was found. Check their names, and that the token may read them."
            )

    async def _discover_one(self, work: RepositoryWork, repository: Repository) -> None:
        if repository.name.lower() != work.asked.lower():
            self._context.log(f"{work.asked} is now called {repository.name}.")
        if any(other is not work and other.name.lower() == repository.name.lower() for other in self._works):
            work.note = f"the same as {repository.name}"
            self._context.log(f"{work.asked}: the same repository was asked for twice; it is read once.", Level.WARNING)
            return
        refs = await self._source.discover(repository, self._login, self._start, self._end)
        work.refs = refs[: self._config.max_pull_requests]
        known = await self._context.evidence.known_nodes(
            self._source.host, self._login, [ref.node_id for ref in work.refs]
        )
        for ref in work.refs:
            self._sort_out(work, ref, known.get(ref.node_id))
        work.updated_ids = frozenset(known)
        self._context.log(self._found(work))

    def _sort_out(self, work: RepositoryWork, ref: PullRequestRef, known: KnownPullRequest | None) -> None:
        if known is None or known.updated_at < ref.updated_at:
            work.to_fetch.append(ref)
            return
        work.stored_before += 1
        if known.analysis_state is AnalysisState.NOT_ANALYSED and self._matcher is not None:
            work.to_match.append(known)
        else:
            work.done += 1
            if known.analysis_state is AnalysisState.NOT_ANALYSED:
                self._tally.not_analysed += 1

    def _found(self, work: RepositoryWork) -> str:
        found = f"{work.name}: {_count(len(work.refs), 'merged pull request')} found"
        if work.refs and not work.to_fetch:
            found += ", all already stored"
        elif work.stored_before:
            found += f", {work.stored_before} already stored"
        return f"{found}, {len(work.to_match)} of them still to be matched" if work.to_match else found

    async def _fetch_and_match(self) -> None:
        self._phase = "fetching and matching" if self._matcher else "fetching"
        self._show()
        async with asyncio.TaskGroup() as group:
            for work in self._works:
                for known in work.to_match:
                    group.create_task(self._match_stored(work, known))
            try:
                for work in self._works:
                    await self._fetch(work, group)
            except (TemporaryError, PermanentError) as error:  # calls to Claude under way are paid for: let them end
                self._fetch_error = error
        if self._fetch_error is not None:
            raise self._fetch_error
        self._current = ("", "")
        self._phase = "done"
        self._show()

    async def _fetch(self, work: RepositoryWork, group: asyncio.TaskGroup) -> None:
        async for hydrated in self._source.hydrate(work.to_fetch):
            self._current = (work.name, f"#{hydrated.ref.number}")
            if hydrated.pull_request is None:
                self._count_failed(work, f"{work.name}#{hydrated.ref.number}: {hydrated.problem}")
                continue
            entry = self._evidence(hydrated.pull_request)
            if not entry.roles:
                work.done += 1
                self._context.log(
                    f"{_name(entry.pull_request)}: you had no part in it after all; left out.", Level.DEBUG
                )
                self._show()
                continue
            known = hydrated.ref.node_id in work.updated_ids
            await self._save((entry,), Tally(updated=1) if known else Tally(new=1))
            if self._matcher is None:
                self._tally.not_analysed += 1
                self._finish(work)
            else:
                group.create_task(self._match(work, entry))

    def _evidence(self, pull_request: PullRequest) -> NewEvidence:
        return NewEvidence(
            login=self._login,
            pull_request=pull_request,
            roles=roles(pull_request, self._login),
            components=components(pull_request.files),
            metrics=metrics(pull_request),
        )

    async def _match_stored(self, work: RepositoryWork, known: KnownPullRequest) -> None:
        await self._match(work, self._evidence(await self._context.evidence.pull_request(known.evidence_id)))

    async def _match(self, work: RepositoryWork, entry: NewEvidence) -> None:
        assert self._matcher is not None  # noqa: S101 - the callers looked
        judgement = await self._matcher.judge(entry.pull_request, entry.components, entry.roles, self._login)
        await self._save(
            (
                replace(
                    entry,
                    analysis_state=judgement.state,
                    analysis_note=judgement.note,
                    analysis_key=judgement.key,
                    matches=judgement.matches,
                ),
            ),
            _counted(judgement),
            _lines_of(entry.pull_request, judgement),
        )
        self._current = (entry.pull_request.repository, f"#{entry.pull_request.number}")
        self._finish(work)

    def _count_failed(self, work: RepositoryWork, sentence: str) -> None:
        self._tally.failed += 1
        self._context.log(sentence, Level.ERROR)
        self._finish(work)

    def _finish(self, work: RepositoryWork) -> None:
        work.done += 1
        self._show()

    async def _save(
        self, entries: Sequence[NewEvidence], counted: Tally, log: Sequence[tuple[Level, str]] = ()
    ) -> None:
        """Store entries together with the count that includes them, so that a later attempt counts on rightly."""
        async with self._saving:
            tally = self._tally.plus(counted)
            await self._context.save(entries, cursor={"": {**self._own, **tally.carried()}}, log=log)
            self._tally = self._tally.plus(counted)

    def _raise_what_stopped_matching(self) -> None:
        stopped = self._matcher.stopped_by if self._matcher else None
        if stopped is None:
            return
        kept = f"All evidence is kept; {self._tally.not_analysed} not analysed. Retry the job to match what is missing."
        kind = TemporaryError if isinstance(stopped, TemporaryError) else PermanentError
        raise kind(f"{stopped} {kept}")

    def _show(self) -> None:
        found = [work for work in self._works if work.repository is not None]
        total = sum(len(work.refs) for work in found)
        processed = sum(work.done for work in found)
        limit = self._source.limit
        self._context.progress(
            Progress(
                percent=None
                if self._phase == "looking for pull requests"
                else 100 * processed / total
                if total
                else 100,
                phase=self._phase,
                current_repo=self._current[0],
                current_pr=self._current[1],
                total=total,
                processed=processed,
                new=self._tally.new + self._tally.updated,
                stored_before=self._stored_before(),
                matched=self._tally.matched,
                not_analysed=self._tally.not_analysed,
                failed=self._tally.failed,
                budget_usd=self._config.budget_usd if self._matcher else None,
                repositories=tuple(
                    RepositoryProgress(
                        work.name, work.done, len(work.refs) if work.repository is not None else None, work.note
                    )
                    for work in self._works
                ),
                github_remaining=limit.remaining if limit else None,
                github_limit=limit.limit if limit else None,
                github_reset_at=limit.reset_at.isoformat() if limit else "",
            )
        )

    def _stored_before(self) -> int:
        """Stored when this job began: what its own earlier attempts stored does not count."""
        stored = sum(work.stored_before for work in self._works)
        return max(stored - self._carried.new - self._carried.updated, 0)

    async def _plan(self) -> dict[str, Any]:
        self._phase = "estimating"
        plans = [await self._plan_one(work) for work in self._works]
        tokens = sum(plan["tokens"] or 0 for plan in plans)
        dollars = sum(plan["expectedUsd"] or 0.0 for plan in plans)
        new = sum(plan["new"] for plan in plans)
        self._context.log(
            f"Dry run: {_count(new, 'pull request')} would be fetched; about {tokens:,} tokens and ${dollars:.2f} for Claude. "
            "Nothing was stored, nothing was paid."
        )
        return {
            "dryRun": True,
            "login": self._login,
            "repositories": plans,
            "new": new,
            "tokens": tokens,
            "expectedUsd": round(dollars, 4),
            "message": f"{new} new",
        }

    async def _plan_one(self, work: RepositoryWork) -> dict[str, Any]:
        self._current = (work.name, "")
        self._show()
        plan: dict[str, Any] = {
            "repository": work.name,
            "note": work.note,
            "found": len(work.refs),
            "alreadyStored": work.stored_before,
            "new": len(work.to_fetch),
            "tokens": None,
            "expectedUsd": None,
        }
        if self._matcher is not None:
            requests = [
                self._matcher.estimate(entry.pull_request, entry.components, entry.roles, self._login)
                async for entry in self._sample(work)
            ]
            if requests:
                share = (len(work.to_fetch) + len(work.to_match)) / len(requests)
                plan["tokens"] = round(share * sum(each.input_tokens for each in requests))
                plan["expectedUsd"] = round(share * sum(each.expected_usd or 0.0 for each in requests), 4)
        return plan

    async def _sample(self, work: RepositoryWork) -> AsyncIterator[NewEvidence]:
        async for hydrated in self._source.hydrate(work.to_fetch[:SAMPLE_SIZE]):
            if hydrated.pull_request is not None:
                yield self._evidence(hydrated.pull_request)
        for known in work.to_match[:SAMPLE_SIZE]:
            yield self._evidence(await self._context.evidence.pull_request(known.evidence_id))

    def _result(self) -> dict[str, Any]:
        tally, found = self._tally, sum(len(work.refs) for work in self._works)
        stored_before = self._stored_before()
        return {
            "login": self._login,
            "found": found,
            "new": tally.new,
            "updated": tally.updated,
            "alreadyStored": stored_before,
            "matched": tally.matched,
            "withoutMatch": tally.without_match,
            "notAnalysed": tally.not_analysed,
            "failed": tally.failed,
            "spentUsd": round(self._context.spent_usd, 6),
            "budgetReached": bool(self._matcher and self._matcher.budget_reached),
            "repositories": [
                {
                    "repository": work.name,
                    "found": len(work.refs),
                    "alreadyStored": work.stored_before,
                    "note": work.note,
                }
                for work in self._works
            ],
            "message": self._message(found, stored_before),
        }

    def _message(self, found: int, stored_before: int) -> str:
        if found and stored_before == found:
            return f"All {_count(found, 'pull request')} already stored; nothing was fetched again."
        parts = [f"{self._tally.new} new", f"{self._tally.updated} updated", f"{stored_before} already stored"]
        parts += [f"{self._tally.matched} matched", f"{self._tally.not_analysed} not analysed"]
        return ", ".join(parts) + "."


def _day_begins(day: date) -> datetime:
    """The first moment of a day of the person's own time zone, as UTC."""
    return datetime.combine(day, time.min).astimezone(UTC)


def _counted(judgement: Judgement) -> Tally:
    match judgement.state:
        case AnalysisState.ANALYSED:
            return Tally(matched=1) if judgement.matches else Tally(without_match=1)
        case AnalysisState.NOT_ANALYSED:
            return Tally(not_analysed=1)
        case AnalysisState.FAILED:
            return Tally(failed=1)


def _name(pull_request: PullRequest) -> str:
    return f"{pull_request.repository}#{pull_request.number}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _lines_of(pull_request: PullRequest, judgement: Judgement) -> list[tuple[Level, str]]:
    """The log lines of one judged pull request: its matches, and what our own checks dropped."""
    name = _name(pull_request)
    lines = [(Level.WARNING, f"{name}: {sentence}") for sentence in judgement.dropped]
    match judgement.state:
        case AnalysisState.FAILED:
            lines.append((Level.ERROR, f"{name}: {judgement.note}"))
        case AnalysisState.NOT_ANALYSED:
            lines.append((Level.WARNING, f"{name}: not analysed. {judgement.note}"))
        case AnalysisState.ANALYSED:
            found = ", ".join(f"{each.criterion_id} {each.confidence * 100:.0f}" for each in judgement.matches or ())
            stored = "" if judgement.paid else " (answer already paid for)"
            lines.append((Level.INFO, f"{name} {pull_request.title} → {found or 'no criterion'}{stored}"))
    return lines


JOB = JobType(
    name="GITHUB_SYNC",
    title="Sync pull requests",
    command="sync",
    description="Fetch your merged pull requests and match them against your criteria.",
    config=GithubSyncConfig,
    run=run,
    check=check,
    describe=describe,
    discloses=discloses,
)
