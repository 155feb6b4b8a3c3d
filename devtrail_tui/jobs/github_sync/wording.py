"""Sentences of a sync's log and result."""

from __future__ import annotations

from devtrail_tui.core.evidence import AnalysisState, PullRequest
from devtrail_tui.core.job import Level
from devtrail_tui.jobs.matching.matcher import Judgement


def name_of(pull_request: PullRequest) -> str:
    """acme/shop#123."""
    return f"{pull_request.repository}#{pull_request.number}"


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
