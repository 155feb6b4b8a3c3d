"""The layouts of a sync's repositories: read once, then kept with the cursor, so that a change always gets the same names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import AuthenticationError, LimitReached, PermanentError, TemporaryError
from devtrail_tui.core.job import Level
from devtrail_tui.core.pull_request_source import PullRequestSource, Repository
from devtrail_tui.core.repository_layout import RepositoryLayout


class Layouts:
    """By repository. Those of earlier jobs are used again; a new one costs one request."""

    def __init__(self, context: Context, source: PullRequestSource) -> None:
        self._context = context
        self._source = source
        self._by_name: dict[str, RepositoryLayout] = {}
        self._unsaved: dict[str, Any] = {}

    async def learn(self, repository: Repository, *, fetch: bool) -> None:
        """Find the layout of a repository; without `fetch` only if it is stored. Without one, its components get usual names."""
        key = f"layout {self._source.host} {repository.node_id}"
        saved = self._context.cursor.get(key)
        if saved is None:
            saved = await self._context.evidence.latest_cursor(key)
            if saved is None and fetch:
                saved = await self._read(repository)
            if saved is not None:
                self._unsaved[key] = saved
        if saved is not None:
            self._by_name[repository.name.lower()] = RepositoryLayout.from_json(saved)

    def of(self, repository: str) -> RepositoryLayout | None:
        """The layout of a repository by its name."""
        return self._by_name.get(repository.lower())

    def unsaved(self) -> Mapping[str, Any]:
        """What to save with the next evidence, by cursor key; each once."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    async def _read(self, repository: Repository) -> Any:
        layout = await layout_of(self._source, repository, self._context.log)
        return layout.to_json() if layout else None


async def layout_of(
    source: PullRequestSource, repository: Repository, log: Callable[[str, Level], None] = lambda _line, _level: None
) -> RepositoryLayout | None:
    """The layout of a repository as it is now; None if the token may not see its files, which is logged."""
    try:
        return await asyncio.to_thread(RepositoryLayout.of, await source.paths(repository))  # seconds for 100,000 files
    except (AuthenticationError, LimitReached):
        raise
    except (PermanentError, TemporaryError) as error:
        hint = (
            ""
            if isinstance(error, TemporaryError)
            else " A fine-grained token needs the permission Contents (read) for it."
        )
        log(
            f"{repository.name}: its list of files could not be read ({error}); components get simpler names.{hint}",
            Level.WARNING,
        )
        return None
