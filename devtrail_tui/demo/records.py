"""The data of the demo's GitHub as plain values: people, repositories and pull requests.

A pull request has at once what a search needs (repository, author, participants, merge time); its texts, files and conversation
are generated on first use, so that tens of thousands of them are created quickly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

ActorKind = Literal["User", "Bot", "Mannequin", "Organization"]
ChangeType = Literal["ADDED", "CHANGED", "COPIED", "DELETED", "MODIFIED", "RENAMED"]
ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"]


WEB_ROOT = "https://github.example"
"""The origin of the demo's web links: a reserved domain that never resolves."""


def timestamp(moment: datetime) -> str:
    """A time in GitHub's format: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Person:
    """An account; `kind` is its GraphQL type."""

    login: str
    name: str
    number: int
    kind: ActorKind = "User"

    @property
    def node_id(self) -> str:
        prefix = {"User": "U", "Bot": "BOT", "Mannequin": "MAN", "Organization": "O"}[self.kind]
        return f"{prefix}_kgDO{self.number:06x}"


@dataclass(frozen=True, slots=True)
class RepositoryRecord:
    """One repository; `former_names` are the `owner/name`s that now redirect to it."""

    owner: Person
    name: str
    number: int
    is_private: bool = False
    former_names: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def node_id(self) -> str:
        return f"R_kgDO{self.number:06x}"


@dataclass(frozen=True, slots=True)
class FileRecord:
    path: str
    additions: int
    deletions: int
    change_type: ChangeType = "MODIFIED"


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """A comment in the pull request's main conversation."""

    node_id: str
    author: Person | None
    body: str
    created_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class ReviewCommentRecord:
    """A comment on a line of the change; it always belongs to a review."""

    node_id: str
    author: Person | None
    body: str
    path: str
    created_at: datetime
    url: str
    reply_to: ReviewCommentRecord | None = None


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    node_id: str
    author: Person | None
    state: ReviewState
    body: str
    submitted_at: datetime
    url: str
    comments: tuple[ReviewCommentRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """The parts of a pull request that only its own page shows."""

    title: str
    body: str
    head_ref: str
    labels: tuple[str, ...]
    files: tuple[FileRecord, ...]
    comments: tuple[CommentRecord, ...]
    reviews: tuple[ReviewRecord, ...]


@dataclass(eq=False)
class PullRequestRecord:
    """One pull request; compared by identity. A draft has no number and no id yet.

    `commenters` are the logins that wrote in the conversation or on a line, `reviewers` those that submitted a review: a
    search must tell them apart without making the texts.
    """

    repository: RepositoryRecord
    author: Person | None
    created_at: datetime
    merged_at: datetime | None
    closed_at: datetime | None
    commenters: frozenset[str]
    reviewers: frozenset[str]
    make_detail: Callable[[PullRequestRecord], Detail] = field(repr=False)
    number: int = 0
    node_id: str = ""
    changed_at: datetime | None = None

    @cached_property
    def detail(self) -> Detail:
        return self.make_detail(self)

    @cached_property
    def additions(self) -> int:
        return sum(file.additions for file in self.detail.files)

    @cached_property
    def deletions(self) -> int:
        return sum(file.deletions for file in self.detail.files)

    @property
    def updated_at(self) -> datetime:
        return self.changed_at or self.merged_at or self.closed_at or self.created_at

    @property
    def url(self) -> str:
        """The web address."""
        return f"{WEB_ROOT}/{self.repository.full_name}/pull/{self.number}"

    def part_url(self, fragment: str, node_id: str) -> str:
        """The address of a part; its number is stable and distinct for different ids up to 31 bits."""
        number = 0
        for character in node_id:
            number = (number * 131 + ord(character)) % 2_147_483_647
        return f"{self.url}#{fragment}{number}"

    @property
    def author_login(self) -> str | None:
        return self.author.login if self.author is not None else None

    def involves(self, login: str) -> bool:
        """Whether the login wrote it, commented on it or reviewed it."""
        return login == self.author_login or login in self.commenters or login in self.reviewers
