"""The settings of a sync: declaration, validation, texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from devtrail_tui.core.job_type import Surroundings
from devtrail_tui.core.setting import Kind, setting
from devtrail_tui.jobs.matching.forecast import over_budget

DEFAULT_RANGE_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSyncConfig:
    """Repositories, days and budget of a sync."""

    repositories: tuple[str, ...] = setting(
        "Repositories",
        Kind.REPOSITORIES,
        default=(),
        required=True,
        help="owner/name, separated by spaces",
    )
    start_date: date | None = setting("From", Kind.DAY, flag="since", help="first merge day; default: a year ago")
    end_date: date | None = setting("To", Kind.DAY, flag="until", help="last merge day, inclusive; default: today")
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
        help="without it evidence is stored and can be matched later",
    )
    user_context: str = setting(
        "About you",
        Kind.LONG_TEXT,
        default="",
        flag="context",
        maximum=4_000,
        help="role, level, goals: context for Claude",
    )
    analyse: bool = setting("Match with Claude", Kind.FLAG, default=True, help="off: only collect the evidence")
    model: str = setting("Model", Kind.TEXT, default_from="model", maximum=100, help="Claude's model")
    budget_usd: float = setting(
        "Budget (USD)",
        Kind.DOLLARS,
        default_from="budget_usd",
        flag="budget",
        minimum=0,
        maximum=10_000,
        help="the job never spends more",
    )
    rejudge: bool = setting(
        "Judge again",
        Kind.FLAG,
        default=False,
        help="pay again for entries judged by another rubric, model, context or prompt version",
    )
    dry_run: bool = setting("Dry run", Kind.FLAG, default=False, help="only show what would be fetched and its price")
    max_pull_requests: int | None = setting(
        "At most",
        Kind.INTEGER,
        flag="max-pull-requests",
        minimum=1,
        maximum=100_000,
        advanced=True,
        help="pull requests per repository, newest first; default: all",
    )


def check(config: GithubSyncConfig, surroundings: Surroundings) -> Mapping[str, str]:
    """Problems that need more than one field or the environment: reversed days, a future start, a model without a price."""
    problems: dict[str, str] = {}
    excluded = [name for name in config.repositories if surroundings.excluded(name)]
    if excluded:
        problems["repositories"] = (
            f"{', '.join(excluded)}: excluded by exclude_repositories in config.toml; omit it, or change the setting."
        )
    start, end, today = config.start_date, config.end_date, surroundings.today
    if start is not None and start > today:
        problems["startDate"] = f"{start} is in the future; choose a day up to {today}."
    elif start is not None and end is not None and start > end:
        problems["startDate"] = f"{start} is after the last day, {end}."
    elif start is None and end is not None and end < today - timedelta(days=DEFAULT_RANGE_DAYS):
        problems["startDate"] = f"The last day, {end}, is over a year ago; enter a first day."
    if config.analyse and surroundings.usual_price(config.model) is None:
        problems["model"] = (
            f"The price of {config.model or 'this model'} is not known, so the budget cannot be enforced. "
            "Choose another, such as claude-sonnet-5-5, or give its price in config.toml ([prices])."
        )
    return problems


def unique_key(config: GithubSyncConfig, surroundings: Surroundings) -> str:
    """Equal for two syncs that do the same work; budget and context are not part of it."""
    today = surroundings.today
    start = config.start_date or today - timedelta(days=DEFAULT_RANGE_DAYS)
    same = [
        surroundings.github_host,
        sorted(name.lower() for name in config.repositories),
        [start.isoformat(), (config.end_date or today).isoformat()],
        [config.dry_run, config.analyse, config.rejudge],
        config.model if config.analyse else "",
        config.max_pull_requests,
        [config.github_token, config.anthropic_api_key],
    ]
    return "GITHUB_SYNC " + hashlib.sha256(json.dumps(same).encode()).hexdigest()


def describe(config: GithubSyncConfig) -> str:
    """`acme/shop +2 · 2025-11-23 to today`."""
    first, *more_names = config.repositories
    repository_words = f"{first} +{len(more_names)}" if more_names else first
    if config.start_date is None and config.end_date is None:
        days = "the last 12 months"
    else:
        days = f"{config.start_date or 'a year ago'} to {config.end_date or 'today'}"
    return f"{repository_words} · {days}{' · dry run' if config.dry_run else ''}"


def discloses(config: GithubSyncConfig, surroundings: Surroundings) -> str:
    """A sentence that says which data the job sends to which hosts."""
    github_sentence = f"{surroundings.github_host} is queried for your merged pull requests"
    if not config.analyse or config.dry_run:
        return f"{github_sentence}; nothing is sent to Claude."
    return (
        f"{github_sentence}; titles, descriptions, comments, reviews and file names (no code) go to {config.model} at "
        f"{surroundings.claude_host}, for at most ${config.budget_usd:.2f}{_pays_for(config, surroundings)}."
    )


def _pays_for(config: GithubSyncConfig, surroundings: Surroundings) -> str:
    """A clause: how far the budget goes; or, with a number of pull requests, what they may cost."""
    price = surroundings.usual_price(config.model)
    if price is None or not config.budget_usd:
        return ""
    if config.max_pull_requests is not None:
        whole = price.times(config.max_pull_requests * len(config.repositories))
        return f"; up to {config.max_pull_requests} of each repository cost {whole.words()}" + over_budget(
            whole, config.budget_usd
        )
    fewest, most = (int(config.budget_usd / usd) for usd in (price.high_usd, price.low_usd))
    return f", which pays for {fewest:,} to {most:,} pull requests"
