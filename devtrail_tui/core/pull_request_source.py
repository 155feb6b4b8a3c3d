"""The source of pull requests (GitHub) as jobs see it: its protocol and its values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from devtrail_tui.core.evidence import PullRequest, PullRequestRef
from devtrail_tui.core.left_out import LeftOut
from devtrail_tui.core.service import RateLimit, Service, ServiceSpec


@dataclass(frozen=True, slots=True)
class Account:
    """The owner of a token: `id` never changes, `login` can. `scopes` is empty for fine-grained tokens, which do not list any.

    `clock_ahead_s`: seconds this machine's clock is ahead of the service's; None if the service sent no time.
    """

    login: str
    id: str
    scopes: tuple[str, ...] = ()
    name: str = ""
    clock_ahead_s: float | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository under GitHub's current name; after a rename `name` differs from the requested one."""

    asked: str
    name: str
    node_id: str
    private: bool


@dataclass(frozen=True, slots=True)
class DiscoveredPullRequests:
    """The discovered pull requests, each once, newest merge first, and what the service refused to list."""

    refs: Sequence[PullRequestRef]
    left_out: Sequence[LeftOut] = ()


@dataclass(frozen=True, slots=True)
class MergedCounts:
    """Pull requests of a repository in some days: all merged ones, those that the person wrote and that were closed without a
    merge, and merged ones assigned to the person."""

    merged: int
    closed: int
    assigned: int


@dataclass(frozen=True, slots=True)
class RepositoryActivity:
    """What a person did in one repository: pull requests opened, reviews given, merged pull requests commented on."""

    repository: str
    pull_requests: int = 0
    reviews: int = 0
    comments: int = 0

    @property
    def total(self) -> int:
        return self.pull_requests + self.reviews + self.comments


@dataclass(frozen=True, slots=True)
class Participation:
    """The repositories in which a person took part, most active first, and what the service does not show."""

    repositories: Sequence[RepositoryActivity]
    left_out: Sequence[LeftOut] = ()


@dataclass(frozen=True, slots=True)
class FetchedPullRequest:
    """One pull request, or a sentence that says why it could not be fetched. `left_out`: fields that the service refused."""

    ref: PullRequestRef
    pull_request: PullRequest | None
    problem: str = ""
    left_out: Sequence[LeftOut] = ()


class PullRequestSource(Service, Protocol):
    """A source of pull requests (GitHub). Calls wait for rate limits, show that they wait, and are cancellable.

    Raises AuthenticationError, PermanentError, TemporaryError.
    """

    @property
    def host(self) -> str:
        """The web host that evidence is stored under: github.com, or the Enterprise host."""
        ...

    async def account(self) -> Account:
        """The account that owns the token."""
        ...

    async def repository(self, name: str) -> Repository:
        """Look up one repository, following renames. Raises RepositoryNotFound."""
        ...

    async def discover(
        self, repository: Repository, login: str, start: datetime, end: datetime
    ) -> DiscoveredPullRequests:
        """All pull requests merged in [`start`, `end`) that `login` wrote, commented on or reviewed. Raises PermanentError if the
        service refuses all of them."""
        ...

    async def participation(self, login: str, start: datetime, end: datetime) -> Participation:
        """The repositories in which `login`, the token's owner, took part in [`start`, `end`)."""
        ...

    async def merged_counts(self, repository: Repository, login: str, start: datetime, end: datetime) -> MergedCounts:
        """Counts that explain why `discover` returned nothing."""
        ...

    async def paths(self, repository: Repository) -> Sequence[str]:
        """The paths of all files of the repository's default branch. Raises PermanentError if the token may not see them."""
        ...

    def hydrate(self, refs: Sequence[PullRequestRef]) -> AsyncIterator[FetchedPullRequest]:
        """Fetch each pull request completely (files, comments, reviews), in batches; every ref yields once, in any order."""
        ...

    async def limits(self) -> Sequence[RateLimit]:
        """GitHub's current rate limits; the request itself costs nothing. Empty if the server has no limits."""
        ...

    async def server_version(self) -> str:
        """The version of a server that a company runs itself; "" for GitHub's own."""
        ...


GITHUB = ServiceSpec[PullRequestSource](
    "GitHub",
    secret="github",  # noqa: S106 - the secret's name
    maker="devtrail_tui.clients.github.client:connect",
)
