"""The first half of a sync: which pull requests there are, and what is still to do for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from devtrail_tui.core.context import Context, PullRequestSource, Repository
from devtrail_tui.core.errors import PermanentError, RepositoryExcluded, RepositoryNotFound
from devtrail_tui.core.evidence import AnalysisState, KnownPullRequest, PullRequestRef
from devtrail_tui.core.job import Level
from devtrail_tui.core.wording import count_of
from devtrail_tui.jobs.github_sync.board import LOOKING, Board, RepositoryWork
from devtrail_tui.jobs.github_sync.tally import Tally, left_as_it_is


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose work of which days: `start` and `end` are days of the person's own time zone, both included.

    `account_id` and `login` are the person's. `most` bounds the pull requests per repository, newest first. `judged_by` is what
    pull requests are judged by now (`Matcher.judged_by`), None where nothing is judged; `rejudge` asks anew for those that were
    judged by something else, or failed.
    """

    account_id: str
    login: str
    start: date
    end: date
    most: int | None
    judged_by: str | None
    rejudge: bool


async def discover(context: Context, source: PullRequestSource, board: Board, wanted: Wanted) -> None:
    """Fill the board's repositories with what was found.

    Raises PermanentError where none of them exists; one that does not is reported, and the others go on.
    """
    board.enter(LOOKING)
    for work in board.works:
        board.at(work.asked)
        try:
            work.repository = await source.repository(work.asked)
        except RepositoryNotFound as error:
            work.note = "excluded" if isinstance(error, RepositoryExcluded) else "not found"
            context.log(str(error), Level.ERROR)
            continue
        await _discover_one(context, source, board, wanted, work, work.repository)
    if all(work.repository is None for work in board.works):
        raise PermanentError("None of the repositories was found. Check their names, and that the token may read them.")


async def _discover_one(
    context: Context,
    source: PullRequestSource,
    board: Board,
    wanted: Wanted,
    work: RepositoryWork,
    repository: Repository,
) -> None:
    if repository.name.lower() != work.asked.lower():
        context.log(f"{work.asked} is now called {repository.name}.")
    if any(other_work is not work and other_work.name.lower() == repository.name.lower() for other_work in board.works):
        work.note = f"the same as {repository.name}"
        context.log(f"{work.asked}: the same repository was asked for twice; it is read once.", Level.WARNING)
        return
    start, end = day_begins(wanted.start), day_begins(wanted.end + timedelta(days=1))
    refs = await source.discover(repository, wanted.login, start, end)
    work.refs = refs[: wanted.most]
    node_ids = [ref.node_id for ref in work.refs]
    stored = await context.evidence.known_nodes(source.host, wanted.account_id, wanted.login, node_ids)
    work.known_ids = frozenset(stored)
    for ref in work.refs:
        board.tally = board.tally.plus(_sort_out(work, ref, stored.get(ref.node_id), wanted))
    context.log(_found(work))


def _sort_out(work: RepositoryWork, ref: PullRequestRef, known: KnownPullRequest | None, wanted: Wanted) -> Tally:
    if known is None or known.updated_at < ref.updated_at:
        work.to_fetch.append(ref)
        return Tally()
    work.stored_before += 1
    if wanted.judged_by is not None and (waiting_list := _waiting_list(work, known, wanted)) is not None:
        waiting_list.append(known)
        return Tally()
    work.done += 1
    return left_as_it_is(known)


def _waiting_list(work: RepositoryWork, known: KnownPullRequest, wanted: Wanted) -> list[KnownPullRequest] | None:
    """Where a stored pull request waits; None where nothing is to be done for it."""
    if not known.current:
        return work.to_match
    if known.analysis_state is AnalysisState.FAILED:
        return work.to_match if wanted.rejudge else None
    if known.judged_by is None:
        return work.to_look_up
    if known.judged_by == wanted.judged_by:
        return None
    return work.to_match if wanted.rejudge else work.judged_otherwise


def _found(work: RepositoryWork) -> str:
    sentence = f"{work.name}: {count_of(len(work.refs), 'merged pull request')} found"
    if work.refs and not work.to_fetch:
        sentence += ", all already stored"
    elif work.stored_before:
        sentence += f", {work.stored_before} already stored"
    return f"{sentence}, {len(work.to_match)} of them still to be matched" if work.to_match else sentence


def day_begins(day: date) -> datetime:
    """The first moment of a day of the person's own time zone, as UTC."""
    return datetime.combine(day, time.min).astimezone(UTC)
