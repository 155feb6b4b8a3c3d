"""Resolves `owner/*` in a sync's repositories, once per job, so that all of its attempts read the same ones."""

from __future__ import annotations

from collections.abc import Sequence

from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import PermanentError
from devtrail_tui.core.job import Level
from devtrail_tui.core.pull_request_source import Participation, PullRequestSource
from devtrail_tui.core.repository_names import ALL
from devtrail_tui.core.wording import count_of
from devtrail_tui.jobs.github_sync.discovery import SyncScope


def expanded(names: Sequence[str], participation: Participation) -> list[str]:
    """The names with each `owner/*` replaced by the owner's repositories of `participation`, each repository once."""
    chosen: dict[str, str] = {}
    for name in names:
        theirs = [each.repository for each in participation.repositories if belongs(each.repository, name)]
        chosen |= {each.lower(): each for each in (theirs if name.endswith(ALL) else [name])}
    return list(chosen.values())


def belongs(repository: str, pattern: str) -> bool:
    """Whether a repository is one of an `owner/*`."""
    return repository.lower().startswith(pattern.removesuffix(ALL).lower())


async def resolved(
    names: Sequence[str], context: Context, source: PullRequestSource, scope: SyncScope
) -> Sequence[str]:
    """The repositories to read: an `owner/*` stands for those of the owner in which the person took part in these days.

    Raises PermanentError if none is left.
    """
    if saved := context.cursor.get("", {}).get("repositories"):
        return [str(name) for name in saved]
    if not any(name.endswith(ALL) for name in names):
        return names
    start, end = scope.span
    participation = await source.participation(scope.login, start, end)
    for item in participation.left_out:
        context.log(f"Not shown by GitHub: {item.what} ({item.reason.rstrip('.')}).", Level.WARNING)
    chosen = expanded(names, participation)
    for pattern in (name for name in names if name.endswith(ALL)):
        theirs = [name for name in chosen if belongs(name, pattern)]
        listed = f": {', '.join(theirs)}" if theirs else ""
        context.log(f"{pattern} has {count_of(len(theirs), 'repository', 'repositories')} you took part in{listed}.")
    if not chosen:
        raise PermanentError(
            f"{scope.login} took part in no repository of {', '.join(names)} in these days. Check the days, and what the token "
            "may see with: devtrail-tui repositories"
        )
    return chosen
