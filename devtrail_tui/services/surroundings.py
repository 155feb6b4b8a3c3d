"""What the world around the program is asked for: by the checks of a job's settings, and by doctor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.exclusions import Exclusions


@dataclass(frozen=True, slots=True)
class LocalSurroundings:
    """What config checks ask: the person's own day, and the price list."""

    clock: Clock
    github_host: str
    claude_host: str
    exclusions: Exclusions

    @property
    def today(self) -> date:
        return self.clock.now().astimezone().date()

    def excluded(self, repository: str) -> bool:
        return self.exclusions.repository(repository)

    def price_known(self, model: str) -> bool:
        from devtrail_tui.clients.claude.prices import price_known

        return price_known(model)


def sqlite_version() -> str:
    """Of the SQLite that this Python brings."""
    from devtrail_tui.store.sqlite.sqlite_file import LIBRARY_VERSION

    return LIBRARY_VERSION


def sqlite_has_wal_reset_bug() -> bool:
    """Whether that SQLite is one of those with the bug (store.sqlite_file)."""
    from devtrail_tui.store.sqlite.sqlite_file import has_wal_reset_bug

    return has_wal_reset_bug()
