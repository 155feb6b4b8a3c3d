"""Stored pull requests judged by another key (model, rubric, context, prompt): counted and priced, not judged again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import RepositoryExcluded
from devtrail_tui.core.evidence import NewEvidence, PullRequest
from devtrail_tui.core.price_range import PriceRange, total
from devtrail_tui.core.wording import count_of
from devtrail_tui.jobs.github_sync.board import Board
from devtrail_tui.jobs.matching.matcher import Matcher

SAMPLE_SIZE = 20
"""Pull requests that are read to estimate the price of all."""


async def look_up(
    context: Context,
    board: Board,
    matcher: Matcher,
    evidence_of: Callable[[PullRequest], NewEvidence],
    *,
    rejudge: bool,
) -> None:
    """Resolve stored pull requests without a recorded key: if the ledger has the answer to the request that would be sent now,
    reading it again is free; the others count as judged by another key."""
    for work in board.works:
        for stored in work.to_look_up:
            entry = evidence_of(await context.evidence.pull_request(stored.evidence_id))
            if rejudge or await _answered(context, matcher, entry):
                work.to_match.append(stored)
            else:
                work.judged_otherwise.append(stored)
        work.to_look_up.clear()
        work.done += len(work.judged_otherwise)


async def judged_otherwise(
    context: Context, board: Board, matcher: Matcher, evidence_of: Callable[[PullRequest], NewEvidence]
) -> dict[str, Any] | None:
    """Count them and log the cost of judging them again, in dollars (None: unknown); returns None if there are none."""
    entries = [stored for work in board.works for stored in work.judged_otherwise]
    if not entries:
        return None
    prices: list[PriceRange | None] = []
    for stored in entries[:SAMPLE_SIZE]:
        entry = evidence_of(await context.evidence.pull_request(stored.evidence_id))
        answered = await _answered(context, matcher, entry)
        prices.append(PriceRange(0, 0, 0) if answered else matcher.request(entry).price)
    known_prices = [price for price in prices if price is not None]
    price = total(known_prices).times(len(entries) / len(known_prices)) if known_prices else None
    cost = "" if price is None else f" It would cost {price.words()}."
    context.log(
        f"{count_of(len(entries), 'stored pull request')} judged by another rubric, model, context or prompt version; "
        f"judge again with --rejudge.{cost}"
    )
    return {"count": len(entries), "expectedUsd": None if price is None else round(price.expected_usd, 4)}


async def _answered(context: Context, matcher: Matcher, entry: NewEvidence) -> bool:
    try:
        return await context.analyses.find(matcher.request(entry).key) is not None
    except RepositoryExcluded:
        return True
