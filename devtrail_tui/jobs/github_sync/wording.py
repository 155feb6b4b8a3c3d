"""Sentences of a sync's log and result."""

from __future__ import annotations

from devtrail_tui.core.evidence import AnalysisState, PullRequest
from devtrail_tui.core.job import Level
from devtrail_tui.core.pull_request_source import MergedCounts
from devtrail_tui.core.wording import count_of, dollars
from devtrail_tui.jobs.github_sync.board import Board
from devtrail_tui.jobs.github_sync.tally import Judged, Stored
from devtrail_tui.jobs.matching.matcher import Judgement


def name_of(pull_request: PullRequest) -> str:
    """acme/shop#123."""
    return f"{pull_request.repository}#{pull_request.number}"


def nothing_found(repository: str, login: str, counts: MergedCounts) -> str:
    """Why a repository has no pull request of the person in these days, and what to check."""
    sentence = f"{repository} has {count_of(counts.merged, 'merged pull request')} in these days, none with {login} as author, "
    sentence += "commenter or reviewer."
    checks = []
    if counts.closed:
        checks.append(f"{counts.closed:,} of yours were closed without a merge (a bot may have landed them)")
    if counts.assigned:
        checks.append(f"{counts.assigned:,} merged ones are assigned to you (an agent may be their author)")
    found = f" But {' and '.join(checks)}." if checks else ""
    return f"{sentence}{found} Check the days, the login of the token, and its permission to read pull requests."


def lines_of(pull_request: PullRequest, judgement: Judgement) -> list[tuple[Level, str]]:
    """The log lines of one judged pull request: its matches, and the rejected ones."""
    name = name_of(pull_request)
    lines = [(Level.WARNING, f"{name}: {sentence}") for sentence in judgement.dropped]
    match judgement.state:
        case AnalysisState.FAILED:
            lines.append((Level.ERROR, f"{name}: {judgement.note}"))
        case AnalysisState.NOT_ANALYSED:
            lines.append((Level.WARNING, f"{name}: not analysed. {judgement.note}"))
        case AnalysisState.ANALYSED:
            matches = ", ".join(
                f"{match.criterion_id} {match.confidence * 100:.0f}" for match in judgement.matches or ()
            )
            stored = "" if judgement.paid else " (answer already paid)"
            lines.append((Level.INFO, f"{name} {pull_request.title} → {matches or 'no criterion'}{stored}"))
    return lines


def done_phrases(board: Board, spent_usd: float) -> list[str]:
    """What a sync stored, matched and paid, as phrases."""
    tally, all_stored = board.tally, board.found and board.stored_before == board.found
    matched = tally.count(Judged.MATCHED)
    if all_stored:
        phrases = [f"All {count_of(board.found, 'pull request')} already stored"]
    else:
        phrases = [f"{tally.count(kind)} {kind}" for kind in (Stored.NEW, Stored.UPDATED)]
        phrases.append(f"{board.stored_before} already stored")
    phrases += [f"{matched} matched"] if matched or not all_stored else []
    return phrases + ([f"{dollars(spent_usd)} paid"] if spent_usd else [])


def closing_sentence(board: Board, spent_usd: float, uncertain_usd: float) -> str:
    """What a sync did, then what it did not; empty if there is nothing of the person."""
    if board.hints and not board.found:
        return ""
    tally, otherwise = board.tally, board.judged_otherwise
    done = done_phrases(board, spent_usd)
    not_done = {
        "not analysed": tally.count(Judged.NOT_ANALYSED),
        "judged before their latest change": tally.count(Judged.OUTDATED),
        "failed": tally.count(Stored.NOT_FETCHED, Judged.FAILED),
        "judged by another rubric, model, context or prompt version": otherwise["count"] if otherwise else 0,
    }
    phrases = [f"{number} {words}" for words, number in not_done.items() if number]
    if uncertain_usd:
        phrases.append(f"{dollars(uncertain_usd)} of the cost uncertain (calls without an answer)")
    if len(done) == 1 and not phrases:
        return f"{done[0]}; nothing was fetched again."
    return ", ".join(done + phrases) + "."
