"""Evidence: a pull request as fetched, the entry it becomes, and what was found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

GHOST = "ghost"
"""The name GitHub shows for a deleted account, whose `author` is null."""


OUTDATED = "judged before the latest change"
"""How people are told of an entry that was judged before its pull request changed."""


class Role(StrEnum):
    """How a person took part in a pull request."""

    AUTHOR = "author"
    COMMENTER = "commenter"
    REVIEWER = "reviewer"


class EvidenceType(StrEnum):
    """Where an entry comes from."""

    PULL_REQUEST = "PR"
    SLACK = "SLACK"
    MANUAL = "MANUAL"


class AnalysisState(StrEnum):
    """Whether an entry was matched against the criteria."""

    NOT_ANALYSED = "not_analysed"
    ANALYSED = "analysed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PullRequestRef:
    """What discovery knows of a pull request. `repository` is owner/name as GitHub spells it now; times are aware UTC."""

    node_id: str
    number: int
    repository: str
    updated_at: datetime
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A path as it is after the change, with the lines added and deleted in it."""

    path: str
    additions: int
    deletions: int
    change: str = "MODIFIED"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in the conversation, or (`path` set) on a line of the change. `author` is a login, `author_kind` GitHub's type
    of account: User, Bot, Mannequin, Organization."""

    author: str
    body: str
    created_at: datetime
    path: str = ""
    url: str = ""
    author_kind: str = "User"


@dataclass(frozen=True, slots=True)
class Review:
    """A submitted review; `state` is GitHub's: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED. `author_kind` as in Comment."""

    author: str
    state: str
    body: str
    submitted_at: datetime | None
    url: str = ""
    author_kind: str = "User"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A merged pull request with everything the product reads of it. `host` is the web host, such as github.com."""

    host: str
    node_id: str
    number: int
    url: str
    repository: str
    title: str
    body: str
    author: str
    author_kind: str
    branch: str
    created_at: datetime
    merged_at: datetime
    updated_at: datetime
    additions: int
    deletions: int
    changed_files: int
    files: tuple[ChangedFile, ...] = ()
    comments: tuple[Comment, ...] = ()
    reviews: tuple[Review, ...] = ()
    review_comments: tuple[Comment, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The model's view: this evidence speaks for that criterion. `confidence` is 0.0-1.0; each quote is verbatim."""

    criterion_id: str
    confidence: float
    explanation: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing the person is judged by. `pr_detectable`: can be seen in a pull request, so it goes to Claude."""

    id: str
    area_of_concentration: str
    subarea: str
    description: str
    pr_detectable: bool = True


@dataclass(frozen=True, slots=True)
class Analysis:
    """A paid answer. `key` is the SHA-256 of the whole request as sent; `answer` the raw text; `usage` token counts by name."""

    key: str
    model: str
    answer: str
    stop_reason: str
    usage: Mapping[str, int]
    cost_usd: float | None
    request_id: str
    created_at: datetime
    job_id: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """What a job saves of one pull request and one person; saved again it updates the same entry.

    The person is the account: `account_id` is the service's id for it, `login` its present name. Without an id the login stands
    for the person, in any letter case. What the model thinks of the entry is saved apart (`NewJudgement`).
    """

    login: str
    pull_request: PullRequest
    roles: tuple[Role, ...]
    components: tuple[str, ...]
    figures: Mapping[str, float | None]
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewJudgement:
    """What came of judging an entry as it stood at `pr_updated_at`.

    `judged_by` is the key of model, instructions, rubric and context (`Analyser.judged_by`). `matches` replace the model's
    earlier view, `analysis_key` names the paid answer they come from. `matches` is None where there is no usable answer: an
    earlier view then stays, and `note` says why there is no newer one.
    """

    evidence_id: int
    pr_updated_at: datetime
    state: AnalysisState
    judged_by: str
    note: str = ""
    analysis_key: str | None = None
    matches: tuple[Match, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ownership:
    """Pull requests (`node_ids` of `host`) in which an account was seen to take part."""

    host: str
    account_id: str
    login: str
    node_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceEntry:
    """A row of `evidence_entries` as a list shows it; `matches` strongest first, `figures` by name. `outdated`: it was judged
    before the latest change of its pull request."""

    id: int
    type: EvidenceType
    title: str
    description: str
    login: str
    pr_number: int | None
    pr_url: str | None
    repository: str | None
    merged_at: datetime | None
    figures: Mapping[str, float | None]
    components: tuple[str, ...]
    roles: tuple[Role, ...]
    analysis_state: AnalysisState
    analysis_note: str
    outdated: bool = False
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceDetail:
    """One entry with everything a person may want to see; `content` is the pull request as `pull_request_json` writes it."""

    entry: EvidenceEntry
    content: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    analysed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownPullRequest:
    """What the store holds of a pull request for one person. It is fetched again where `updated_at` has moved on.

    `judged_updated_at` is the `updated_at` that was judged and `judged_by` what by; both are None where that is not recorded.
    """

    node_id: str
    updated_at: datetime
    analysis_state: AnalysisState
    evidence_id: int
    judged_updated_at: datetime | None = None
    judged_by: str | None = None

    @property
    def judged(self) -> bool:
        """Whether the model's view of it, old or new, is stored, or a failure to get one."""
        return self.analysis_state is not AnalysisState.NOT_ANALYSED

    @property
    def current(self) -> bool:
        """Whether it was judged as it stands now."""
        return self.judged and self.judged_updated_at == self.updated_at
