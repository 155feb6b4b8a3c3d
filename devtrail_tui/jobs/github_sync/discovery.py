"""The first half of a sync: discovers pull requests and decides what to do with each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import (
    AuthenticationError,
    PermanentError,
    RepositoryExcluded,
    RepositoryNotFound,
    TemporaryError,
)
from devtrail_tui.core.evidence import AnalysisState, KnownPullRequest, PullRequestRef
from devtrail_tui.core.job import Level
from devtrail_tui.core.left_out import LeftOut
from devtrail_tui.core.pull_request_source import PullRequestSource, Repository
from devtrail_tui.core.time_zones import day_begins
from devtrail_tui.core.wording import count_of
from devtrail_tui.jobs.github_sync.board import LOOKING, Board, RepositoryWork
from devtrail_tui.jobs.github_sync.tally import left_as_it_is
from devtrail_tui.jobs.github_sync.wording import nothing_found

_NOTES = {RepositoryExcluded: "excluded", RepositoryNotFound: "not found"}


@dataclass(frozen=True, slots=True)
class SyncScope:
    """The person and the days of a sync: `start` and `end` are days in `zone` (None: this machine's), both inclusive.

    `account_id` and `login` are the person's. `most` limits the pull requests per repository, newest first. `judged_by` is the
    current key (`Matcher.judged_by`), None if nothing is judged; `rejudge` repeats judgements by another key and failed ones.
    """

    account_id: str
    login: str
    start: date
    end: date
    zone: tzinfo | None
    most: int | None
    judged_by: str | None
    rejudge: bool

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first moment of the days and the first after them, as UTC."""
        return day_begins(self.start, self.zone), day_begins(self.end + timedelta(days=1), self.zone)


async def discover(context: Context, source: PullRequestSource, board: Board, scope: SyncScope) -> None:
    """Fill the board's repositories with the discovered pull requests. A repository that is refused is left out.

    Raises PermanentError if all are. A temporary error of one repository is postponed until the others are done; the second of
    two in a row is raised at once.
    """
    board.enter(LOOKING)
    refusals: list[str] = []
    for work in board.works:
        board.at(work.asked)
        try:
            work.repository = await source.repository(work.asked)
            await _discover_one(context, source, board, scope, work, work.repository)
        except AuthenticationError:
            raise
        except PermanentError as error:
            work.note, work.repository = _NOTES.get(type(error), "refused"), None
            refusals.append(str(error))
            board.leave_out(LeftOut(work.asked, str(error), whole=True))
        except TemporaryError as error:
            if board.in_trouble or error.retry_after_s is not None:
                raise
            work.note, work.repository, board.postponed = "not reached", None, error
            board.in_trouble = True
            context.log(f"{work.asked}: {error} It is tried again after the others.", Level.WARNING)
        else:
            board.in_trouble = False
    if len(refusals) == len(board.works):
        raise PermanentError(
            refusals[0] if len(refusals) == 1 else f"No repository could be read: {' '.join(refusals)}"
        )


async def _discover_one(
    context: Context,
    source: PullRequestSource,
    board: Board,
    scope: SyncScope,
    work: RepositoryWork,
    repository: Repository,
) -> None:
    if repository.name.lower() != work.asked.lower():
        context.log(f"{work.asked} is now called {repository.name}.")
    if any(other_work is not work and other_work.name.lower() == repository.name.lower() for other_work in board.works):
        work.note = f"the same as {repository.name}"
        context.log(f"{work.asked}: this repository was requested twice; it is read once.", Level.WARNING)
        return
    start, end = scope.span
    discovered = await source.discover(repository, scope.login, start, end)
    for item in discovered.left_out:
        board.leave_out(item)
    work.refs = discovered.refs[: scope.most]
    node_ids = [ref.node_id for ref in work.refs]
    stored = await context.evidence.known_nodes(source.host, scope.account_id, scope.login, node_ids)
    work.known_ids = frozenset(stored)
    board.tally.resume(context.cursor, node_ids)
    for ref in work.refs:
        _sort_out(board, work, ref, stored.get(ref.node_id), scope)
    context.log(_found(work))
    if not work.refs:
        hint = nothing_found(work.name, scope.login, await source.merged_counts(repository, scope.login, start, end))
        board.hints.append(hint)
        context.log(hint, Level.WARNING)


def _sort_out(
    board: Board, work: RepositoryWork, ref: PullRequestRef, known: KnownPullRequest | None, scope: SyncScope
) -> None:
    if known is None or known.updated_at < ref.updated_at:
        work.to_fetch.append(ref)
        return
    work.stored_before += not board.tally.stores(ref.node_id)
    if scope.judged_by is not None and (waiting_list := _waiting_list(work, known, scope)) is not None:
        waiting_list.append(known)
        return
    work.done += 1
    board.tally.add(ref.node_id, left_as_it_is(known))


def _waiting_list(work: RepositoryWork, known: KnownPullRequest, scope: SyncScope) -> list[KnownPullRequest] | None:
    """The list in which a stored pull request waits; None if there is nothing to do."""
    if not known.current:
        return work.to_match
    if known.analysis_state is AnalysisState.FAILED:
        return work.to_match  # a useless answer: it is asked for once more
    if known.judged_by is None:
        return work.to_look_up
    if known.judged_by == scope.judged_by:
        return None
    return work.to_match if scope.rejudge else work.judged_otherwise


def _found(work: RepositoryWork) -> str:
    sentence = f"{work.name}: {count_of(len(work.refs), 'merged pull request')} found"
    if work.refs and not work.to_fetch:
        sentence += ", all already stored"
    elif work.stored_before:
        sentence += f", {work.stored_before} already stored"
    return f"{sentence}, {len(work.to_match)} of them not matched yet" if work.to_match else sentence
