"""A dry run: computes what a sync would fetch and cost. It stores and pays nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.evidence import NewEvidence, PullRequest
from devtrail_tui.core.price_range import PriceRange, total
from devtrail_tui.core.pull_request_source import PullRequestSource
from devtrail_tui.core.wording import count_of
from devtrail_tui.jobs.github_sync.board import Board, RepositoryWork
from devtrail_tui.jobs.matching.forecast import over_budget
from devtrail_tui.jobs.matching.matcher import Matcher

SAMPLE_SIZE = 20
"""Pull requests per repository that are read to estimate the price of all."""


async def plan(
    context: Context,
    source: PullRequestSource,
    board: Board,
    matcher: Matcher | None,
    evidence_of: Callable[[PullRequest], NewEvidence],
) -> dict[str, Any]:
    """The plan as a job result: found, stored and new per repository; expected tokens and dollars.

    Tokens are extrapolated from up to 20 pull requests per repository; None if nothing would be matched.
    """
    board.enter("estimating")
    plans: list[dict[str, Any]] = []
    prices: list[PriceRange | None] = []
    for work in board.works:
        board.at(work.name)
        sample = [entry async for entry in _sample(context, source, work, evidence_of)] if matcher else []
        tokens_of_work, price_of_work = _estimate(work, matcher, sample)
        prices.append(price_of_work)
        plans.append(_plan_one(work, tokens_of_work, price_of_work))
    tokens = sum(plan["tokens"] or 0 for plan in plans)
    price = total(each for each in prices if each is not None) if matcher else None
    new = sum(plan["new"] for plan in plans)
    cost = f"about {tokens:,} tokens, {price.words()} for Claude" if price else "nothing would be sent to Claude"
    cost += over_budget(price, board.budget_usd)
    context.log(f"Dry run: {count_of(new, 'pull request')} would be fetched; {cost}. Nothing was stored or paid.")
    return {
        "dryRun": True,
        "repositories": plans,
        "new": new,
        "alreadyStored": board.stored_before,
        "tokens": tokens if matcher else None,
        **_price_json(price),
        "message": f"{new} new, {board.stored_before} already stored; {cost}.",
    }


def _estimate(
    work: RepositoryWork, matcher: Matcher | None, sample: list[NewEvidence]
) -> tuple[int | None, PriceRange | None]:
    """Input tokens and price of a repository's analyses, from a sample."""
    if matcher is None or not sample:
        return None, None
    requests = [matcher.request(entry) for entry in sample]
    share = (len(work.to_fetch) + len(work.to_match)) / len(requests)
    tokens = round(share * sum(request.input_tokens for request in requests))
    return tokens, total(request.price for request in requests if request.price is not None).times(share)


def _plan_one(work: RepositoryWork, tokens: int | None, price: PriceRange | None) -> dict[str, Any]:
    return {
        "repository": work.name,
        "note": work.note,
        "found": len(work.refs),
        "alreadyStored": work.stored_before,
        "new": len(work.to_fetch),
        "tokens": tokens,
        **_price_json(price),
    }


def _price_json(price: PriceRange | None) -> dict[str, float | None]:
    amounts = {"lowUsd": "low_usd", "expectedUsd": "expected_usd", "highUsd": "high_usd"}
    return {key: None if price is None else round(getattr(price, name), 4) for key, name in amounts.items()}


async def _sample(
    context: Context,
    source: PullRequestSource,
    work: RepositoryWork,
    evidence_of: Callable[[PullRequest], NewEvidence],
) -> AsyncIterator[NewEvidence]:
    async for hydrated in source.hydrate(work.to_fetch[:SAMPLE_SIZE]):
        if hydrated.pull_request is not None:
            yield evidence_of(hydrated.pull_request)
    for stored in work.to_match[:SAMPLE_SIZE]:
        yield evidence_of(await context.evidence.pull_request(stored.evidence_id))
